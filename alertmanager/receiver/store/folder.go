package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// networkKinds are file systems on which SQLite's locks and shared memory do
// not hold, by the magic number of statfs(2).
var networkKinds = map[int64]string{
	0x6969:     "NFS",
	0x517b:     "SMB",
	0xff534d42: "CIFS",
	0xfe534d42: "SMB2",
	0x5346414f: "AFS",
	0x00c36400: "Ceph",
	0x0bd00bd0: "Lustre",
	0x47504653: "GPFS",
	0x01021997: "9P",
}

func refuseNetwork(folder string) error {
	kind, err := kindOf(folder)
	if err != nil {
		return fmt.Errorf("looking at the file system of %q: %w", folder, err)
	}
	return refuseKind(folder, kind)
}

func refuseKind(folder string, kind int64) error {
	if name, network := networkKinds[kind&0xffffffff]; network {
		return fmt.Errorf("%q is on a network file system (%s), on which SQLite loses data: choose a local folder with --storage.path", folder, name)
	}
	return nil
}

// lockFolder keeps a second receiver out for as long as the file is open. The
// system gives the lock back when the process ends, however it ends.
func lockFolder(folder string) (*os.File, error) {
	path := filepath.Join(folder, "receiver.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the storage folder: %w", mend(err))
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another receiver uses %q: stop it, or choose another folder with --storage.path", folder)
		}
		return nil, fmt.Errorf("locking %q: %w", path, err)
	}
	return file, nil
}

package store

import "syscall"

// kindOf is the magic number of the file system that a folder is on.
func kindOf(folder string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Type), nil
}

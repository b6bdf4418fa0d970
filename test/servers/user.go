package servers

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// credential is what makes a process run as a user; nil where we are nobody
// who may say so, or no user is named.
func credential(t testing.TB, name string) *syscall.Credential {
	t.Helper()
	if name == "" || os.Getuid() != 0 {
		return nil
	}
	uid, gid := ids(t, name)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func ids(t testing.TB, name string) (uid, gid int) {
	t.Helper()
	u, err := user.Lookup(name)
	require.NoError(t, err)
	uid, err = strconv.Atoi(u.Uid)
	require.NoError(t, err)
	gid, err = strconv.Atoi(u.Gid)
	require.NoError(t, err)
	return uid, gid
}

// Folder is a temporary folder that belongs to the user, reachable by it, and
// gone after the test. An empty name means ourselves.
func Folder(t testing.TB, name string) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "tocsin-server-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if name != "" && os.Getuid() == 0 {
		uid, gid := ids(t, name)
		require.NoError(t, os.Chown(folder, uid, gid))
	}
	return folder
}

// Write puts a file of the user's into a folder and returns its path.
func Write(t testing.TB, folder, file, text, owner string) string {
	t.Helper()
	path := filepath.Join(folder, file)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	if owner != "" && os.Getuid() == 0 {
		uid, gid := ids(t, owner)
		require.NoError(t, os.Chown(path, uid, gid))
	}
	return path
}

// NeedRoot skips a test of a server that only root can run, everywhere.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can run this server")
	}
}

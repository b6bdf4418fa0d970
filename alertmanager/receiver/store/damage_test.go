package store_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// whole is a database with something in it, as a file.
func whole(t *testing.T) []byte {
	t.Helper()
	folder := t.TempDir()
	s := open(t, folder)
	fill(t, s)
	require.NoError(t, s.Close())
	text, err := os.ReadFile(filepath.Join(folder, "receiver.db"))
	require.NoError(t, err)
	return text
}

// at gives a database other bytes from a place on.
func at(database []byte, place int) []byte {
	changed := bytes.Clone(database)
	for n := range 16 {
		changed[place+n] ^= 0x55
	}
	return changed
}

// schema gives a database another number of its schema.
func schema(database []byte, number uint32) []byte {
	changed := bytes.Clone(database)
	binary.BigEndian.PutUint32(changed[60:], number) // https://www.sqlite.org/fileformat.html
	return changed
}

// A damaged file is refused with what is to be done, and stays as it is.
func TestADamagedDatabaseIsRefused(t *testing.T) {
	good := whole(t)
	const page = 4096
	cases := map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "the file has 0 bytes, and no database has less than 512: "},
		"one byte":        {good[:1], "the file has 1 bytes"},
		"one page":        {good[:page], "checking the file: database disk image is malformed (11): "},
		"half":            {good[:len(good)/2], "checking the file: database disk image is malformed (11): "},
		"a text":          {bytes.Repeat([]byte("this is not a database, not by far\n"), 50), "checking the file: file is not a database (26): "},
		"the name":        {at(good, 0), "checking the file: file is not a database (26): "},
		"the schema":      {schema(good, 0xf5000000), "the file is a database of another program (schema -184549376, "},
		"the first table": {at(good, 100), "checking the file: "},
	}
	for n := 1; n < len(good)/page; n += 7 {
		cases[fmt.Sprint("page ", n)] = struct {
			file []byte
			want string
		}{at(good, n*page), ": "}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "receiver.db")
			require.NoError(t, os.WriteFile(path, c.file, 0o600))
			_, err := store.Open(t.Context(), folder)
			require.ErrorContains(t, err, fmt.Sprintf("opening %q: ", path))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "nothing was changed; restore a backup with `tocsin_receiver restore FILE`, or begin anew by moving the file away")
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(c.file, after), "it is as it was")
		})
	}
}

// A database of another program is not made one of the receiver.
func TestADatabaseOfAnotherProgramIsRefused(t *testing.T) {
	for _, version := range []int{0, 3, 13} {
		folder := t.TempDir()
		db, err := sql.Open("sqlite", filepath.Join(folder, "receiver.db"))
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), fmt.Sprintf("CREATE TABLE theirs (id INTEGER); PRAGMA user_version = %d", version))
		require.NoError(t, err)
		_, err = store.Open(t.Context(), folder)
		require.ErrorContains(t, err, fmt.Sprintf("the file is a database of another program (schema %d, 1 tables), or damaged: nothing was changed", version))
		var tables int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_master").Scan(&tables))
		require.Equal(t, 1, tables)
		require.NoError(t, db.Close())
	}
}

// The log without its file may hold what was answered for.
func TestALogWithoutItsDatabaseIsRefused(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "receiver.db-wal"), []byte("what was committed"), 0o600))
	_, err := store.Open(t.Context(), folder)
	require.ErrorContains(t, err, "put the file back that belongs to it")
	require.FileExists(t, filepath.Join(folder, "receiver.db-wal"))
	require.NoFileExists(t, filepath.Join(folder, "receiver.db"))
}

// A life that ended while the database was made left nothing that counts.
func TestADatabaseThatWasBegun(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"receiver.db.new", "receiver.db.new-wal"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("half of it"), 0o600))
	}
	require.NoError(t, open(t, folder).Update(t.Context(), fire("shop")))
	require.NoFileExists(t, filepath.Join(folder, "receiver.db.new"))
	require.NoFileExists(t, filepath.Join(folder, "receiver.db.new-wal"))
}

// onDisk runs this test again where a file system is mounted on a folder, with
// options, and gives the folder there; "" when this is not that run.
func onDisk(t *testing.T, options string) string {
	t.Helper()
	const mark = "TOCSIN_TEST_DISK"
	if folder := os.Getenv(mark); folder != "" {
		return folder
	}
	folder, unshare := t.TempDir(), servers.Need(t, "unshare", "util-linux")
	cmd := exec.CommandContext(t.Context(), unshare, "--mount", "--user", "--map-root-user", "sh", "-c", `mount -t tmpfs -o "$1" tmpfs "$2" && exec "$0" "-test.run=^$3$"`, os.Args[0], options, folder, t.Name())
	cmd.Env = append(os.Environ(), mark+"="+folder)
	output, err := cmd.CombinedOutput()
	if bytes.Contains(output, []byte("unshare:")) || bytes.Contains(output, []byte("mount:")) {
		servers.Missing(t, "this user mounts nothing: "+string(output))
	}
	require.NoError(t, err, "%s", output)
	require.NotContains(t, string(output), "no tests to run")
	return ""
}

// On a disk that is full nothing is answered for that is not there, what is
// there stays, and it goes on when there is space.
func TestRealFullDisk(t *testing.T) {
	folder := onDisk(t, "size=1500k")
	if folder == "" {
		return
	}
	data := filepath.Join(folder, "data")
	s, err := store.Open(t.Context(), data)
	require.NoError(t, err)
	stored := 0
	for ; err == nil; stored++ {
		err = s.Update(t.Context(), func(tx *store.Tx) error {
			return tx.AddNotification(store.Notification{ReceivedAt: start, Source: "am", Body: bytes.Repeat([]byte("x"), 20<<10)})
		})
	}
	require.ErrorContains(t, err, "full")
	require.Greater(t, stored, 5)
	beside, err := store.Look(t.Context(), data)
	require.NoError(t, err)
	require.ErrorContains(t, beside.Backup(t.Context(), filepath.Join(folder, "copy.db")), "make space there")
	require.NoError(t, beside.Unlook())
	require.NoFileExists(t, filepath.Join(folder, "copy.db"))
	_, err = store.Open(t.Context(), filepath.Join(folder, "other"))
	require.ErrorContains(t, err, "make space")
	_ = s.Close()
	s = open(t, data)
	text := export(t, s)
	require.Equal(t, stored-1, bytes.Count([]byte(text), []byte(`{"table":"notifications"`)))
}

func TestRealReadOnlyDisk(t *testing.T) {
	folder := onDisk(t, "ro")
	if folder == "" {
		return
	}
	_, err := store.Open(t.Context(), folder)
	require.ErrorContains(t, err, "read-only file system: the receiver writes there; let its user do so, or choose another folder with --storage.path")
	_, err = store.Open(t.Context(), filepath.Join(folder, "deeper"))
	require.ErrorContains(t, err, "making the storage folder: ")
	require.ErrorContains(t, err, "choose another folder with --storage.path")
}

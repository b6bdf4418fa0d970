package render_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
)

func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "alertmanager.yml")
	before, err := render.Write(file, []byte("one\n"))
	require.NoError(t, err)
	require.Nil(t, before)
	before, err = render.Write(file, []byte("two\n"))
	require.NoError(t, err)
	require.Equal(t, "one\n", string(before))

	was, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), was.Mode().Perm(), "Alertmanager runs as somebody else")
	_, err = render.Write(file, []byte("two\n"))
	require.NoError(t, err)
	is, err := os.Stat(file)
	require.NoError(t, err)
	require.True(t, os.SameFile(was, is), "what says the same is left alone")

	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left behind")
}

func TestWriteLeavesTheOldFileWhenItCannot(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "taken"), nil, 0o600))
	_, err := render.Write(filepath.Join(dir, "taken", "alertmanager.yml"), []byte("x"))
	require.Error(t, err)
}

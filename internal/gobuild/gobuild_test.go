package gobuild_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
)

func TestRunBuildsStampsAndShows(t *testing.T) {
	module := writeModule(t, "package main\nvar Version string\nfunc main() { println(Version) }\n")
	var shown strings.Builder
	out := filepath.Join(t.TempDir(), "bin")

	err := gobuild.Run(t.Context(), gobuild.Options{
		Title: "the example", Module: module, Packages: []string{"."}, Output: out,
		Stamps: map[string]string{"main.Version": "1.2.3"}, Progress: gobuild.NewProgress(&shown, false),
	})

	require.NoError(t, err)
	built, err := os.ReadFile(filepath.Join(out, "example"))
	require.NoError(t, err)
	require.Contains(t, string(built), "1.2.3")
	require.Contains(t, shown.String(), "building the example: ")
	require.Contains(t, shown.String(), "built the example in ")
}

func TestRunShowsWhyABuildFails(t *testing.T) {
	module := writeModule(t, "package main\nfunc main() { undefined() }\n")
	var shown strings.Builder

	err := gobuild.Run(t.Context(), gobuild.Options{
		Title: "the example", Module: module, Packages: []string{"."}, Output: t.TempDir(),
		Progress: gobuild.NewProgress(&shown, true),
	})

	require.ErrorContains(t, err, "building the example")
	require.ErrorContains(t, err, "main.go:2:15: undefined: undefined")
	require.Contains(t, shown.String(), "stopped building the example")
}

func TestALineIsNoLongerThanTheTerminalIsWide(t *testing.T) {
	module := writeModule(t, "package main\nfunc main() {}\n")
	var shown strings.Builder
	require.NoError(t, gobuild.Run(t.Context(), gobuild.Options{
		Title: "the example", Module: module, Packages: []string{"."}, Output: t.TempDir(), Progress: gobuild.NewProgress(&shown, true),
	}))
	require.Regexp(t, `\r\x1b\[K\x1b\[\?7l  building the example: [^\n]*\x1b\[\?7h`, shown.String(), "the terminal cuts it off")
	require.Equal(t, strings.Count(shown.String(), "\x1b[?7l"), strings.Count(shown.String(), "\x1b[?7h"), "and wraps again")
}

func writeModule(t *testing.T, program string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	return dir
}

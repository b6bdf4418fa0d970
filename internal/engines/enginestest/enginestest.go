// Package enginestest gives tests the pinned engines.
//
// Tests of rules, rendering, metrics and the whole line call [Path]; the
// programs were built before by `make engines`, so no test compiles for ten
// minutes.
//
// A missing engine fails a test, it does not skip it: a skipped check of the
// rules looks like a passed one.
package enginestest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
)

// Path is the absolute path of an engine: prometheus, promtool, alertmanager
// or amtool. The folder is that of the environment variable TOCSIN_ENGINES,
// or else .tocsin/engines in the repository.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TOCSIN_ENGINES")
	if dir == "" {
		root, err := engines.Root(".")
		if err != nil {
			t.Fatal(err)
		}
		dir = engines.Dir(root)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("looking for %s: %v: run make engines", name, err)
	}
	return path
}

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tocsin": main})
}

// TestScripts runs testdata/script/*.txtar, which read like a manual: what to
// type, what it prints, how it ends. `go test ./cmd/tocsin -update` writes the
// expected output.
func TestScripts(t *testing.T) {
	amtool := enginestest.Path(t, "amtool")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("AMTOOL", amtool)
			return nil
		},
	})
}

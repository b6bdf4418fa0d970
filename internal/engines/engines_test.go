package engines_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
)

// Prometheus 3.9.1 is the module's v0.309.1: major and minor share a number.
func TestPinsAgreeWithTheModuleFile(t *testing.T) {
	root, err := engines.Root(".")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "tools", "go.mod"))
	require.NoError(t, err)

	prometheus := regexp.MustCompile(`github.com/prometheus/prometheus v0\.(\d)0?(\d+)\.(\d+)`).FindStringSubmatch(string(text))
	require.NotNil(t, prometheus)
	require.Equal(t, engines.PrometheusVersion, strings.Join(prometheus[1:], "."))

	alertmanager := regexp.MustCompile(`github.com/prometheus/alertmanager v(\S+)`).FindStringSubmatch(string(text))
	require.NotNil(t, alertmanager)
	require.Equal(t, engines.AlertmanagerVersion, alertmanager[1])
}

func TestBuiltEnginesSayThePinnedVersion(t *testing.T) {
	for _, engine := range engines.All() {
		t.Run(engine.Name, func(t *testing.T) {
			require.Equal(t, engine.Version, engines.Version(t.Context(), enginestest.Path(t, engine.Name)))
		})
	}
}

func TestEnsureTakesAProgramOnPathOnlyInThePinnedVersion(t *testing.T) {
	root, bin := t.TempDir(), t.TempDir()
	for _, engine := range engines.All() {
		script(t, filepath.Join(bin, engine.Name), engine.Name+", version "+engine.Version+" (branch: x)")
	}
	t.Setenv("PATH", bin+":/bin:/usr/bin")

	dir, err := engines.Ensure(t.Context(), root, nil)
	require.NoError(t, err)
	for _, engine := range engines.All() {
		require.Equal(t, engine.Version, engines.Version(t.Context(), filepath.Join(dir, engine.Name)))
	}

	other := t.TempDir()
	script(t, filepath.Join(bin, "amtool"), "amtool, version 0.0.1 (branch: x)")
	script(t, filepath.Join(bin, "go"), "no module here\"; exit 1; \"")
	_, err = engines.Ensure(t.Context(), other, nil)
	require.ErrorContains(t, err, "building amtool 0.31.1")
}

func TestVersionOfSomethingElseIsEmpty(t *testing.T) {
	dir := t.TempDir()
	script(t, filepath.Join(dir, "other"), "hello")
	require.Empty(t, engines.Version(t.Context(), filepath.Join(dir, "other")))
	require.Empty(t, engines.Version(t.Context(), filepath.Join(dir, "absent")))
}

func TestRootNamesWhereItLooked(t *testing.T) {
	_, err := engines.Root(os.TempDir())
	require.ErrorContains(t, err, "run this inside a clone")
}

func script(t *testing.T, path, says string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho \""+says+"\"\n"), 0o755))
}

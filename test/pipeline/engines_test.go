package pipeline_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// TestOnTheRealEngines runs the demo estate with a pipeline: the exporter, the
// shipped rules on Prometheus, Alertmanager and the receiver.
func TestOnTheRealEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the whole line takes minutes")
	}
	t.Parallel()
	gh := githubtest.New(t)
	gh.RequireToken("ghs_secret")
	gh.PutPull(commit, 12)
	w := &world{t: t, gh: gh}
	w.finish(1, "failure", "Trivy", "build")
	run(t, gh.URL())
	c := w.comment("[Run 1]")
	require.Equal(t, 12, c.Pull)
	require.Contains(t, c.Body, "which checks `` security ``")
	require.Contains(t, c.Body, "/PipelineFailed.md>)")
	require.Contains(t, c.Body, "New versions of shop do not get out.")

	w.finish(2, "failure", "build")
	require.NotContains(t, w.comment("[Run 2]").Body, "Trivy")

	w.finish(3, "success")
	w.comment("### Fixed: pipeline `` deploy `` of `` shop `` succeeds again")
}

// run starts an estate whose shop is deployed by a workflow of api.
func run(t *testing.T, api string) {
	t.Helper()
	root, err := engines.Root(".")
	require.NoError(t, err)
	dir, programs := t.TempDir(), t.TempDir()
	require.NoError(t, gobuild.Run(t.Context(), gobuild.Options{
		Title: "the exporter and the receiver", Module: root, Output: programs,
		Packages: []string{"./cmd/tocsin_exporter", "./cmd/tocsin_receiver"},
	}))
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte("ghs_secret\n"), 0o600))
	pipelines := "    pipelines: {deploy: {interval: 10s, github: {repository: example/shop, workflow: deploy.yml, checks: {security: '(?i)trivy'}}}}\n"
	e, err := estate.Start(context.Background(), estate.Options{ // ends in Cleanup, when t's context is gone
		Root: root, Dir: dir, Engines: filepath.Dir(enginestest.Path(t, "prometheus")), Bin: programs,
		Edit: func(f *estate.Files) {
			f.Catalogue = "accounts: {github: {api: '" + api + "', token: {file: token}}}\n" + strings.Replace(f.Catalogue, "    usage: {users:", pipelines+"    usage: {users:", 1)
			f.Alertmanager = strings.NewReplacer(
				"group_interval: 10s", "group_interval: 2s",
				"repeat_interval: 5m", "repeat_interval: 4s", // a changed text comes with a repetition
			).Replace(f.Alertmanager)
		},
		Log: func(part string, err error) { t.Errorf("the %s ended by itself: %v", part, err) },
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			for _, part := range []string{estate.Receiver, estate.Exporter} {
				text, _ := os.ReadFile(e.LogFile(part))
				t.Logf("%s:\n%s", part, text[max(0, len(text)-3000):])
			}
		}
		require.NoError(t, e.Close())
	})
}

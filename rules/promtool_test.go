package rules_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
)

func promtool(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), enginestest.Path(t, "promtool"), args...).CombinedOutput()
	require.NoErrorf(t, err, "promtool %v\n%s", args, out)
}

func TestPromtoolAcceptsRulesAndConfiguration(t *testing.T) {
	promtool(t, append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, ruleFiles(t)...)...)
	promtool(t, "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml")
}

// TestStories runs what rules/tests tell, one file per alert or hard case.
func TestStories(t *testing.T) {
	stories, err := filepath.Glob("tests/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, stories)
	for _, story := range stories {
		t.Run(filepath.Base(story), func(t *testing.T) {
			t.Parallel()
			promtool(t, "test", "rules", story)
		})
	}
}

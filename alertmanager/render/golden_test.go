package render_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// rendered is every text that has a golden file, by the file's name.
func rendered(t *testing.T) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	add := func(name string) func([]byte, error) {
		return func(text []byte, err error) {
			t.Helper()
			require.NoError(t, err)
			texts[name] = text
		}
	}
	moved := options()
	moved.InstalledAt = "/etc/tocsin"
	add("minimal.yml")(render.Config(minimal(), options()))
	add("ministry.yml")(render.Config(ministry(), options()))
	add("ministry-installed-elsewhere.yml")(render.Config(ministry(), moved))
	add("ministry-to-standard-output.yml")(render.Config(ministry(), render.Options{Source: "tocsin.yml", Catalogue: "/srv/tocsin"}))
	add("odd.yml")(render.Config(odd(), options()))
	add("fragment.yml")(render.Fragment(ministry(), options()))
	add("shadow-team.yml")(render.Shadow(ministry(), "team:schools", options()))
	add("shadow-email.yml")(render.Shadow(ministry(), "ann@example.gov.uk", options()))
	add("shadow-slack.yml")(render.Shadow(ministry(), "slack:#trial=/run/secrets/slack", options()))
	return texts
}

func TestGoldenFiles(t *testing.T) {
	for name, text := range rendered(t) {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(file, text, 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(text), "go test ./alertmanager/render -update writes the golden files; then read the difference")
		})
	}
}

func TestRenderingTwiceGivesTheSameText(t *testing.T) {
	once := rendered(t)
	for range 5 {
		require.Equal(t, once, rendered(t))
	}
}

func TestAmtoolAcceptsWhatIsRendered(t *testing.T) {
	amtool := enginestest.Path(t, "amtool")
	for name, text := range rendered(t) {
		if name == "fragment.yml" {
			continue // no whole configuration
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTemplates(t, filepath.Join(dir, render.Templates))
			file := filepath.Join(dir, "alertmanager.yml")
			require.NoError(t, os.WriteFile(file, text, 0o600))
			out, err := exec.CommandContext(t.Context(), amtool, "check-config", file).CombinedOutput()
			require.NoErrorf(t, err, "%s", out)
			require.Contains(t, string(out), "1 templates") // the pattern
			require.NotContains(t, strings.ToLower(string(out)), "failed")
		})
	}
}

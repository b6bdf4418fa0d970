package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/alertmanager/config"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The committed alertmanager.yml is the golden file of the demo estate. It
// must serve wherever somebody clones it.
func TestCommittedConfiguration(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	c, err := catalog.Load(filepath.Join(root, "tocsin.yml"))
	require.NoError(t, err)
	want, err := render.Config(c, render.Options{Source: "tocsin.yml", Catalogue: root, Output: filepath.Join(root, "alertmanager")})
	require.NoError(t, err)
	have, err := os.ReadFile("../alertmanager.yml")
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "run make render")
	require.NotContains(t, string(have), root, "it names no folder of this machine")
	_, err = config.LoadFile("../alertmanager.yml")
	require.NoError(t, err)
}

// A demo that pages somebody's real channel would be a bad surprise.
func TestCommittedConfigurationStaysOnThisMachine(t *testing.T) {
	loaded, err := config.LoadFile("../alertmanager.yml")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", loaded.Global.SMTPSmarthost.Host)
	for _, to := range loaded.Receivers {
		require.Empty(t, to.SlackConfigs)
		require.Empty(t, to.MSTeamsV2Configs)
		for _, hook := range to.WebhookConfigs {
			require.True(t, strings.HasPrefix(string(hook.URL), "http://127.0.0.1:"))
		}
		for _, mail := range to.EmailConfigs {
			require.Contains(t, mail.To, "@example.org")
		}
	}
}

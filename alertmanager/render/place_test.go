package render_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/alertmanager/config"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Where Alertmanager reads a file relative to the configuration, we do; where
// it would read it relative to its working directory, the path is absolute.
func TestPlacesOfFiles(t *testing.T) {
	for _, test := range []struct {
		name                   string
		options                render.Options
		token, slack, password string
	}{
		{"beside the catalogue", options(), "../secrets/receiver", "/srv/tocsin/secrets/slack", "/srv/tocsin/secrets/smtp"},
		{
			"elsewhere",
			render.Options{Source: "tocsin.yml", Catalogue: "/srv/tocsin", Output: "/etc/alertmanager"},
			"/srv/tocsin/secrets/receiver", "/srv/tocsin/secrets/slack", "/srv/tocsin/secrets/smtp",
		},
		{
			"for another machine",
			render.Options{Source: "tocsin.yml", Catalogue: "/srv/tocsin", Output: "/srv/tocsin/alertmanager", InstalledAt: "/etc/tocsin"},
			"../secrets/receiver", "/etc/tocsin/secrets/slack", "/etc/tocsin/secrets/smtp",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := render.Config(ministry(), test.options)
			require.NoError(t, err)
			loaded, err := config.Load(string(text))
			require.NoError(t, err)
			require.Equal(t, test.token, byName(loaded, "tocsin/receiver").WebhookConfigs[0].HTTPConfig.Authorization.CredentialsFile)
			require.Equal(t, test.slack, byName(loaded, "tocsin/team/schools").SlackConfigs[0].APIURLFile)
			require.Equal(t, test.password, loaded.Global.SMTPAuthPasswordFile)
			require.Equal(t, "/elsewhere/teams-apply", byName(loaded, "tocsin/team/apply").MSTeamsV2Configs[0].WebhookURLFile)
		})
	}
}

// The claim of the comment on place, asked of Alertmanager: when it changes,
// Slack's file may become relative, too.
func TestWhatAlertmanagerResolves(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alertmanager.yml")
	text, err := render.Config(ministry(), options())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	loaded, err := config.LoadFile(file)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(filepath.Dir(file), "templates", "tocsin-*.tmpl"), loaded.Templates[0])
	require.Equal(t, filepath.Join(filepath.Dir(file), "..", "secrets", "receiver"), byName(loaded, "tocsin/receiver").WebhookConfigs[0].HTTPConfig.Authorization.CredentialsFile)

	relative := "route: {receiver: x}\nreceivers: [{name: x, slack_configs: [{api_url_file: secrets/slack}]}]\n"
	require.NoError(t, os.WriteFile(file, []byte(relative), 0o600))
	loaded, err = config.LoadFile(file)
	require.NoError(t, err)
	require.Equal(t, "secrets/slack", loaded.Receivers[0].SlackConfigs[0].APIURLFile)
}

// Alertmanager's receiver of a redirect is an empty GET, answered 200.
func TestWebhooksFollowNoRedirect(t *testing.T) {
	text, err := render.Config(ministry(), options())
	require.NoError(t, err)
	loaded, err := config.Load(string(text))
	require.NoError(t, err)
	for name, url := range map[string]string{"tocsin/receiver": "https://tocsin.example.gov.uk/api/v1/alertmanager", "tocsin/watchdog": "https://tocsin.example.gov.uk/api/v1/watchdog"} {
		hook := byName(loaded, name).WebhookConfigs[0]
		require.False(t, hook.HTTPConfig.FollowRedirects)
		require.True(t, hook.SendResolved())
		require.Equal(t, url, string(hook.URL))
		require.Zero(t, hook.MaxAlerts, "a truncated message hides what fires")
	}
}

// A bot is the receiver's: Alertmanager is silent in its channel, and goes on
// with the team's others.
func TestAChannelOfABotHasOneSender(t *testing.T) {
	c := ministry()
	c.Teams["apply"].Channels.Slack.BotTokenFile = "/srv/tocsin/secrets/slack-bot"
	c.Teams["schools"].Channels.Slack = &catalog.SlackChannel{Channel: "#schools-alerts", BotTokenFile: "/srv/tocsin/secrets/slack-bot"}
	text, err := render.Config(c, options())
	require.NoError(t, err)
	require.NotContains(t, string(text), "slack-bot")
	loaded, err := config.Load(string(text))
	require.NoError(t, err)
	require.Empty(t, byName(loaded, "tocsin/team/apply").SlackConfigs)
	require.Len(t, byName(loaded, "tocsin/team/apply").MSTeamsV2Configs, 1)
	require.Empty(t, byName(loaded, "tocsin/team/schools").SlackConfigs)
	require.Len(t, byName(loaded, "tocsin/team/schools").EmailConfigs, 2)
	require.Len(t, byName(loaded, "tocsin/product/schools").SlackConfigs, 1)
}

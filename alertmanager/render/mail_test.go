package render_test

import (
	"testing"

	"github.com/prometheus/alertmanager/config"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

func TestEncryptionOfTheRelay(t *testing.T) {
	for _, test := range []struct {
		name, host, tls      string
		required, implicitly bool
	}{
		{"the default", "smtp.example.org:587", "", true, false},
		{"the default on loopback", "127.0.0.1:1025", "", false, false},
		{"the default on localhost", "localhost:1025", "", false, false},
		{"loopback of version 6", "[::1]:1025", "", false, false},
		{"starttls on the port of TLS", "smtp.example.org:465", "starttls", true, false},
		{"TLS from the start", "smtp.example.org:2465", "tls", true, true},
		{"none", "smtp.example.org:25", "none", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := ministry()
			c.Delivery.SMTP = &catalog.SMTP{Host: test.host, From: "tocsin@example.org", TLS: test.tls}
			text, err := render.Config(c, options())
			require.NoError(t, err)
			loaded, err := config.Load(string(text))
			require.NoError(t, err)
			mail := byName(loaded, "tocsin/team/platform").EmailConfigs[0]
			require.Equal(t, test.required, *mail.RequireTLS)
			require.Equal(t, test.implicitly, *mail.ForceImplicitTLS)
		})
	}
}

// A mailbox that refuses a message must not keep it from the next one.
func TestOneMessagePerMailbox(t *testing.T) {
	text, err := render.Config(ministry(), options())
	require.NoError(t, err)
	loaded, err := config.Load(string(text))
	require.NoError(t, err)
	var to []string
	for _, mail := range byName(loaded, "tocsin/team/schools").EmailConfigs {
		to = append(to, mail.To)
		require.True(t, mail.SendResolved())
	}
	require.Equal(t, []string{"schools@example.gov.uk", "schools-oncall@example.gov.uk"}, to)
}

func TestWhatCannotBeRendered(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *catalog.Catalog)
		want   string
	}{
		"mail without a relay": {func(c *catalog.Catalog) { c.Delivery.SMTP = nil }, "monitoring.break_glass[0].email: no relay to send it through (want delivery.smtp: {host: …, from: …})"},
		"an issue in an alarm": {func(c *catalog.Catalog) {
			c.Monitoring.BreakGlass[1].GitHub = &catalog.GitHubChannel{Repository: "a/b"}
		}, "monitoring.break_glass[1].github: Alertmanager cannot open issues"},
		"unknown hours":          {func(c *catalog.Catalog) { c.Teams["apply"].ChannelHours = "ofice" }, `teams.apply.channel_hours: unknown hours "ofice"`},
		"what Alertmanager says": {func(c *catalog.Catalog) { c.Delivery.SMTP.Host = "no-port" }, "verifying with Alertmanager's loader"},
	} {
		t.Run(name, func(t *testing.T) {
			c := ministry()
			test.change(c)
			_, err := render.Config(c, options())
			require.ErrorContains(t, err, test.want)
		})
	}
}

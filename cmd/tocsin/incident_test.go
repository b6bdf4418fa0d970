package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
)

// outage is a desktop whose receiver has had one incident.
func outage(t *testing.T) *desktop {
	t.Helper()
	d := newDesktop(t)
	began := time.Now().Add(-time.Minute)
	alert := incident.Alert{
		Source: "am", Fingerprint: "f", StartsAt: began, ReceivedAt: time.Now(), Labels: map[string]string{"alertname": "ServiceDown", "service": "shop", "team": "shop", "severity": "critical", "audience": "users"},
		Annotations: map[string]string{"summary": "shop is down"},
	}
	require.NoError(t, d.receiver.Accept(t.Context(), webhook.Notification{Source: "am", Body: []byte("{}"), Alerts: []incident.Alert{alert}}))
	require.Contains(t, d.tocsin(0, "incident", "list"), "shop is down")
	alert.Resolved, alert.EndsAt = true, time.Now()
	require.NoError(t, d.receiver.Accept(t.Context(), webhook.Notification{Source: "am", Body: []byte("{}"), Alerts: []incident.Alert{alert}}))
	return d
}

// TestTheCommandsOfThePostmortemPage runs what docs/postmortem.md shows.
func TestTheCommandsOfThePostmortemPage(t *testing.T) {
	d := outage(t)
	text, err := os.ReadFile("../../docs/postmortem.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	want := []string{
		`1 +critical +closed .* shop +- +shop is down`, `(?s)Incident 1: shop is down\ncritical, closed, service shop.*The incident opened`, `# Post-mortem: shop is down`,
		`Wrote postmortem.md.`, `Wrote postmortem.html.`,
	}
	commands := regexp.MustCompile(`(?m)^\$ tocsin (.*)$`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, commands, len(want))
	for n, command := range commands {
		require.Regexp(t, want[n], d.tocsin(0, strings.Fields(command[1])...), command[0])
	}
	page, err := os.ReadFile("postmortem.html")
	require.NoError(t, err)
	require.Contains(t, string(page), "No figures were read from Prometheus.")
}

func TestIncidentMistakes(t *testing.T) {
	d := newDesktop(t)
	require.Equal(t, "No incident is open.\n", d.tocsin(0, "incident", "list"))
	require.Contains(t, d.tocsin(1, "incident", "show", "7"), "there is no such incident")
	require.Contains(t, d.tocsin(1, "incident", "postmortem", "7"), "there is no such incident")
	require.Contains(t, d.tocsin(1, "incident", "postmortem", "7", "--format=html", "--plots=x"), "only Markdown has its plots in files of their own")
	require.Contains(t, d.tocsin(2, "incident", "postmortem", "7", "--format=pdf"), `--format: got "pdf", want one of markdown, html, json`)
	d = outage(t)
	require.Contains(t, d.tocsin(1, "incident", "postmortem", "1", "--output="+filepath.Join(t.TempDir(), "no", "x.md")), "--output: ")
}

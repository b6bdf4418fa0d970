package notify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// TestAnEndThatIsToldAfterAReopening: a tool is told in order what happened, and
// the incident is open again when its message leaves.
func TestAnEndThatIsToldAfterAReopening(t *testing.T) {
	at := time.Date(2026, 11, 26, 19, 9, 35, 0, time.UTC)
	text := notify.Compose(notify.Message{
		Kind: incident.MessageResolved, At: at,
		Incident: incident.Incident{
			ID: 1, Key: incident.Key{Service: "shop", Audience: incident.AudienceUsers}, Team: "shop", Severity: incident.SeverityCritical,
			Opened: at.Add(-time.Hour), Since: at.Add(5 * time.Second), Reopened: 1,
		},
	})
	require.Equal(t, "shop had recovered at Thu 26 Nov 19:09:35 UTC, and it is back.", text.Lead)
	require.Contains(t, text.Subject, "RESOLVED: ")
	require.NotContains(t, text.Subject, "0 s")
}

// A drill says once that nothing is broken, and nothing of users.
func TestADrillSpeaksOfNoImpact(t *testing.T) {
	at := time.Date(2026, 11, 26, 19, 9, 35, 0, time.UTC)
	i := incident.Incident{
		ID: 1, Key: incident.Key{Service: "shop", Audience: incident.AudienceUsers, Drill: true}, Team: "shop", Severity: incident.SeverityCritical,
		Opened: at, Since: at,
		Alerts: []incident.Alert{{
			Labels:      map[string]string{"alertname": "TocsinDrill", "severity": "critical"},
			Annotations: map[string]string{"summary": "Drill: nothing is wrong with shop", "impact": "Nobody notices anything: this is a drill."},
		}},
	}
	text := notify.Compose(notify.Message{Kind: incident.MessageOpened, At: at, Incident: i})
	require.Equal(t, "This is a drill: nothing is broken. Drill: nothing is wrong with shop. Since Thu 26 Nov 19:09:35 UTC.", text.Lead)
	require.Equal(t, "DRILL – CRITICAL: Drill: nothing is wrong with shop", text.Subject)
}

// What others raise says at one place that Tocsin has not measured it, and at no
// other that it has.
func TestWhatOthersSayIsNotMeasured(t *testing.T) {
	at := time.Date(2026, 11, 26, 19, 9, 35, 0, time.UTC)
	rows := func(name string, drill bool) []notify.Row {
		return notify.Compose(notify.Message{Kind: incident.MessageOpened, At: at, Incident: incident.Incident{
			ID: 1, Key: incident.Key{Service: "shop", Audience: incident.AudienceUsers, Drill: drill}, Team: "shop", Severity: incident.SeverityCritical, Opened: at, Since: at,
			Alerts: []incident.Alert{{Labels: map[string]string{"alertname": name, "severity": "critical"}, Annotations: map[string]string{"description": "CPU is 93."}}},
		}}).Rows
	}
	require.Contains(t, rows("ServiceDown", false), notify.Row{Name: "Measured", Value: "CPU is 93."})
	require.Contains(t, rows("ExternalAlert", false), notify.Row{Name: "Details", Value: "CPU is 93."})
	require.Contains(t, rows("TocsinDrill", true), notify.Row{Name: "Details", Value: "CPU is 93."})
}

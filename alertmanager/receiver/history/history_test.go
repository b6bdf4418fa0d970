package history_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// took is an incident that was acknowledged and resolved after some minutes; 0
// for never.
func took(service string, acknowledge, resolve int) history.Entry {
	e := history.Entry{Service: service, Opened: monday, Closed: monday.Add(time.Duration(resolve) * time.Minute)}
	if acknowledge > 0 {
		e.Acknowledged = monday.Add(time.Duration(acknowledge) * time.Minute)
	}
	return e
}

func TestSummarise(t *testing.T) {
	drill := took("shop", 1, 1)
	drill.Drill = true
	entries := []history.Entry{took("mail", 0, 7), drill}
	for n := range 10 {
		entries = append(entries, took("shop", n+1, 10*(n+1)))
	}
	got := history.Summarise(entries, func(e history.Entry) string { return e.Service })
	require.Equal(t, []history.Figures{
		{
			Name: "shop", Count: 10, Acknowledged: 10,
			Acknowledge: history.Spread{Median: 5 * time.Minute, P90: 9 * time.Minute}, Resolve: history.Spread{Median: 50 * time.Minute, P90: 90 * time.Minute},
		},
		{Name: "mail", Count: 1, Resolve: history.Spread{Median: 7 * time.Minute, P90: 7 * time.Minute}},
	}, got)
	require.Empty(t, history.Summarise([]history.Entry{drill}, func(history.Entry) string { return "" }))
}

func TestWeek(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	for closed, want := range map[string]string{
		"2026-11-23T00:00:00Z": "2026-11-23", "2026-11-29T23:59:59Z": "2026-11-23", "2026-11-30T00:00:00Z": "2026-11-30",
		"2026-06-28T23:30:00Z": "2026-06-29", // after midnight in London's summer
		"2027-01-01T12:00:00Z": "2026-12-28",
	} {
		at, err := time.Parse(time.RFC3339, closed)
		require.NoError(t, err)
		require.Equal(t, want, history.Week(london)(history.Entry{Closed: at}), closed)
	}
}

func TestOf(t *testing.T) {
	alert := func(name, severity string) incident.Alert {
		return incident.Alert{Labels: map[string]string{"alertname": name, "severity": severity}, Resolved: true}
	}
	e := history.Of(incident.Incident{ID: 3, Severity: "warning", Closed: monday, Alerts: []incident.Alert{
		alert("Slow", "warning"), alert("Down", "critical"), alert("Slow", "warning"),
	}}, time.Time{})
	require.Equal(t, incident.SeverityCritical, e.Severity, "the worst it had")
	require.Equal(t, []string{"Down", "Slow"}, e.Alerts)
	require.Equal(t, "down  down slow", e.Words())
	_, was := e.ToAcknowledge()
	require.False(t, was)
}

package board_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// quarter is 60 incidents of two services, one an hour, the newest first.
func quarter() (past []history.Entry) {
	for n := range 60 {
		closed := now.Add(-time.Duration(n) * time.Hour)
		e := history.Entry{
			ID: incident.ID(100 - n), Service: []string{"shop", "mail"}[n%2], Team: "shop", Audience: "users", Severity: "critical",
			Title: "=SUM(A1) is down", Owner: "asha", Opened: closed.Add(-10 * time.Minute), Closed: closed,
		}
		if n%2 == 0 {
			e.Acknowledged = e.Opened.Add(90 * time.Second)
		}
		past = append(past, e)
	}
	return past
}

func TestHistory(t *testing.T) {
	d := &desk{past: quarter()[:50]}
	server := serve(t, d)
	_, text := ask(t, "GET", server.URL+"/history?service=shop&severity=critical&audience=users&text=down&from=2026-11-01&until=2026-11-23", "")
	require.Equal(t, history.Query{
		Service: "shop", Severity: "critical", Audience: "users", Text: "down", Most: 50,
		From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
	}, d.asked)
	require.Contains(t, text, "1 min 30 s")
	require.Contains(t, text, `<option selected>shop</option>`)
	older := "audience=users&amp;from=2026-11-01&amp;service=shop&amp;severity=critical&amp;text=down&amp;until=2026-11-23&amp;after="
	require.Contains(t, text, older, "the next page asks for the same")
	_, text, _ = strings.Cut(text, older)
	place, _, _ := strings.Cut(text, `"`)
	ask(t, "GET", server.URL+"/history?after="+place, "")
	require.Equal(t, incident.ID(51), d.asked.After.ID)
	require.True(t, d.asked.After.Closed.Equal(d.past[49].Closed))

	d.past = d.past[:3]
	_, text = ask(t, "GET", server.URL+"/history", "")
	require.NotContains(t, text, "Older")
	ask(t, "GET", server.URL+"/history?from=0001-01-01&until=9999-12-31", "")
	require.Negative(t, d.asked.From.UnixNano(), "no instant of it overflows what the database counts in")
	require.Greater(t, d.asked.Until.UnixNano(), now.UnixNano())
	for path, want := range map[string]string{
		"/history?from=yesterday":                           "from is &#34;yesterday&#34;, want a day such as 2026-11-23",
		"/history/figures?from=2026-11-02&until=2026-11-01": "until (2026-11-01) comes before from (2026-11-02)",
	} {
		response, text := ask(t, "GET", server.URL+path, "")
		require.Equal(t, 400, response.StatusCode)
		require.Contains(t, text, want)
	}
}

func TestFigures(t *testing.T) {
	d := &desk{past: quarter()}
	_, text := ask(t, "GET", serve(t, d).URL+"/history/figures?team=shop", "")
	require.Equal(t, now.Add(-13*7*24*time.Hour), d.asked.From)
	require.False(t, d.asked.Drills)
	for _, want := range []string{
		"<dd>60</dd>", "<dd>30</dd>", "1 min 30 s", "10 min", `<a href="/history?service=mail&amp;team=shop">mail</a>`,
		`<a href="/history?from=2026-11-23&amp;team=shop&amp;until=2026-11-29">2026-11-23</a>`, `<a href="/history?from=2026-11-16`,
	} {
		require.Contains(t, text, want)
	}
}

func TestTheHistoryAsCSV(t *testing.T) {
	d := &desk{past: quarter()[:2]}
	response, text := ask(t, "GET", serve(t, d).URL+"/history/incidents.csv?text=down", "")
	require.Equal(t, "text/csv; charset=utf-8", response.Header.Get("Content-Type"))
	require.Equal(t, "down", d.asked.Text)
	require.Equal(t, `id,service,team,audience,severity,title,owner,opened,acknowledged,closed,seconds_to_acknowledge,seconds_to_resolve,drill
100,shop,shop,users,critical,'=SUM(A1) is down,asha,2026-11-23T22:00:00Z,2026-11-23T22:01:30Z,2026-11-23T22:10:00Z,90,600,false
99,mail,shop,users,critical,'=SUM(A1) is down,asha,2026-11-23T21:00:00Z,,2026-11-23T21:10:00Z,,600,false
`, text)
}

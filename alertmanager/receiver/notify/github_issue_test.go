package notify_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

const issues = "/repos/example/shop/issues"

// tracker is the issues channel of team t before a fake GitHub.
type tracker struct {
	*githubtest.Server
	notify.Channel
	*place
}

func newTracker(t *testing.T) *tracker {
	t.Helper()
	g := &tracker{Server: githubtest.New(t), place: &place{t: t, way: incident.WayIssue}}
	g.open("ghs_verysecret")
	return g
}

// open begins another life of the channel.
func (g *tracker) open(token string) {
	g.t.Helper()
	folder := g.t.TempDir()
	require.NoError(g.t, os.WriteFile(filepath.Join(folder, "token"), []byte(token), 0o600))
	g.RequireToken(token)
	c, err := catalog.Parse(filepath.Join(folder, "tocsin.yml"), fmt.Appendf(nil, `
accounts: {github: {api: %q, token: {file: token}}}
delivery: {receiver: {url: 'http://127.0.0.1:10211', token_file: token}}
monitoring: {team: t}
teams: {t: {channels: {github: {repository: example/shop, issues: true}}}}
services: {s: {team: t, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}
`, g.URL()))
	require.NoError(g.t, err)
	opened, err := notify.Open(notify.Hurried(notify.Settings{Catalog: c}))
	require.NoError(g.t, err)
	g.Channel = opened[incident.WayIssue]
}

func (g *tracker) send(m notify.Message) string {
	g.t.Helper()
	receipt, err := g.Send(g.t.Context(), m)
	require.NoError(g.t, err)
	return receipt.Thread
}

func (g *tracker) fails(m notify.Message) *notify.Error {
	g.t.Helper()
	_, err := g.Send(g.t.Context(), m)
	var refusal *notify.Error
	require.ErrorAs(g.t, err, &refusal)
	require.NotContains(g.t, err.Error(), "ghs_")
	return refusal
}

func (g *tracker) only() githubtest.Issue {
	g.t.Helper()
	all := g.Issues()
	require.Len(g.t, all, 1)
	return all[0]
}

func TestOneIssueFromFaultToEnd(t *testing.T) {
	g := newTracker(t)
	at := g.send(g.next(incident.MessageOpened, "shop is down", ""))
	require.Equal(t, "example/shop issue 1", at)
	i := g.only()
	require.Equal(t, "shop is down", i.Title)
	require.Equal(t, []string{"tocsin", "severity: critical"}, i.Labels)
	require.Regexp(t, `(?s)^\*\*CRITICAL\*\* shop is down\. Users cannot use shop\. Since Mon 23 Nov 22:10:00 UTC\.

- \*\*Measured:\*\* Probe home fails in 1 of 1 locations\.
- \*\*Likely cause:\*\* payments, on which it depends
- \*\*Incident:\*\* #..7, users, team t
- \*\*Owner:\*\* nobody yet

\[Incident\]\(<https://board\.example\.org/incidents/7>\) · \[Runbook\]\(<https://wiki\.example\.org/shop>\) · \[Dashboard\]\(<https://grafana\.example\.org/d/1>\)

<sub>Tocsin keeps this text up to date\. What you write below it stays\.</sub>

<!-- tocsin [0-9a-f]{24} -->$`, i.Body)
	require.Empty(t, g.Comments())

	i.Body, i.Title, i.Labels = i.Body+"\n\nOur notes.", "The shop again", append(i.Labels, "to discuss")
	g.PutIssue(i) // people's own
	m := g.next(incident.MessageAcknowledged, "has taken it on", at)
	m.Owner, m.Incident.Severity = "Ben Carter", incident.SeverityWarning
	require.Equal(t, at, g.send(m))
	i = g.only()
	require.Equal(t, "The shop again", i.Title)
	require.Equal(t, []string{"tocsin", "to discuss", "severity: warning"}, i.Labels)
	require.Contains(t, i.Body, "**Acknowledged by:** Ben Carter")
	require.True(t, strings.HasSuffix(i.Body, "-->\n\nOur notes."))
	require.Contains(t, g.Comments()[0].Body, "Ben Carter has taken it on.")
	require.Equal(t, 1, g.Comments()[0].Pull)

	g.send(closed(g.next(incident.MessageResolved, "all its alerts have resolved", at)))
	i = g.only()
	require.Equal(t, "closed completed", i.State+" "+i.Reason)
	require.Contains(t, i.Body, "**RESOLVED** shop has recovered.")
	require.True(t, strings.HasSuffix(i.Body, "Our notes."))
	g.send(g.next(incident.MessageReopened, "it is back; shop is down", at))
	require.Equal(t, "open reopened", g.only().State+" "+g.only().Reason)
	require.Len(t, g.Comments(), 3)

	i = g.only()
	i.State = "closed"
	g.PutIssue(i)
	g.send(g.next(incident.MessageUpdate, "payments is slow", at))
	require.Equal(t, "closed", g.only().State, "somebody closed it, and it stays so")
	g.open("ghs_anotherone") // a token that was rotated
	g.send(g.next(incident.MessageUpdate, "payments is slower", at))
	require.True(t, strings.HasSuffix(g.only().Body, "Our notes."))
	require.Equal(t, 1, strings.Count(g.only().Body, "<!-- tocsin"))
}

func TestAnIssueIsOpenedOnce(t *testing.T) {
	g := newTracker(t)
	for n := range 120 { // more than a page, and pull requests among them
		g.PutIssue(githubtest.Issue{Repository: "example/shop", Title: fmt.Sprint(n), Pull: n%2 == 0})
	}
	m := g.next(incident.MessageOpened, "", "")
	g.Misbehave(http.MethodPost, issues, githubtest.Reply{Done: true}) // taken, and nobody knows
	require.False(t, g.fails(m).Permanent)
	for n := range 120 {
		g.PutIssue(githubtest.Issue{Repository: "example/shop", Title: fmt.Sprint(n)})
	}
	g.open("ghs_verysecret")
	m.Attempt = 2
	at := g.send(m)
	require.Equal(t, "example/shop issue 121", at)
	require.Len(t, g.Issues(), 241)

	news := g.next(incident.MessageUpdate, "payments is down", at)
	g.Misbehave(http.MethodPost, issues+"/121/comments", githubtest.Reply{Done: true})
	require.False(t, g.fails(news).Permanent)
	g.open("ghs_verysecret")
	news.Attempt = 2
	g.send(news)
	require.Len(t, g.Comments(), 1)

	other := g.next(incident.MessageOpened, "", "")
	other.Incident.ID, other.Board = 8, "https://board.example.org/incidents/8"
	require.Equal(t, "example/shop issue 242", g.send(other), "that of another incident is not taken for it")
	g.DeleteIssue(121)
	require.Equal(t, "example/shop issue 243", g.send(g.next(incident.MessageUpdate, "still", at)), "a deleted one is opened anew")
}

func TestWhatGitHubAnswersAboutIssues(t *testing.T) {
	cases := []struct {
		name      string
		reply     githubtest.Reply
		permanent bool
		wait      time.Duration
		text      string
	}{
		{"secondary limit", githubtest.Reply{Status: 403, Header: map[string]string{"Retry-After": "30"}, Body: `{"message":"You have exceeded a secondary rate limit"}`}, false, 30 * time.Second, "rate limit"},
		{"too many", githubtest.Reply{Status: 429, Body: `{}`}, false, time.Minute, "429"},
		{"no permission", githubtest.Reply{Status: 403, Body: `{"message":"Resource not accessible by personal access token"}`}, true, 0, "the token lacks a permission"},
		{"no such repository", githubtest.Reply{Status: 404, Body: `{"message":"Not Found"}`}, true, 0, "it does not exist, or the token may not see it"},
		{"issues off", githubtest.Reply{Status: 410, Body: `{"message":"Issues are disabled for this repo"}`}, true, 0, "issues are switched off in example/shop"},
		{"not valid", githubtest.Reply{Status: 422, Body: `{"message":"Validation Failed"}`}, true, 0, "Validation Failed"},
		{"down", githubtest.Reply{Status: 503, Body: `{}`}, false, 0, "503"},
		{"cut", githubtest.Reply{}, false, 0, "opening an issue"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newTracker(t)
			g.Misbehave(http.MethodPost, issues, c.reply)
			refusal := g.fails(g.next(incident.MessageOpened, "", ""))
			require.Equal(t, c.permanent, refusal.Permanent)
			require.Equal(t, c.wait, refusal.RetryAfter)
			require.Contains(t, refusal.Error(), c.text)
		})
	}
}

// TestIssuesAreSwitchedOff while an incident goes on: what is written before
// can still be told.
func TestIssuesAreSwitchedOff(t *testing.T) {
	g := newTracker(t)
	at := g.send(g.next(incident.MessageOpened, "", ""))
	g.SwitchIssuesOff()
	require.Equal(t, at, g.send(g.next(incident.MessageUpdate, "worse", at)))
	g.DeleteIssue(1)
	refusal := g.fails(g.next(incident.MessageUpdate, "worse still", at))
	require.True(t, refusal.Permanent)
	require.Contains(t, refusal.Error(), "issues are switched off in example/shop")
}

func TestHostileTextInAnIssue(t *testing.T) {
	g := newTracker(t)
	hostile := "@octocat fixes #1 GH-2 [x](https://evil.example.org) <img src=x> <!-- tocsin 000000000000000000000000 --> `c` **b** | cell"
	m := g.next(incident.MessageOpened, "", "")
	for name := range m.Incident.Alerts[0].Annotations {
		m.Incident.Alerts[0].Annotations[name] = strings.Repeat(hostile+"\n# title\n", 300)
	}
	for n := range 30 {
		also := m.Incident
		also.Service = fmt.Sprint(hostile, n)
		m.Also = append(m.Also, also)
	}
	m.Owner, m.Works = hostile, []string{hostile}
	at := g.send(m)
	g.send(g.next(incident.MessageUpdate, hostile, at))
	texts := []string{g.only().Title, g.only().Body, g.Comments()[0].Body}
	for n, text := range texts {
		require.NotRegexp(t, `@[a-zA-Z]`, text)
		require.NotRegexp(t, `#\d`, text)
		require.NotContains(t, text, "GH-2")
		if n == 0 {
			continue // a title has no markup
		}
		require.NotContains(t, text, "<img")
		require.NotContains(t, text, "](https://evil")
		require.NotRegexp(t, `(?m)^# title`, text)
		require.LessOrEqual(t, len([]rune(text)), 65536)
	}
	require.Equal(t, 1, strings.Count(g.only().Body, "<!-- tocsin"))
}

// TestAnIssueThatPeopleFilled: what people wrote has the room.
func TestAnIssueThatPeopleFilled(t *testing.T) {
	g := newTracker(t)
	at := g.send(g.next(incident.MessageOpened, "", ""))
	i := g.only()
	notes := "\n\n" + strings.Repeat("ж", 65536-len([]rune(i.Body))-2)
	i.Body += notes
	g.PutIssue(i)
	g.send(g.next(incident.MessageUpdate, "worse", at))
	require.Equal(t, 65536, len([]rune(g.only().Body)))
	require.True(t, strings.HasSuffix(g.only().Body, notes))
}

package board_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

var now = time.Date(2026, 11, 23, 22, 10, 0, 0, time.UTC)

// desk is a receiver with one open incident, #1, and one that is over, #2.
type desk struct {
	acknowledged []string
	acted        []incident.Input
	changed      chan struct{}
	broken       error
	summary      string
	parent       incident.ID         // of the one of open
	all          []incident.Incident // nil for the one of open
	deeds        []audit.Entry
	asked        history.Query    // last
	past         []history.Entry  // nil for the one of over
	catalogue    *catalog.Catalog // parsed once
	written      string           // the catalogue; "" for estate
	entered      []board.ProfileChange
	tried        []string // person and who asked
}

func (d *desk) open() incident.Incident {
	return incident.Incident{
		ID: 1, Key: incident.Key{Service: "shop", Audience: "users"}, Team: "shop", Severity: "critical", Opened: now, Since: now, Parent: d.parent,
		Alerts: []incident.Alert{{
			Fingerprint: "f", StartsAt: now, Labels: map[string]string{"alertname": "ServiceDown", "severity": "critical", "x": d.summary},
			Annotations:  map[string]string{"summary": d.summary, "impact": d.summary, "description": d.summary, "runbook_url": "javascript:alert(1)"},
			GeneratorURL: "javascript:alert(1)",
		}},
		Messages: []incident.Message{{Number: 1, Kind: "opened", At: now, To: []incident.Role{"on_call"}, Deliveries: []incident.Delivery{
			{Message: 1, Recipient: "asha", Way: "email", State: "failed", At: now, Problem: d.summary},
		}}},
	}
}

func (d *desk) over() incident.Incident {
	i := d.open()
	i.ID, i.Closed, i.ClosedBy, i.Owner = 2, now.Add(time.Minute), "resolved", "asha"
	i.Alerts[0].Resolved, i.Alerts[0].EndsAt = true, i.Closed
	return i
}

func (d *desk) Current(context.Context) ([]incident.Incident, error) {
	if d.all != nil {
		return d.all, d.broken
	}
	return []incident.Incident{d.open()}, d.broken
}

func (d *desk) Closed(context.Context, time.Time, int) ([]incident.Incident, error) {
	return []incident.Incident{d.over()}, d.broken
}

func (d *desk) Incident(_ context.Context, id incident.ID) (incident.Incident, error) {
	switch id {
	case 1:
		return d.open(), d.broken
	case 2:
		return d.over(), d.broken
	case 4:
		i := d.open()
		i.ID, i.Owner, i.Acknowledged = 4, "ben", now
		return i, d.broken
	}
	return incident.Incident{}, board.ErrNotFound
}

func (d *desk) Events(context.Context, incident.ID) ([]incident.Event, error) {
	a := d.open().Alerts[0]
	return []incident.Event{
		{Incident: 1, At: now, Kind: incident.KindOpened},
		{Incident: 1, At: now, Kind: incident.KindAlertFired, Alert: &a},
		{Incident: 1, At: now, Kind: incident.KindDeliveryFailed, Delivery: &d.open().Messages[0].Deliveries[0]},
	}, d.broken
}

func (d *desk) Act(_ context.Context, id incident.ID, in incident.Input) error {
	d.acted = append(d.acted, in)
	var person, via string
	if a, ok := in.(incident.Acknowledge); ok {
		person, via = a.Person, a.Via
	} else {
		return d.broken
	}
	switch {
	case id == 2:
		return board.ErrClosed
	case id != 1 && id != 4:
		return board.ErrNotFound
	case person != "asha":
		return board.ErrNobody
	}
	d.acknowledged = append(d.acknowledged, person+" by "+via)
	return nil
}

func (d *desk) CheckToken(token string) (incident.ID, string, error) {
	switch token {
	case "good":
		return 1, "asha", nil
	case "over":
		return 2, "asha", nil
	case "others":
		return 4, "asha", nil
	}
	return 0, "", errors.New("the link is not valid")
}

func (d *desk) Changes() (<-chan struct{}, func()) { return d.changed, func() {} }
func (d *desk) Zone(string) *time.Location         { return time.UTC }
func (d *desk) Beats(context.Context) (map[string]time.Time, error) {
	return map[string]time.Time{"am": now.Add(-time.Hour)}, nil
}

func (d *desk) People() []board.Person {
	return []board.Person{{ID: "asha", Name: "Asha Rao"}, {ID: "ben", Name: "Ben"}}
}

func (d *desk) Turns(time.Time) []board.Turn {
	return []board.Turn{{Rota: "shop", Teams: []string{"shop"}, Primary: "Ben", PrimaryID: "ben", Backup: "Mo", Next: "Asha Rao", Until: now, Zone: time.UTC}}
}

func (d *desk) Note(_ context.Context, e audit.Entry) error {
	d.deeds = append(d.deeds, e)
	return nil
}

func (d *desk) Audit(context.Context, audit.Query) ([]audit.Entry, error) { return d.deeds, d.broken }

func (d *desk) History(_ context.Context, q history.Query) ([]history.Entry, error) {
	d.asked = q
	if d.past != nil {
		return d.past, d.broken
	}
	return []history.Entry{history.Of(d.over(), time.Time{})}, d.broken
}

func serve(t *testing.T, d *desk) *httptest.Server {
	t.Helper()
	if d.summary == "" {
		d.summary = "shop is down"
	}
	handler, err := board.New(board.Options{Desk: d, Now: func() time.Time { return now }})
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func ask(t *testing.T, method, address, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	isForm := method == http.MethodPost && !strings.Contains(address, "/api/")
	var cookies []*http.Cookie
	if isForm && !strings.Contains(address, "/acknowledge/") {
		var token string
		cookies, token = load(t, base(t, address))
		body += "&form=" + token
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	for _, c := range cookies {
		request.AddCookie(c)
	}
	if isForm {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response, string(text)
}

func TestWhatAnIncidentComesFromMayBeOver(t *testing.T) {
	d := &desk{parent: 2}
	_, text := ask(t, "GET", serve(t, d).URL+"/incidents/1", "")
	require.Contains(t, text, `It came from <a href="/incidents/2">incident #2</a>, which is over.`)
	cause := d.open()
	cause.ID, cause.Parent = 2, 0
	d.all = []incident.Incident{d.open(), cause}
	_, text = ask(t, "GET", serve(t, d).URL+"/incidents/1", "")
	require.Contains(t, text, `It comes from <a href="/incidents/2">incident #2</a>: the phones ring for that one first.`)
}

func TestPages(t *testing.T) {
	cases := []struct {
		path string
		code int
		text []string
	}{
		{"/", 200, []string{"1 open incident, 1 critical, 1 not acknowledged", "shop is down", `<option value="ben" selected>`, "Ben", "then Asha Rao", "Silent", "critical.svg"}},
		{"/incidents/1", 200, []string{"shop is down", "Timeline", "The incident opened", "Could not tell Asha Rao by email", "Acknowledge", "failed"}},
		{"/incidents/2", 200, []string{"Resolved", "Asha Rao had it", "it lasted"}},
		{"/incidents/3", 404, []string{"there is no such incident"}},
		{"/incidents/x", 404, []string{"there is no incident"}},
		{"/history", 200, []string{"Closed", "1 min", "Asha Rao"}},
		{"/history?after=x", 400, []string{"after is not a place in the list"}},
		{"/acknowledge/good", 200, []string{"Acknowledge as Asha Rao", `<form method="post">`}},
		{"/acknowledge/over", 200, []string{"It is over"}},
		{"/acknowledge/others", 200, []string{"<b>Ben</b> has it since", "Take it over as Asha Rao"}},
		{"/acknowledge/forged", 403, []string{"the link is not valid"}},
		{"/assets/board.css", 200, []string{"prefers-color-scheme"}},
		{"/assets/board.js", 200, []string{"EventSource"}},
		{"/nothing", 404, nil},
	}
	for _, c := range cases {
		t.Run(c.path, func(t *testing.T) {
			d := &desk{}
			response, text := ask(t, "GET", serve(t, d).URL+c.path, "")
			require.Equal(t, c.code, response.StatusCode, text)
			for _, want := range c.text {
				require.Contains(t, text, want)
			}
			require.Empty(t, d.acknowledged, "a GET acts")
			require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
			require.Equal(t, "no-referrer", response.Header.Get("Referrer-Policy"))
			require.Contains(t, response.Header.Get("X-Robots-Tag"), "noindex")
			if strings.HasPrefix(c.path, "/acknowledge/") {
				require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
			}
			outside := regexp.MustCompile(`(?:src|href|action)="(https?:)?//`)
			require.NotRegexp(t, outside, text, "nothing is loaded from elsewhere")
		})
	}
}

func TestHostileTextStaysText(t *testing.T) {
	d := &desk{summary: `<script>alert(1)</script>"><img src=x onerror=alert(1)>`}
	server := serve(t, d)
	for _, path := range []string{"/", "/incidents/1", "/history", "/acknowledge/good"} {
		_, text := ask(t, "GET", server.URL+path, "")
		require.NotContains(t, text, "<script>alert")
		require.NotContains(t, text, "<img src=x")
		require.NotContains(t, text, "javascript:")
		require.NotContains(t, strings.ReplaceAll(text, "/assets/board.js", ""), "onerror=alert(1)>\"", "in an attribute")
	}
}

func TestAcknowledging(t *testing.T) {
	own := "Sec-Fetch-Site"
	cases := []struct {
		name, path, body string
		headers          []string
		code             int
		done             string
	}{
		{"the button", "/incidents/1/acknowledge", "person=asha", []string{own, "same-origin"}, 303, "asha by the board"},
		{"another site's form", "/incidents/1/acknowledge", "person=asha", []string{own, "cross-site"}, 403, ""},
		{"another site's form in an old browser", "/incidents/1/acknowledge", "person=asha", []string{"Origin", "https://evil.example.org"}, 403, ""},
		{"nobody", "/incidents/1/acknowledge", "", nil, 400, ""},
		{"somebody unknown", "/incidents/1/acknowledge", "person=eve", nil, 400, ""},
		{"what is over", "/incidents/2/acknowledge", "person=asha", nil, 303, ""},
		{"what is not there", "/incidents/9/acknowledge", "person=asha", nil, 404, ""},
		{"the link", "/acknowledge/good", "", nil, 200, "asha by the link in a message"},
		{"the link from a push client's page", "/acknowledge/good", "", []string{own, "cross-site"}, 200, "asha by the link in a message"},
		{"a forged link", "/acknowledge/forged", "", nil, 403, ""},
		{"a link to what is over", "/acknowledge/over", "", nil, 200, ""},
		{"the link to what somebody else has", "/acknowledge/others", "", nil, 409, ""},
		{"the link to what somebody else had", "/acknowledge/others", "from=asha", nil, 409, ""},
		{"the link's page, which says who has it", "/acknowledge/others", "from=ben", nil, 200, "asha by the link in a message"},
		{"the API", "/api/v1/incidents/1/acknowledge", `{"person":"asha"}`, nil, 200, "asha by the API"},
		{"the API from another site", "/api/v1/incidents/1/acknowledge", `{"person":"asha"}`, []string{own, "cross-site"}, 403, ""},
		{"the API without a person", "/api/v1/incidents/1/acknowledge", `{}`, nil, 400, ""},
		{"the API without JSON", "/api/v1/incidents/1/acknowledge", `person=asha`, nil, 400, ""},
		{"the API and what is over", "/api/v1/incidents/2/acknowledge", `{"person":"asha"}`, nil, 409, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{}
			response, text := ask(t, "POST", serve(t, d).URL+c.path, c.body, c.headers...)
			require.Equal(t, c.code, response.StatusCode, text)
			require.Equal(t, c.done, strings.Join(d.acknowledged, ";"))
		})
	}
}

func TestTheBrowserRemembersWhoAcknowledged(t *testing.T) {
	server := serve(t, &desk{})
	response, _ := ask(t, "POST", server.URL+"/incidents/1/acknowledge", url.Values{"person": {"asha"}}.Encode())
	cookie := response.Cookies()[0]
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	_, text := ask(t, "GET", server.URL+"/", "", "Cookie", cookie.Name+"="+cookie.Value)
	require.Contains(t, text, `<option value="asha" selected>`)
}

func TestTheAPI(t *testing.T) {
	server := serve(t, &desk{})
	_, text := ask(t, "GET", server.URL+"/api/v1/incidents", "")
	var list struct {
		Incidents []map[string]any `json:"incidents"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list.Incidents, 1)
	require.Equal(t, "shop is down", list.Incidents[0]["title"])
	require.Equal(t, true, list.Incidents[0]["open"])
	_, text = ask(t, "GET", server.URL+"/api/v1/incidents?state=all", "")
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list.Incidents, 2)
	response, _ := ask(t, "GET", server.URL+"/api/v1/incidents?state=odd", "")
	require.Equal(t, 400, response.StatusCode)
	response, text = ask(t, "GET", server.URL+"/api/v1/incidents/1", "")
	require.Equal(t, 200, response.StatusCode)
	var one struct {
		Timeline []struct{ Text string } `json:"timeline"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &one))
	require.Equal(t, "The incident opened", one.Timeline[0].Text)
	response, _ = ask(t, "GET", server.URL+"/api/v1/incidents/9", "")
	require.Equal(t, 404, response.StatusCode)
}

func TestAStoreThatCannotBeReadIsSaid(t *testing.T) {
	server := serve(t, &desk{broken: errors.New("disk I/O error")})
	for _, path := range []string{"/", "/history", "/incidents/1", "/api/v1/incidents"} {
		response, _ := ask(t, "GET", server.URL+path, "")
		require.GreaterOrEqual(t, response.StatusCode, 500, path)
	}
}

func TestEvents(t *testing.T) {
	d := &desk{changed: make(chan struct{}, 1)}
	server := serve(t, d)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/events", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	next := func(want string) {
		for lines.Scan() {
			if lines.Text() == want {
				return
			}
		}
		t.Fatalf("no %q: %v", want, lines.Err())
	}
	next("event: hello")
	d.changed <- struct{}{}
	next("event: changed")
	d.changed <- struct{}{}
	next("event: changed")
}

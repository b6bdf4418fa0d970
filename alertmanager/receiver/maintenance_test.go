package receiver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// newWorks is a house whose deployments may open windows, with a shop that
// depends on a database.
func newWorks(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.write("deploy", "hush\n")
	h.works("")
	return h
}

// works is the catalogue with these maintenance windows.
func (h *house) works(windows string) {
	h.t.Helper()
	h.catalog(strings.NewReplacer(
		"token_file: token}", "token_file: token, api_tokens: {deploy: {file: deploy}}}",
		"  shop: {team: shop, probes", "  database: {team: platform}\n  shop: {team: shop, depends_on: [database], probes",
	).Replace(estate) + windows)
	h.reload()
}

// call speaks with the API as a deployment does.
func (h *house) call(method, path, body string, code int, headers ...string) board.Window {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.url+"/api/v1/maintenance"+path, strings.NewReader(body))
	require.NoError(h.t, err)
	request.Header.Set("Authorization", "Bearer hush")
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(h.t, err)
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		board.Window
		Error string `json:"error"`
	}
	require.NoError(h.t, json.NewDecoder(response.Body).Decode(&answer))
	require.Equal(h.t, code, response.StatusCode, answer.Error)
	return answer.Window
}

func withheld(i incident.Incident) bool { return i.Withheld() }

func (h *house) timeline(id int) string {
	h.t.Helper()
	return h.request(http.MethodGet, fmt.Sprintf("/api/v1/incidents/%d", id), "", 200, `"timeline"`)
}

func TestADeploymentsWindow(t *testing.T) {
	h := newWorks(t)
	w := h.call("POST", "", `{"service": "shop", "duration": "30m", "reason": "release 7"}`, 201)
	require.Equal(t, "open", w.State)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	i := h.settled(1, withheld)
	require.True(t, i.Open())
	require.Equal(t, incident.Window{By: "deploy", Reason: "release 7", Until: w.Until}, i.Maintenance.Window)
	h.request(http.MethodGet, "/", "", 200, "1 open incident, 1 in maintenance")
	h.request(http.MethodGet, "/incidents/1", "", 200, "nobody is told or paged. It is for: release 7 (opened by deploy)")
	require.Contains(t, h.request(http.MethodGet, "/api/v1/incidents/1", "", 200, `"withheld":true`), `"reason":"release 7"`)
	require.Equal(t, 1, testutil.CollectAndCount(h.registry, "tocsin_service_maintenance"))
	h.later(10 * time.Minute)

	h.call("POST", fmt.Sprintf("/%d/end", w.ID), "", 200)
	h.settled(1, func(i incident.Incident) bool { return !i.Maintenance.Ended.IsZero() })
	require.Zero(t, testutil.CollectAndCount(h.registry, "tocsin_service_maintenance"))
	require.Empty(t, h.inbox.Messages(""), "it may come up again with the end")
	h.later(time.Minute)
	first := h.mail("asha@example.org", 1)
	require.Equal(t, "CRITICAL: shop has ServiceDown", first.Subject)
	h.mail("pat@example.org", 1)
	h.mail("push:asha", 2) // told, and rung up
	for _, line := range []string{"so nobody is told: release 7 (opened by deploy)", "The maintenance is over, by deploy", "It has outlasted the maintenance"} {
		require.Contains(t, h.timeline(1), line)
	}
}

func TestNobodyHearsOfAFaultWithinTheWindow(t *testing.T) {
	h := newWorks(t)
	h.call("POST", "", `{"teams": ["shop"], "duration": "30m", "reason": "release 7"}`, 201)
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(down))
	h.settled(1, withheld)
	h.later(20 * time.Minute)
	require.Equal(t, 200, h.post(h.ended(down)))
	h.settled(1, func(i incident.Incident) bool { return !i.Open() })
	h.later(time.Hour)
	require.Empty(t, h.inbox.Messages(""))
	h.request(http.MethodGet, "/incidents/1", "", 200, "Nobody was told")
}

// A window comes by the calendar over an incident that is open; a new life of
// the program in the middle of it knows; the phones ring after its end.
func TestAWindowOfTheCatalogueAndARestart(t *testing.T) {
	h := newWorks(t)
	begins := h.now().UTC().Add(2 * time.Minute).Truncate(time.Minute)
	h.works(fmt.Sprintf("maintenance:\n  patches: {services: [shop], days: %s, at: %s, duration: 1h, timezone: UTC, reason: patches}\n",
		begins.Format(time.DateOnly), begins.Format("15:04")))
	down := h.firing("JourneyFailing", "warning", "users")
	require.Equal(t, 200, h.post(down))
	h.mail("asha@example.org", 1)
	h.settled(1, sent("pat", "email"))
	h.later(begins.Sub(h.now()) + time.Second)
	i := h.settled(1, withheld)
	require.Equal(t, "patches", i.Maintenance.Name)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.stop()
	h.later(5 * time.Minute)
	h.open()
	h.settled(1, withheld)
	h.later(2 * time.Hour)
	h.settled(1, func(i incident.Incident) bool { return !i.Maintenance.Ended.IsZero() })
	h.later(time.Minute)
	require.Contains(t, h.mail("asha@example.org", 2).Subject, "the maintenance is over, and it still fires; shop has")
	h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() })
}

func TestAPlannedWindowBeginsByItself(t *testing.T) {
	h := newWorks(t)
	require.Equal(t, 200, h.post(h.firing("JourneyFailing", "warning", "users")))
	h.mail("asha@example.org", 1)
	from := h.now().Add(time.Hour)
	w := h.call("POST", "", fmt.Sprintf(`{"all": true, "from": %q, "duration": "1h", "reason": "move"}`, from.Format(time.RFC3339)), 201)
	require.Equal(t, "coming", w.State)
	h.later(61 * time.Minute)
	h.settled(1, withheld)
	longer := h.call("POST", fmt.Sprintf("/%d/extend", w.ID), `{"duration": "3h", "by": "asha"}`, 200)
	require.WithinDuration(t, h.now().Add(3*time.Hour), longer.Until, time.Minute)
	h.settled(1, func(i incident.Incident) bool { return i.Maintenance.Until.Equal(longer.Until) })
	require.Contains(t, h.timeline(1), "by Asha Rao: move (opened by deploy)")
}

// Users of the shop are affected whatever is done to its database: it pages,
// and says what the likely cause is.
func TestADependencyInMaintenanceIsNamed(t *testing.T) {
	h := newWorks(t)
	h.call("POST", "", `{"service": "database", "duration": "30m", "reason": "patches"}`, 201)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	require.Contains(t, h.mail("asha@example.org", 1).Text, "database, on which it depends, is in maintenance until")
	h.later(time.Minute)
	h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() })
	h.request(http.MethodGet, "/incidents/1", "", 200, "database, on which it depends, is in maintenance until")
}

func TestTheSameRequestTwice(t *testing.T) {
	h := newWorks(t)
	const body = `{"service": "shop", "duration": "30m", "reason": "release 7"}`
	first := h.call("POST", "", body, 201, "Idempotency-Key", "run 1")
	h.later(time.Minute)
	require.Equal(t, first, h.call("POST", "", body, 200, "Idempotency-Key", "run 1"))
	h.call("POST", "", strings.Replace(body, "30m", "40m", 1), 422, "Idempotency-Key", "run 1")
	require.NotEqual(t, first.ID, h.call("POST", "", body, 201, "Idempotency-Key", "run 2").ID)
	require.Equal(t, 1, testutil.CollectAndCount(h.registry, "tocsin_service_maintenance"), "the series are bounded")

	over := h.call("DELETE", fmt.Sprintf("/%d", first.ID), "", 200)
	require.Equal(t, "over", over.State)
	h.later(time.Minute)
	require.Equal(t, over, h.call("DELETE", fmt.Sprintf("/%d", first.ID), "", 200), "ending twice is ending once")
	require.Equal(t, over, h.call("POST", "", body, 200, "Idempotency-Key", "run 1"), "a late repetition opens nothing")
}

func TestWhatTheAPIRefuses(t *testing.T) {
	h := newWorks(t)
	const good = `{"service": "shop", "duration": "30m", "reason": "release 7"}`
	cases := []struct {
		name, method, path, body string
		headers                  []string
		code                     int
		text                     string
	}{
		{"no token", "POST", "", good, []string{"Authorization", ""}, 401, "the bearer token is missing or wrong"},
		{"Alertmanager's token", "POST", "", good, []string{"Authorization", "Bearer secret"}, 401, "the bearer token is missing or wrong"},
		{"no bearer", "DELETE", "/1", "", []string{"Authorization", "Basic hush"}, 401, "the bearer token is missing or wrong"},
		{"another site's page", "POST", "", good, []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-origin"},
		{"an unknown service", "POST", "", `{"service": "shpo", "duration": "30m", "reason": "r"}`, nil, 400, `unknown service "shpo" (did you mean "shop"?)`},
		{"too long", "POST", "", `{"service": "shop", "duration": "2d", "reason": "r"}`, nil, 400, "want at most 1d: open it for less and extend it, or raise defaults.longest_maintenance"},
		{"an unknown field", "POST", "", `{"services": ["shop"], "minutes": 30}`, nil, 400, `unknown field "minutes": want a body such as {"service"`},
		{"no JSON", "POST", "", `service=shop`, nil, 400, "want a body such as"},
		{"nothing", "POST", "", "", nil, 400, "the body is empty"},
		{"an endless key", "POST", "", good, []string{"Idempotency-Key", strings.Repeat("k", 201)}, 400, "Idempotency-Key is too long"},
		{"no such window", "DELETE", "/7", "", nil, 404, "no such maintenance window"},
		{"no number", "POST", "/x/end", "", nil, 404, "no such maintenance window"},
		{"extending for no time", "POST", "/1/extend", `{"duration": "long"}`, nil, 400, "malformed duration"},
		{"an odd state", "GET", "?state=odd", "", nil, 400, `state is "odd"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), c.method, h.url+"/api/v1/maintenance"+c.path, strings.NewReader(c.body))
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer hush")
			for n := 0; n < len(c.headers); n += 2 {
				request.Header.Set(c.headers[n], c.headers[n+1])
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer func() { _ = response.Body.Close() }()
			text := readAll(t, response)
			require.Equal(t, c.code, response.StatusCode, text)
			require.Contains(t, strings.ReplaceAll(text, `\"`, `"`), c.text)
			require.NotContains(t, text, "hush")
		})
	}
	require.Equal(t, 0, testutil.CollectAndCount(h.registry, "tocsin_service_maintenance"))

	h.write("deploy", "")
	h.call("POST", "", good, 503)
	h.catalog(estate)
	h.reload()
	h.call("POST", "", good, 403)
}

func readAll(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}

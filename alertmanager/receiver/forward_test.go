package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/inbound"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
)

// taker is an Alertmanager to which alerts are posted.
type taker struct {
	away  bool
	login string        // that it wants
	got   []amapi.Alert // of the last post
}

func (k *taker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k.login != "" && r.Header.Get("Authorization") != k.login {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if !k.away && r.URL.Path == "/api/v2/status" {
		_, _ = w.Write([]byte("{}"))
		return
	}
	if k.away || r.URL.Path != "/api/v2/alerts" || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	k.got = nil
	if err := json.NewDecoder(r.Body).Decode(&k.got); err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
}

// gateway is a receiver with a source of alerts and two Alertmanagers, and a
// clock that stands still.
type gateway struct {
	t        *testing.T
	now      time.Time
	a, b     *taker
	text     string
	folder   string
	kept     *store.Store
	receiver *Receiver
	forward  *forwarder
}

const twoMembers = `
links: {alertmanager: [FIRST, SECOND]}
monitoring: {team: t}
teams: {t: {}, other: {}}
services: {s: {team: t, alerts_from: [{title: s}]}}
inbound: {source: {token_file: x, grafana: {}}}
`

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{t: t, now: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), a: &taker{}, b: &taker{}, folder: t.TempDir(), text: twoMembers}
	for name, member := range map[string]*taker{"FIRST": g.a, "SECOND": g.b} {
		server := httptest.NewServer(member)
		t.Cleanup(server.Close)
		g.text = strings.Replace(g.text, name, server.URL, 1)
	}
	g.live()
	t.Cleanup(func() { _ = g.kept.Close() })
	return g
}

// live begins a life of the receiver.
func (g *gateway) live() {
	g.t.Helper()
	var err error
	g.kept, err = store.Open(context.WithoutCancel(g.t.Context()), filepath.Join(g.folder, "data"))
	require.NoError(g.t, err)
	g.receiver, err = New(g.t.Context(), Options{Store: g.kept, Now: func() time.Time { return g.now }})
	require.NoError(g.t, err)
	g.load(g.text)
	g.forward = &forwarder{receiver: g.receiver, failing: map[string]bool{}}
}

func (g *gateway) load(text string) {
	g.t.Helper()
	c, err := catalog.Parse("tocsin.yml", []byte(text))
	require.NoError(g.t, err)
	require.NoError(g.t, g.receiver.Update(c))
}

func (g *gateway) says(id string, events ...inbound.Event) error {
	return g.receiver.Arrived(g.t.Context(), inbound.Message{Source: "source", ID: id, Body: []byte("{}"), Events: events})
}

// posts is what the first member has after a round.
func (g *gateway) posts() []amapi.Alert {
	g.a.got, g.b.got = nil, nil
	g.forward.round(g.t.Context())
	if !g.a.away && !g.b.away {
		require.Equal(g.t, g.a.got, g.b.got, "every member hears the same")
	}
	if g.a.away {
		return g.b.got
	}
	return g.a.got
}

func (g *gateway) fired() inbound.Event {
	return inbound.Event{Key: "k", Title: "s", At: g.now.Add(-time.Minute)}
}

func TestItIsPostedUntilItIsOver(t *testing.T) {
	g := newGateway(t)
	require.Empty(t, g.posts())
	require.NoError(t, g.says("1", g.fired()))
	first := g.posts()
	require.Len(t, first, 1)
	require.Equal(t, "s", first[0].Labels["service"])
	require.Equal(t, "t", first[0].Labels["team"])
	require.Equal(t, g.now.Add(-time.Minute), first[0].StartsAt)
	require.Equal(t, g.now.Add(time.Hour), first[0].EndsAt, "a receiver that is away for less ends nothing")

	g.now = g.now.Add(50 * time.Minute)
	require.NoError(t, g.kept.Close()) // a new life
	g.live()
	again := g.posts()
	require.Equal(t, first[0].StartsAt, again[0].StartsAt, "it is the same occurrence")
	require.Equal(t, first[0].Labels, again[0].Labels)
	require.Equal(t, g.now.Add(time.Hour), again[0].EndsAt)

	require.NoError(t, g.says("2", inbound.Event{Key: "k", Title: "s", Ended: true, At: g.now.Add(-time.Second)}))
	require.Equal(t, g.now.Add(-time.Second), g.posts()[0].EndsAt)
	g.now = g.now.Add(10 * time.Minute)
	require.Len(t, g.posts(), 1, "the end is told for a while, to an Alertmanager that was away")
	g.now = g.now.Add(10 * time.Minute)
	require.Empty(t, g.posts())
}

// Repeated, late and reordered messages raise nothing twice and end nothing
// that goes on.
func TestMessagesInAnyOrder(t *testing.T) {
	begin := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	fire := func(minute int) inbound.Event {
		return inbound.Event{Key: "k", Title: "s", At: begin.Add(time.Duration(minute) * time.Minute)}
	}
	end := func(minute int) inbound.Event {
		e := fire(minute)
		e.Ended = true
		return e
	}
	for name, c := range map[string]struct {
		said []inbound.Event
		ids  string // of the messages; the same letter is the same message
		want string
	}{
		"fired":                        {[]inbound.Event{fire(1)}, "a", "08:01-"},
		"fired twice":                  {[]inbound.Event{fire(1), fire(5)}, "ab", "08:01-"},
		"the end first":                {[]inbound.Event{end(5), fire(1)}, "ab", ""},
		"the end twice":                {[]inbound.Event{fire(1), end(5), end(5)}, "abc", "08:01-08:05"},
		"the beginning again":          {[]inbound.Event{fire(1), end(5), fire(1)}, "abc", "08:01-08:05"},
		"it comes back":                {[]inbound.Event{fire(1), end(5), fire(7)}, "abc", "08:01-08:05 08:07-"},
		"the old end after it is back": {[]inbound.Event{fire(7), end(5)}, "ab", "08:07-"},
		"one message twice":            {[]inbound.Event{fire(1), end(5), fire(7)}, "aba", "08:01-08:05"},
		"of the future":                {[]inbound.Event{fire(90)}, "a", "09:00-"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			for n, e := range c.said {
				require.NoError(t, g.says(c.ids[n:n+1], e))
			}
			got := ""
			for _, p := range g.posts() {
				if got != "" {
					got += " "
				}
				got += p.StartsAt.Format("15:04") + "-"
				if p.EndsAt.Before(g.now) {
					got += p.EndsAt.Format("15:04")
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestWhatEndsByItself(t *testing.T) {
	g := newGateway(t)
	e := g.fired()
	e.Expire = 2 * time.Hour
	require.NoError(t, g.says("", e))
	g.now = g.now.Add(time.Hour)
	require.NoError(t, g.says("", e), "told again: it lasts longer")
	g.now = g.now.Add(90 * time.Minute)
	require.True(t, g.posts()[0].EndsAt.After(g.now))
	require.LessOrEqual(t, g.forward.round(t.Context()), forwardEvery)
	g.now = g.now.Add(30 * time.Minute)
	require.Equal(t, g.now, g.posts()[0].EndsAt)
	require.NoError(t, g.says("", inbound.Event{Key: "k", Title: "s", At: g.now}))
	require.False(t, g.posts()[0].EndsAt.After(g.now), "the same instant is not a new beginning")
}

func TestASourceThatLeavesTheCatalogueEndsItsAlerts(t *testing.T) {
	g := newGateway(t)
	require.NoError(t, g.says("", g.fired()))
	require.True(t, g.posts()[0].EndsAt.After(g.now))
	g.load(strings.Replace(g.text, "inbound: {source:", "inbound: {other:", 1))
	require.Equal(t, g.now, g.posts()[0].EndsAt)
	require.ErrorContains(t, g.says("", g.fired()), "inbound.source is not in the catalogue any more")
}

// To Alertmanager other labels are another alert.
func TestAnotherSeverityEndsTheOldAlert(t *testing.T) {
	g := newGateway(t)
	e := g.fired()
	require.NoError(t, g.says("", e))
	e.Severity = catalog.SeverityCritical
	g.now = g.now.Add(time.Minute)
	require.NoError(t, g.says("", e))
	both := g.posts()
	require.Len(t, both, 2)
	require.Equal(t, "warning", both[0].Labels["severity"])
	require.Equal(t, g.now, both[0].EndsAt)
	require.Equal(t, "critical", both[1].Labels["severity"])
	require.True(t, both[1].EndsAt.After(g.now))
}

func TestAMemberThatIsAway(t *testing.T) {
	g := newGateway(t)
	g.a.away = true
	require.NoError(t, g.says("", g.fired()))
	require.Len(t, g.posts(), 1, "the other hears of it")
	require.Equal(t, forwardSoon, g.forward.round(t.Context()), "and the first is asked again soon")
	g.a.away = false
	require.Len(t, g.posts(), 1)
	require.Len(t, g.a.got, 1)
}

func TestTooManyAlertsOfOneSource(t *testing.T) {
	g := newGateway(t)
	var flood []inbound.Event
	for n := range mostForeign {
		flood = append(flood, inbound.Event{Key: time.Duration(n).String(), Title: "s"})
	}
	for some := range slices.Chunk(flood, 1000) {
		require.NoError(t, g.says("", some...))
	}
	require.True(t, errors.Is(g.says("", inbound.Event{Key: "one more", Title: "s"}), errManyForeign))
	require.NoError(t, g.says("", inbound.Event{Key: "1ns", Title: "s"}, inbound.Event{Key: "0s", Title: "s", Ended: true}), "ends are always taken, beside what goes on too")
	require.NoError(t, g.says("", inbound.Event{Key: "one more", Title: "s"}))
}

// When no Alertmanager takes what comes from elsewhere, people hear of it
// without one, once, and with what it is about.
func TestAlertsThatNobodyTakesAreAnIncident(t *testing.T) {
	g := newGateway(t)
	g.load(g.text)
	require.NoError(t, g.says("1", g.fired()))
	g.a.away, g.b.away = true, true
	open := func(after time.Duration) []incident.Incident {
		t.Helper()
		g.now = g.now.Add(after)
		g.forward.round(t.Context())
		found, err := g.kept.Current(t.Context())
		require.NoError(t, err)
		return found
	}
	require.Empty(t, open(0))
	require.Empty(t, open(stuckAfter-time.Second))
	raised := open(time.Second)
	require.Len(t, raised, 1)
	require.Equal(t, incident.SeverityCritical, raised[0].Severity)
	require.Regexp(t, `since 09:00:00 UTC \(it answered 502\)\. 1 of its alerts fire; the first: .+ \(service s\)`, raised[0].Lead().Annotations["description"])
	require.Len(t, open(time.Hour), 1)
	g.b.away = false
	require.Empty(t, open(time.Minute), "one that takes them is enough")
}

// The receiver logs in to Alertmanager as the catalogue says, to post and to ask.
func TestAnAlertmanagerThatWantsALogin(t *testing.T) {
	g := newGateway(t)
	g.a.login, g.b.login = "Bearer hush", "Bearer hush"
	require.NoError(t, g.says("", g.fired()))
	require.Empty(t, g.posts())
	token := filepath.Join(g.folder, "token")
	require.NoError(t, os.WriteFile(token, []byte("hush\n"), 0o600))
	g.load("accounts: {alertmanager: {auth: {bearer: {file: " + token + "}}}}\n" + g.text)
	require.Len(t, g.posts(), 1)
	c := newReconciler(g.receiver, catalog.MainCluster)
	for _, member := range g.receiver.Catalog().Links.Alertmanager {
		_, err := c.get(t.Context(), member, "/api/v2/status", func(d *json.Decoder) error { return d.Decode(new(any)) })
		require.NoError(t, err)
	}
}

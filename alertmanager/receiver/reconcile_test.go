package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// member is one Alertmanager of a cluster, as its API answers.
type member struct {
	started string
	lists   []string
	quiet   bool // asha has silenced all of it
	away    bool

	heard  time.Duration // ago Prometheus told of its watchdog; 0 for never
	since  time.Duration // ago the watchdog began
	shows  string        // the service of what it lists; "" for no labels
	answer string        // of the list, instead of what it has
}

func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.away {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var answer any = map[string]string{"uptime": m.started}
	switch r.URL.Path {
	case "/api/v2/alerts":
		status := map[string]any{"state": "active", "silencedBy": []string{}, "inhibitedBy": []string{}}
		if m.quiet {
			status = map[string]any{"state": "suppressed", "silencedBy": []string{"1c2d"}, "inhibitedBy": []string{}}
		}
		list := []map[string]any{}
		for _, fingerprint := range m.lists {
			list = append(list, map[string]any{
				"fingerprint": fingerprint, "status": status, "startsAt": time.Now(), "annotations": map[string]string{"summary": fingerprint},
				"labels": map[string]string{"service": m.shows, "severity": "critical", "audience": "users"},
			})
		}
		if m.heard > 0 {
			list = append(list, map[string]any{
				"fingerprint": "dog", "status": status, "labels": map[string]string{"alertname": watchdog, "severity": "info", "service": "tocsin"},
				"startsAt": time.Now().Add(-m.since), "updatedAt": time.Now().Add(-m.heard),
			})
		}
		answer = list
	case "/api/v2/silences":
		answer = []map[string]string{{"id": "1c2d", "createdBy": "asha", "comment": "a deployment"}}
	}
	if m.answer != "" && r.URL.Path == "/api/v2/alerts" {
		answer = json.RawMessage(m.answer)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// TestAnEndThatWasNotToldIsFound: an alert ends while it is inhibited, and
// Alertmanager says nothing.
func TestAnEndThatWasNotToldIsFound(t *testing.T) {
	listed, empty := []string{"f"}, []string(nil)
	cases := []struct {
		name   string
		rounds []func(a, b *member)
		open   bool
	}{
		{"listed for good", []func(a, b *member){nil, nil, nil}, true},
		{"dropped by both, seen twice", []func(a, b *member){nil, func(a, b *member) { a.lists, b.lists = empty, empty }, nil}, false},
		{"dropped by both, seen once", []func(a, b *member){nil, func(a, b *member) { a.lists, b.lists = empty, empty }}, true},
		{"dropped by one", []func(a, b *member){nil, func(a, _ *member) { a.lists = empty }, nil, nil}, true},
		{"both were started anew", []func(a, b *member){nil, func(a, b *member) {
			a.lists, b.lists, a.started, b.started = empty, empty, "later", "later"
		}, nil, nil}, true},
		{"one cannot be asked", []func(a, b *member){nil, func(a, b *member) { a.lists, b.away = empty, true }, nil, nil}, true},
		{"one answers nonsense", []func(a, b *member){nil, func(a, b *member) { a.lists, b.answer = empty, "null" }, nil, nil}, true},
		{"never listed", []func(a, b *member){func(a, b *member) { a.lists, b.lists = empty, empty }, nil, nil}, true},
		{"dropped, and back", []func(a, b *member){
			nil, func(a, b *member) { a.lists, b.lists = empty, empty }, func(a, _ *member) { a.lists = listed },
			func(a, _ *member) { a.lists = empty },
		}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, b := &member{started: "then", lists: listed}, &member{started: "then", lists: listed}
			r := over(t, a, b)
			require.NoError(t, r.Accept(t.Context(), webhook.Notification{Source: "alertmanager", Body: []byte("{}"), Alerts: []incident.Alert{{
				Source: "alertmanager", Fingerprint: "f", StartsAt: time.Now(), Labels: map[string]string{"service": "s", "severity": "info", "audience": "developers"},
			}}}))
			rounds := newReconciler(r, catalog.MainCluster)
			for _, change := range c.rounds {
				if change != nil {
					change(a, b)
				}
				_ = rounds.round(t.Context())
			}
			i, err := r.Incident(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, c.open, i.Open())
			if !c.open {
				events, err := r.Events(t.Context(), 1)
				require.NoError(t, err)
				require.Contains(t, fmt.Sprint(events), reasonUnlisted)
			}
		})
	}
}

func over(t *testing.T, members ...http.Handler) *Receiver {
	t.Helper()
	return overWith(t, Options{}, nil, members...)
}

// overWith has a Prometheus too, nil for none.
func overWith(t *testing.T, o Options, source http.Handler, members ...http.Handler) *Receiver {
	t.Helper()
	links := ""
	for n, m := range members {
		server := httptest.NewServer(m)
		t.Cleanup(server.Close)
		if n > 0 {
			links += ", "
		}
		links += server.URL
	}
	links = "alertmanager: [" + links + "]"
	if source != nil {
		server := httptest.NewServer(source)
		t.Cleanup(server.Close)
		links += ", prometheus: " + server.URL
	}
	c, err := catalog.Parse("tocsin.yml", []byte("links: {"+links+"}\nmonitoring: {team: t, break_glass: [{slack: {channel: '#x', webhook_file: x}}]}\nteams: {t: {channels: {slack: {channel: '#x', webhook_file: x}}}}\nservices: {s: {team: t, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}\n"))
	require.NoError(t, err)
	kept, err := store.Open(context.WithoutCancel(t.Context()), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = kept.Close() })
	o.Store = kept
	r, err := New(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, r.Update(c))
	return r
}

// TestAnEndThatARestartHid: the alert ended while Alertmanager was down, and the
// one that was started since never had it.
func TestAnEndThatARestartHid(t *testing.T) {
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339Nano) }
	for name, c := range map[string]struct {
		a, b   string // when the members were started
		beats  bool   // the source's watchdog comes
		listed bool   // by b
		open   bool
	}{
		"both know":             {a: ago(time.Hour), b: ago(21 * time.Minute), beats: true},
		"one is too young":      {a: ago(time.Hour), b: ago(19 * time.Minute), beats: true, open: true},
		"the source is silent":  {a: ago(time.Hour), b: ago(time.Hour), open: true},
		"one has it":            {a: ago(time.Hour), b: ago(time.Hour), beats: true, listed: true, open: true},
		"one is from elsewhere": {a: ago(time.Hour), b: "then", beats: true, open: true},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := &member{started: c.a}, &member{started: c.b}
			if c.listed {
				b.lists = []string{"f"}
			}
			r := over(t, a, b)
			require.NoError(t, r.Accept(t.Context(), webhook.Notification{Source: "alertmanager", Body: []byte("{}"), Alerts: []incident.Alert{{
				Source: "alertmanager", Fingerprint: "f", StartsAt: time.Now(), Labels: map[string]string{"service": "s", "severity": "info", "audience": "developers"},
			}}}))
			if c.beats {
				require.NoError(t, r.Beat(t.Context(), "alertmanager"))
			}
			rounds := newReconciler(r, catalog.MainCluster)
			for range missesToEnd {
				require.NoError(t, rounds.round(t.Context()))
			}
			i, err := r.Incident(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, c.open, i.Open())
		})
	}
}

func TestTokensAreGoodForOnePersonOneIncidentAndATime(t *testing.T) {
	now := time.Now()
	s := signer{key: []byte("key")}
	token := s.sign(7, "asha of shop", now.Add(time.Hour))
	id, person, err := s.check(token, now)
	require.NoError(t, err)
	require.Equal(t, incident.ID(7), id)
	require.Equal(t, "asha of shop", person)
	_, _, err = s.check(token, now.Add(2*time.Hour))
	require.Equal(t, expired(7), err)
	other := signer{key: []byte("other")}
	for _, forged := range []string{"", ".", token + "x", "x" + token, token[:len(token)-2], other.sign(7, "asha", now.Add(time.Hour))} {
		_, _, err := s.check(forged, now)
		require.ErrorIs(t, err, errToken, forged)
	}
}

func TestThePageWaitsForTheHours(t *testing.T) {
	hours := &catalog.Hours{Days: "monday-friday", Times: "09:00-17:30", Timezone: "Europe/London"}
	from := within(hours)
	cases := map[string]string{
		"2026-11-23T12:00:30Z": "2026-11-23T12:00:30Z", // Monday noon
		"2026-11-23T17:30:00Z": "2026-11-24T09:00:00Z",
		"2026-11-24T08:59:59Z": "2026-11-24T09:00:00Z",
		"2026-11-27T22:13:07Z": "2026-11-30T09:00:00Z", // over the week-end
		"2026-07-06T07:00:00Z": "2026-07-06T08:00:00Z", // summer
	}
	for at, want := range cases {
		instant, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		got, ok := from(instant)
		require.True(t, ok)
		require.Equal(t, want, got.UTC().Format(time.RFC3339), at)
	}
	_, ok := within(&catalog.Hours{Days: "never"})(time.Now())
	require.False(t, ok)
}

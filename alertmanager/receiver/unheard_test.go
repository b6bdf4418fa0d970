package receiver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// mute is a member that lists an alert and tells nobody.
type mute struct {
	alert map[string]any
	away  bool
}

func (m *mute) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case m.away:
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/api/v2/alerts" && m.alert != nil:
		_ = json.NewEncoder(w).Encode([]any{m.alert})
	case r.URL.Path == "/api/v2/status":
		_, _ = w.Write([]byte(`{"uptime": "then"}`))
	default:
		_, _ = w.Write([]byte(`[]`))
	}
}

// begun is when the alert of these tests began.
var begun = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// lists is a critical alert as a member has it, changed by change.
func lists(change func(a map[string]any, labels map[string]string)) *mute {
	labels := map[string]string{"alertname": "ServiceDown", "service": "s", "severity": "critical", "audience": "users"}
	alert := map[string]any{
		"fingerprint": "f", "startsAt": begun, "labels": labels, "annotations": map[string]string{"summary": "s is down"},
		"receivers": []map[string]string{{"name": "team"}, {"name": ourName}},
		"status":    map[string]any{"state": "active", "silencedBy": []string{}, "inhibitedBy": []string{}},
	}
	if change != nil {
		change(alert, labels)
	}
	return &mute{alert: alert}
}

// TestWhatAlertmanagerDidNotTellIsFound: it has a critical alert for the receiver,
// and its notification never comes.
func TestWhatAlertmanagerDidNotTellIsFound(t *testing.T) {
	state := func(a map[string]any, name string) {
		a["status"] = map[string]any{"state": name, "silencedBy": []string{}, "inhibitedBy": []string{"other"}}
	}
	for name, c := range map[string]struct {
		change func(a map[string]any, labels map[string]string)
		before func(t *testing.T, r *Receiver)
		other  *mute
		opens  bool
	}{
		"it is taken up":                   {opens: true},
		"another member is away":           {opens: true, other: &mute{away: true}},
		"another member has it as well":    {opens: true, other: lists(func(a map[string]any, _ map[string]string) { a["startsAt"] = begun.Add(time.Second) })},
		"it is silenced or inhibited":      {change: func(a map[string]any, _ map[string]string) { state(a, "suppressed") }},
		"it has only just come":            {change: func(a map[string]any, _ map[string]string) { state(a, "unprocessed") }},
		"it is for others":                 {change: func(a map[string]any, _ map[string]string) { a["receivers"] = []map[string]string{{"name": "team"}} }},
		"it is no more than a warning":     {change: func(_ map[string]any, labels map[string]string) { labels["severity"] = "warning" }},
		"it is an exercise":                {change: func(_ map[string]any, labels map[string]string) { labels[incident.LabelDrill] = "d1" }},
		"it is the watchdog":               {change: func(_ map[string]any, labels map[string]string) { labels["alertname"] = watchdog }},
		"somebody has resolved it by hand": {before: resolvedByHand},
		"it began anew since":              {before: resolvedByHand, opens: true, change: func(a map[string]any, _ map[string]string) { a["startsAt"] = begun.Add(time.Minute) }},
		"it began before, another member says": {
			before: resolvedByHand, change: func(a map[string]any, _ map[string]string) { a["startsAt"] = begun.Add(time.Second) }, other: lists(nil),
		},
	} {
		t.Run(name, func(t *testing.T) {
			var offset atomic.Int64
			members := []http.Handler{lists(c.change)}
			if c.other != nil {
				members = append(members, c.other)
			}
			r := overWith(t, Options{Now: func() time.Time { return begun.Add(10*time.Minute + time.Duration(offset.Load())) }}, nil, members...)
			if c.before != nil {
				c.before(t, r)
			}
			rounds := newReconciler(r, catalog.MainCluster)
			for range unheardAfter / reconcileEvery {
				_ = rounds.round(t.Context()) // a member is away
				require.Empty(t, open(t, r), "its notification may still come")
				offset.Add(int64(reconcileEvery))
			}
			_ = rounds.round(t.Context())
			_ = rounds.round(t.Context())
			if !c.opens {
				require.Empty(t, open(t, r))
				return
			}
			found := open(t, r)
			require.Len(t, found, 1)
			require.Len(t, found[0].Firing(), 1)
			require.False(t, found[0].Paging.Due.IsZero(), "the phones ring")
			events, err := r.Events(t.Context(), found[0].ID)
			require.NoError(t, err)
			require.Contains(t, fmt.Sprint(events), "told nobody here")
		})
	}
}

func open(t *testing.T, r *Receiver) []incident.Incident {
	t.Helper()
	open, err := r.store.Current(t.Context())
	require.NoError(t, err)
	return open
}

// resolvedByHand has the alert told, and somebody end it.
func resolvedByHand(t *testing.T, r *Receiver) {
	require.NoError(t, r.Accept(t.Context(), webhook.Notification{Source: catalog.MainCluster, Body: []byte("{}"), Alerts: []incident.Alert{{
		Source: catalog.MainCluster, Fingerprint: "f", StartsAt: begun, Labels: map[string]string{"service": "s", "severity": "critical", "audience": "users"},
	}}}))
	require.NoError(t, r.on(t.Context(), 1, incident.Resolve{Incident: 1, Person: "asha"}, nil))
}

// What was taken up ends as everything does.
func TestTheEndOfWhatWasTakenUp(t *testing.T) {
	var offset atomic.Int64
	m := lists(nil)
	r := overWith(t, Options{Now: func() time.Time { return begun.Add(time.Duration(offset.Load())) }}, nil, m)
	rounds := newReconciler(r, catalog.MainCluster)
	for range unheardAfter/reconcileEvery + 2 {
		require.NoError(t, rounds.round(t.Context()))
		offset.Add(int64(reconcileEvery))
	}
	require.Len(t, open(t, r), 1)
	m.alert = nil
	for range missesToEnd {
		require.NoError(t, rounds.round(t.Context()))
	}
	require.Empty(t, open(t, r))
}

// The rendered configuration gives the receiver the name by which it knows what is
// for it.
func TestOurNameIsThatOfTheConfiguration(t *testing.T) {
	for _, name := range []string{"ministry.yml", "fragment.yml"} {
		text, err := os.ReadFile(filepath.Join("..", "render", "testdata", name))
		require.NoError(t, err)
		require.Contains(t, string(text), "  - name: "+ourName+"\n")
	}
}

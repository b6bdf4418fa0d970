package receiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
)

// ends says that the alert of [watched] has resolved.
func ends(t *testing.T, r *Receiver) {
	t.Helper()
	require.NoError(t, r.Accept(t.Context(), webhook.Notification{Source: "alertmanager", Body: []byte("{}"), Alerts: []incident.Alert{{
		Source: "alertmanager", Fingerprint: "f", StartsAt: time.Now(), Resolved: true, EndsAt: time.Now().Add(time.Second), Labels: map[string]string{"service": "s", "severity": "critical", "audience": "users"},
	}}}))
}

func standing(t *testing.T, r *Receiver) incident.Incident {
	t.Helper()
	i, err := r.Incident(t.Context(), 1)
	require.NoError(t, err)
	return i
}

// TestPrometheusDiesDuringAnOutage: after four minutes Alertmanager takes what
// fired for resolved, says so, and lists it no more. Nothing of that ends it.
func TestPrometheusDiesDuringAnOutage(t *testing.T) {
	r, rounds, a, b := watched(t)
	look := func(times int) {
		for range times {
			require.NoError(t, rounds.sight(t.Context(), rounds.round(t.Context())))
		}
	}
	a.heard, a.since, b.heard, b.since = time.Minute, time.Hour, time.Minute, time.Hour
	look(1)
	require.Zero(t, standing(t, r).Unsighted)

	a.heard, b.heard = 3*time.Minute, 3*time.Minute
	r.hearing = hearing{} // it was heard last three minutes ago
	look(2)
	require.NotZero(t, standing(t, r).Unsighted)
	ends(t, r)
	require.True(t, standing(t, r).Open(), "nobody has said that it is over")

	a.lists, b.lists, a.heard, b.heard = nil, nil, 0, 0
	look(4)
	ends(t, r)
	require.True(t, standing(t, r).Open(), "Alertmanager has forgotten it")
	require.NotZero(t, standing(t, r).Unsighted)

	a.heard, a.since, b.heard, b.since = time.Second, time.Minute, time.Second, time.Minute
	require.NoError(t, r.Beat(t.Context(), "alertmanager"))
	a.started = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano)
	b.started = a.started
	look(4)
	require.True(t, standing(t, r).Open(), "Prometheus has just begun to look")
	require.Zero(t, standing(t, r).Unsighted)
	a.since, b.since = knowsAfter+time.Minute, knowsAfter+time.Minute
	r.hearing = hearing{}
	look(4)
	require.False(t, standing(t, r).Open(), "by now it would have told of it again")
}

func TestAnEndThatPrometheusTellsIsBelieved(t *testing.T) {
	for name, heard := range map[string]time.Duration{"one is heard": time.Minute, "it is not known": 0} {
		t.Run(name, func(t *testing.T) {
			r, rounds, a, b := watched(t)
			a.heard, b.heard = heard, 10*heard // one member of the cluster is cut off
			require.NoError(t, rounds.round(t.Context()))
			ends(t, r)
			require.False(t, standing(t, r).Open())
		})
	}
}

func TestEachPrometheusHasAVoice(t *testing.T) {
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	london := map[string]string{"alertname": watchdog, "team": "a", "cluster": "london"}
	dublin := map[string]string{"alertname": watchdog, "team": "b", "cluster": "dublin"}
	h := &hearing{}
	h.note(now, "", []voice{newVoice("", london, now, now.Add(-3*time.Minute)), newVoice("", dublin, now, now)})
	of := func(cluster, name string) incident.Alert {
		return incident.Alert{Labels: map[string]string{"cluster": cluster, "alertname": name}}
	}
	require.Equal(t, "Prometheus has told Alertmanager nothing since 02:57:00 UTC", h.silent(of("london", "ServiceDown"), now))
	require.Empty(t, h.silent(of("dublin", "ServiceDown"), now))
	require.Empty(t, h.silent(of("paris", "ServiceDown"), now), "who has no watchdog is believed")
	require.Empty(t, h.silent(of("london", "ServiceDown"), now.Add(2*time.Minute)), "what was asked long ago says nothing")
	h.note(now.Add(5*time.Minute), "", []voice{newVoice("", dublin, now, now.Add(5*time.Minute))})
	require.NotEmpty(t, h.silent(of("london", "ServiceDown"), now.Add(5*time.Minute)), "its watchdog has expired, too")
	own := of("london", "x")
	own.Source = ownSource
	require.Empty(t, h.silent(own, now.Add(5*time.Minute)))
}

// TestWhatATruncatedNotificationHid: what Alertmanager lists of the service fires,
// and when it lists nothing any more the incident does not stay open.
func TestWhatATruncatedNotificationHid(t *testing.T) {
	r, rounds, a, b := watched(t)
	a.shows, b.shows, a.lists, b.lists = "s", "s", []string{"h"}, []string{"h"}
	require.NoError(t, r.store.Update(t.Context(), func(tx *store.Tx) error {
		return r.report(tx, incident.Reported{Group: "alertmanager/g", Truncated: 1, Alerts: []incident.Alert{{
			Source: "alertmanager", Fingerprint: "f", StartsAt: time.Now(), Resolved: true, EndsAt: time.Now().Add(time.Second), Labels: map[string]string{"service": "s", "severity": "critical", "audience": "users"},
		}}}, r.now())
	}))
	require.True(t, standing(t, r).Open())
	require.Empty(t, standing(t, r).Firing())
	require.NoError(t, rounds.round(t.Context()))
	firing := standing(t, r).Firing()
	require.Len(t, firing, 1)
	require.Equal(t, []string{"alertmanager", "h", "h"}, []string{firing[0].Source, firing[0].Fingerprint, firing[0].Summary()})
	require.NoError(t, rounds.round(t.Context()))
	require.Len(t, standing(t, r).Alerts, 2)

	a.lists, b.lists = nil, nil
	for range 2 * missesToEnd {
		require.True(t, standing(t, r).Open())
		require.NoError(t, rounds.round(t.Context()))
	}
	require.NoError(t, rounds.round(t.Context()))
	require.False(t, standing(t, r).Open())
}

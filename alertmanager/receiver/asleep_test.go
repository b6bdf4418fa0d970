package receiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// TestAReceiverThatOversleptLooksFirst: it was ended in the middle of an outage,
// and is started hours later.
func TestAReceiverThatOversleptLooksFirst(t *testing.T) {
	const asleep = 5 * time.Hour
	for name, c := range map[string]struct {
		asleep time.Duration
		change func(s *source, m *member)
		steps  []time.Duration // after the awakening
		pages  []int           // at each of them
		open   bool
	}{
		"it goes on": {
			asleep: asleep, change: func(_ *source, m *member) { m.lists = []string{"f"} },
			steps: []time.Duration{0, reconcileEvery}, pages: []int{0, 1}, open: true,
		},
		"it was seen once only": {
			asleep: asleep, change: func(_ *source, m *member) { m.lists = []string{"f"} },
			steps: []time.Duration{0}, pages: []int{0}, open: true,
		},
		"it is pending anew": {
			asleep: asleep, change: func(s *source, _ *member) { s.alerts = `{"labels":{"alertname":"ServiceDown","service":"s"}}` },
			steps: []time.Duration{0, reconcileEvery}, pages: []int{0, 1}, open: true,
		},
		"it is over": {
			asleep: asleep, change: func(*source, *member) {},
			steps: []time.Duration{0, wellFor - time.Second, wellFor, mostLooking, time.Hour}, pages: []int{0, 0, 0, 0, 0},
		},
		"nobody says": {
			asleep: asleep, change: func(s *source, m *member) { s.away, m.away = true, true },
			steps: []time.Duration{0, mostLooking - time.Second, mostLooking}, pages: []int{0, 0, 1}, open: true,
		},
		"it was away for a moment": {
			asleep: 13 * time.Minute, change: func(s *source, m *member) { s.away, m.away = true, true },
			steps: []time.Duration{0}, pages: []int{1}, open: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &movedClock{by: -asleep}
			m := &member{started: "then", heard: time.Second, since: time.Minute, lists: []string{"f"}}
			s := &source{name: "ServiceDown", health: "ok", now: clock.now}
			r := overWith(t, Options{Now: clock.now, Reconciles: true}, s, m)
			require.NoError(t, r.Accept(t.Context(), burning(clock.now())))
			told := func() (n int) {
				r.tick(t.Context())
				events, err := r.Events(t.Context(), 1)
				require.NoError(t, err)
				for _, e := range events {
					if e.Kind == incident.KindPaged {
						n++
					}
				}
				return n
			}
			clock.by += 2 * time.Minute
			before := told()
			require.Equal(t, 1, before)

			clock.by += c.asleep - 2*time.Minute
			awake := clock.by
			m.lists, m.started = nil, "later"
			c.change(s, m)
			rounds := newReconciler(r, catalog.MainCluster)
			_ = rounds.round(t.Context()) // hears of Prometheus
			for n, after := range c.steps {
				clock.by = awake + after
				told()
				require.NoError(t, r.Beat(t.Context(), "alertmanager"))
				_ = rounds.round(t.Context()) // says when nobody answers
				require.Equal(t, c.pages[n], told()-before, after)
			}
			i, err := r.Incident(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, c.open, i.Open())
		})
	}
}

package receiver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// TestNobodyIsToldThatItIsOverWhenItIsBack: the message of the end is gathered
// with others for a minute; in that minute the fault comes back.
func TestNobodyIsToldThatItIsOverWhenItIsBack(t *testing.T) {
	h := newHouse(t)
	h.catalog(estate + "  s0: {team: shop, depends_on: [shop], probes: {home: {http: {url: http://127.0.0.1:1/}}}}\n")
	h.reload()
	cause := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(cause))
	down := h.firing("Down", "critical", "users")
	down.Labels["service"] = "s0"
	require.Equal(t, 200, h.post(down))
	h.later(2 * time.Minute)
	h.settled(2, sent("asha", incident.WayPush))
	require.Equal(t, 200, h.post(h.ended(down), h.ended(cause)))
	h.settled(2, func(i incident.Incident) bool { return !i.Open() })
	h.settled(1, func(i incident.Incident) bool { return !i.Open() })
	h.later(10 * time.Second)
	down.StartsAt, down.Status = h.now(), "firing"
	require.Equal(t, 200, h.post(down))
	h.settled(2, func(i incident.Incident) bool {
		last := i.Messages[len(i.Messages)-1]
		return last.Kind == incident.MessageReopened && len(last.Deliveries) > 0 && last.Deliveries[0].State == incident.DeliverySent
	})
	h.later(2 * time.Minute)
	h.settled(2, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() })
	for _, m := range h.inbox.Messages("push:asha") {
		if strings.Contains(m.Subject, "s0") {
			require.NotContains(t, m.Subject, "RESOLVED")
		}
	}
}

// TestWhatASharedDatabaseTakesWithItIsOnePage has twenty services go down with
// the one they depend on: the person on call is rung once, with the list, and
// what is told of the others comes in one message.
func TestWhatASharedDatabaseTakesWithItIsOnePage(t *testing.T) {
	h := newHouse(t)
	services := strings.Builder{}
	for n := range 20 {
		fmt.Fprintf(&services, "  s%d: {team: shop, depends_on: [shop], probes: {home: {http: {url: http://127.0.0.1:1/}}}}\n", n)
	}
	h.catalog(estate + services.String())
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("push:asha", 1)
	for n := range 20 {
		a := h.firing(fmt.Sprintf("Down%d", n), "critical", "users")
		a.Labels["service"] = fmt.Sprintf("s%d", n)
		require.Equal(t, 200, h.post(a))
	}
	h.later(2 * time.Minute)
	h.mail("push:asha", 3)
	var page, digest string
	for _, m := range h.inbox.Messages("push:asha") {
		switch {
		case strings.Contains(m.Subject, "PLEASE ACKNOWLEDGE"):
			page = m.Subject + "\n" + m.Text
		case strings.Contains(m.Subject, "and 19 more"):
			digest = m.Text
		}
	}
	require.Contains(t, page, "(and 20 more)")
	require.Contains(t, page, "20 services: s0, s1, ")
	require.Contains(t, digest, "19 services: s1, s2, ")
	h.mail("asha@example.org", 2)

	// Who takes the cause on stops the phones for all of it.
	h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() })
	require.NoError(t, h.receiver.Acknowledge(t.Context(), 1, "asha", "the test"))
	for id := incident.ID(2); id <= 21; id++ {
		i := h.settled(id, sent("asha", incident.WayPush))
		require.True(t, i.Paging.Due.IsZero())
		require.Equal(t, incident.ID(1), i.Parent)
	}
}

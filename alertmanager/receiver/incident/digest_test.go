package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// rung is an open incident that rang asha so long ago.
func rung(id, parent incident.ID, ago time.Duration) incident.Incident {
	at := start.Add(-ago)
	return incident.Incident{ID: id, Parent: parent, Since: start.Add(-time.Hour), Messages: []incident.Message{{
		Number: 1, Kind: incident.MessagePage, At: at, Deliveries: []incident.Delivery{{Message: 1, Recipient: "asha", Way: "push", State: incident.DeliverySent, At: at}},
	}}}
}

func TestAPageIsHeldThatFollowsAnotherOfItsCause(t *testing.T) {
	changed := func(i incident.Incident, change func(*incident.Incident)) incident.Incident {
		change(&i)
		return i
	}
	silent := incident.Incident{ID: 3, Parent: 1}
	for name, c := range map[string]struct {
		of      incident.Incident
		message incident.Message
		person  string
		others  []incident.Incident
		held    time.Duration
	}{
		"after another below the cause": {of: silent, others: []incident.Incident{rung(2, 1, 20*time.Second)}, held: 40 * time.Second},
		"after the cause":               {of: silent, others: []incident.Incident{rung(1, 0, 20*time.Second)}, held: 40 * time.Second},
		"after a minute":                {of: silent, others: []incident.Incident{rung(2, 1, time.Minute)}},
		"with what waits already": {of: silent, held: 10 * time.Second, others: []incident.Incident{rung(2, 1, 20*time.Second), changed(rung(4, 1, 15*time.Second), func(i *incident.Incident) {
			i.Messages[0].Deliveries[0].State, i.Messages[0].Deliveries[0].HeldUntil = incident.DeliverySending, start.Add(10*time.Second)
		})}},
		"of another cause": {of: silent, others: []incident.Incident{rung(2, 5, time.Second)}},
		"of itself":        {of: rung(3, 1, time.Second)},
		"that was lost": {of: silent, others: []incident.Incident{changed(rung(2, 1, time.Second), func(i *incident.Incident) {
			i.Messages[0].Deliveries[0].State = incident.DeliveryUndelivered
		})}},
		"that is over":                 {of: silent, others: []incident.Incident{changed(rung(2, 1, time.Second), func(i *incident.Incident) { i.Closed = start })}},
		"that rang somebody else":      {of: silent, person: "ben", others: []incident.Incident{rung(2, 1, time.Second)}},
		"by another way":               {of: silent, message: incident.Message{Number: 2, Kind: incident.MessagePage, Again: true}, others: []incident.Incident{rung(2, 1, time.Second)}},
		"that is none":                 {of: silent, message: incident.Message{Number: 2, Kind: incident.MessageUpdate}, others: []incident.Incident{rung(2, 1, time.Second)}},
		"the first about the cause":    {of: incident.Incident{ID: 1}, others: []incident.Incident{rung(2, 1, time.Second)}},
		"the next about the cause":     {of: rung(1, 0, 10*time.Minute), others: []incident.Incident{rung(2, 1, time.Second)}, held: 59 * time.Second},
		"of a tool's that rings there": {of: silent, person: "pagerduty/shop", others: []incident.Incident{rung(2, 1, time.Second)}},
	} {
		t.Run(name, func(t *testing.T) {
			m, person := c.message, c.person
			if m.Kind == "" {
				m = incident.Message{Number: 2, Kind: incident.MessagePage}
			}
			if person == "" {
				person = "asha"
			}
			want := time.Time{}
			if c.held > 0 {
				want = start.Add(c.held)
			}
			state := incident.State{Incidents: append([]incident.Incident{c.of}, c.others...)}
			require.Equal(t, want, state.HeldUntil(c.of, m, person, start))
		})
	}
}

// Another way to somebody whom a digest did not reach is one message too, at once.
func TestTheNextWayOfADigest(t *testing.T) {
	h := shared(t)
	h.report(outage("database"))
	h.report(outage("s1"))
	s1 := h.service("s1")
	d := incident.Delivery{Message: s1.Messages[0].Number, Recipient: "asha", Way: "push"}
	h.play(incident.Claimed{Incident: s1.ID, Deliveries: []incident.Delivery{d}})
	h.pages()
	h.play(incident.Failed{Incident: s1.ID, Delivery: d, Reachable: []string{"sms"}})
	messages := h.service("s1").Messages
	again := messages[len(messages)-1]
	require.Equal(t, []string{"sms"}, again.Ways)
	require.Equal(t, s1.Parent, again.Digest)
	require.True(t, again.Again)
	h.pages()
}

package receiver_test

import (
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// ring is a page that was handed over.
type ring struct {
	at     time.Time
	person string
	way    string
	number int           // of the message
	cause  incident.ID   // at that time
	about  []incident.ID // the incident's own first
}

// oneRing wants one cause to ring nobody twice within the time in which pages are
// gathered. What belongs to one incident may: the steps of its escalation, and
// another way where one came to nothing; so may the first page about the cause
// itself, and what a crash or its provider made late.
func (d *anyDay) oneRing(f *receiver.Flight, i incident.Incident, m incident.Message) {
	now := ring{d.now, f.Message().To.ID, f.Way(), m.Number, i.Cause(), f.About()}
	first := !slices.ContainsFunc(d.rings, func(r ring) bool {
		return r.person == now.person && r.about[0] == i.ID && !r.at.Before(i.Since) && r.number != now.number
	})
	for _, r := range slices.Backward(d.rings) {
		if now.at.Sub(r.at) >= incident.GatherFor || m.Again || f.Attempt() > 1 || i.Parent == 0 && first {
			break
		}
		shared := slices.ContainsFunc(r.about, func(id incident.ID) bool { return slices.Contains(now.about, id) })
		if r.person != now.person || r.at.Equal(now.at) || r.cause != now.cause || shared {
			continue
		}
		rang, err := d.store.Incident(d.t.Context(), r.about[0])
		d.must(err)
		if rang.Open() && rang.Cause() == now.cause && reached(rang, r) {
			d.fail("%s is rung twice about cause %d: %s for %v, and now for %v", r.person, r.cause, r.at.Format(time.TimeOnly), r.about, now.about)
		}
	}
	if f.Attempt() == 1 {
		d.rings = append(d.rings, now)
	}
}

// reached says whether a page was not lost.
func reached(i incident.Incident, r ring) bool {
	m, _ := i.Message(r.number)
	return slices.ContainsFunc(m.Deliveries, func(d incident.Delivery) bool {
		return d.Recipient == r.person && d.Way == r.way && d.State != incident.DeliveryFailed && d.State != incident.DeliveryUndelivered
	})
}

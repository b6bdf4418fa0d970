package receiver_test

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// longestSilence is after which time a page must have been handed over, or a
// dead end be on the timeline: what a child waits for its cause, an incident that
// is back for its owner, a turn of the escalation, and a few crashes.
const longestSilence = 65 * time.Minute

// look judges a message that is about to leave.
func (d *anyDay) look(f *receiver.Flight) {
	m := f.Message()
	d.note("%s %d.%d to %s by %s", m.Kind, m.Incident.ID, m.Number, m.To.ID, f.Way())
	if m.Kind != incident.MessagePage {
		return
	}
	d.pages++
	i, err := d.store.Incident(d.t.Context(), m.Incident.ID)
	if err != nil {
		d.fail("incident %d pages and cannot be read: %v", m.Incident.ID, err)
		return
	}
	if !i.Open() || i.Owner != "" || i.Withheld() {
		d.fail("incident %d pages although open=%v, owner=%q, withheld=%v", i.ID, i.Open(), i.Owner, i.Withheld())
	}
	d.taken[i.ID] = d.now
	for _, also := range m.Also { // one page rings for all of its digest
		d.taken[also.ID] = d.now
	}
	queued, _ := i.Message(m.Number)
	d.oneRing(f, i, queued)
	if !d.entitled(i, queued, m.To.ID) {
		d.fail("incident %d pages %s, who is neither on call nor a step of the escalation: %+v", i.ID, m.To.ID, queued)
	}
}

// entitled says whether a person may be rung by a message now: by a step for
// whom it is, or because an earlier way to the same person failed.
func (d *anyDay) entitled(i incident.Incident, m incident.Message, person string) bool {
	for _, role := range m.To {
		switch {
		case role == incident.RoleOnCall && m.Step == 0:
			// Whoever it was when the message was claimed first: a crash or
			// a repetition may lie in between.
			for _, at := range []time.Time{d.now, m.At} {
				if slices.ContainsFunc(d.receiver.Turns(at), func(t board.Turn) bool { return t.PrimaryID == person }) {
					return true
				}
			}
			return m.At.Before(d.now.Add(-8*time.Hour)) || slices.ContainsFunc(m.Deliveries, func(delivery incident.Delivery) bool { return delivery.Recipient == person })
		case role == incident.RoleBackup && m.Step == 1:
			return person == "dee"
		case role == incident.RoleManager && m.Step == 2:
			return person == "mo"
		case role.Person() == person:
			return slices.ContainsFunc(i.Messages, func(before incident.Message) bool {
				return before.Number < m.Number && before.Kind == incident.MessagePage && slices.ContainsFunc(before.Deliveries, func(d incident.Delivery) bool { return d.Recipient == person })
			})
		}
	}
	return false
}

// promises looks at every open incident that nobody has in hand.
func (d *anyDay) promises() {
	if d.dead {
		return
	}
	open := d.open()
	byID := map[incident.ID]incident.Incident{}
	for _, i := range open {
		byID[i.ID] = i
	}
	for _, i := range open {
		parent := byID[i.Parent]
		critical := slices.ContainsFunc(i.Firing(), func(a incident.Alert) bool {
			return a.Severity() == incident.SeverityCritical && !a.DoubtedUntil.After(d.now)
		})
		if !critical || i.Owner != "" || i.Withheld() || parent.ID != 0 && parent.Owner != "" {
			delete(d.exposed, i.ID)
			continue
		}
		if _, known := d.exposed[i.ID]; !known {
			d.exposed[i.ID] = d.now
		}
		last := d.exposed[i.ID]
		for _, one := range []incident.Incident{i, parent} {
			last = later(last, later(d.taken[one.ID], deadEnd(one)))
		}
		if d.now.Sub(last) > longestSilence {
			d.fail("incident %d of %s has rung nobody since %s: %+v", i.ID, i.Service, last.Format(time.TimeOnly), i.Paging)
		}
	}
}

// deadEnd is when the last page that reached nobody was decided on.
func deadEnd(i incident.Incident) (last time.Time) {
	for _, m := range i.Messages {
		if m.Kind == incident.MessagePage && len(m.Unreached) > 0 {
			last = later(last, m.At)
		}
	}
	return last
}

// finally looks at everything after the calm.
func (d *anyDay) finally() {
	ctx := d.t.Context()
	count, _, _, err := d.store.Waiting(ctx)
	d.must(err)
	if count > 0 {
		d.fail("%d messages were never sent", count)
	}
	heard := map[incident.Occurrence]bool{}
	for id := incident.ID(1); ; id++ {
		i, err := d.store.Incident(ctx, id)
		if err != nil {
			break
		}
		if i.Open() {
			d.fail("incident %d of %s never closes: %+v", i.ID, i.Service, i.Alerts)
		}
		events, err := d.store.Events(ctx, id)
		d.must(err)
		state := incident.State{}
		for _, e := range events {
			state = incident.Apply(state, e)
			if e.Alert != nil {
				heard[e.Alert.Occurrence()] = true
			}
		}
		if folded, _ := state.Incident(id); text(folded) != text(i) {
			d.fail("incident %d is not what its events say:\n%s\n%s", id, text(folded), text(i))
		}
		d.outcomes(i)
	}
	for _, a := range d.accepted {
		if !a.Resolved && !heard[a.Occurrence()] {
			d.fail("the alert %s of %s was taken and is lost", a.Fingerprint, a.StartsAt.Format(time.TimeOnly))
		}
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// outcomes wants to know what became of every message.
func (d *anyDay) outcomes(i incident.Incident) {
	for _, m := range i.Messages {
		for _, delivery := range m.Deliveries {
			if delivery.State == incident.DeliverySending || !delivery.ReceiptBy.IsZero() {
				d.fail("nobody knows what became of message %d.%d, %s to %s by %s: %s, receipt by %s",
					i.ID, m.Number, m.Kind, delivery.Recipient, delivery.Way, delivery.State, delivery.ReceiptBy.Format(time.TimeOnly))
			}
		}
	}
}

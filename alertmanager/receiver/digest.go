package receiver

import (
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// gather makes one sending of those that tell one person the same of several
// incidents of one cause, by one way: the oldest incident's, with the others in
// it. What is told of one incident stays apart, because each says something else;
// but what has changed since somebody should have heard of it first goes with that,
// which says how it is now.
func gather(work []sending) []sending {
	type bundle struct {
		cause          incident.ID
		recipient, way string
		kind           incident.MessageKind
	}
	at := map[bundle]int{}
	var kept []sending
	for _, s := range work {
		b := bundle{s.cause(), s.entry.Recipient, s.entry.Way, s.message.Kind}
		if n := slices.IndexFunc(kept, s.isSaidBy); n >= 0 {
			kept[n].also = append(kept[n].also, s)
			continue
		}
		n, known := at[b]
		if b.cause == 0 || !known || kept[n].tells(s.entry.Incident) {
			at[b] = len(kept)
			kept = append(kept, s)
			continue
		}
		first := &kept[n]
		first.also = append(first.also, s)
		first.urgent = first.urgent || s.urgent
		first.message.Urgent = first.message.Urgent || s.message.Urgent
		if !slices.ContainsFunc(first.message.Also, func(i incident.Incident) bool { return i.ID == s.entry.Incident }) {
			first.message.Also = append(first.message.Also, s.message.Incident)
		}
	}
	return kept
}

// isSaidBy says whether a sending is news of an incident of which another one that
// leaves with it tells the same person for the first time.
func (s sending) isSaidBy(first sending) bool {
	return s.message.Kind == incident.MessageUpdate && !s.urgent && !incident.IsPlace(s.entry.Recipient) &&
		first.message.Kind == incident.MessageOpened && first.tells(s.entry.Incident) &&
		first.entry.Recipient == s.entry.Recipient && first.entry.Way == s.entry.Way
}

// cause is the incident by which a sending is gathered with others; 0 for none.
// Pages about a cause are with those about what comes from it.
func (s sending) cause() incident.ID {
	if s.message.Kind == incident.MessagePage && !incident.IsPlace(s.entry.Recipient) {
		return s.message.Incident.Cause()
	}
	return s.entry.Digest
}

// holdBack puts those back that wait for what else is to come of their cause, and
// gives the others.
func holdBack(tx *store.Tx, i incident.Incident, entries []store.Entry, deliveries []incident.Delivery) (now []store.Entry, err error) {
	for n, e := range entries {
		until := deliveries[n].HeldUntil
		if until.IsZero() {
			now = append(now, e)
		} else if err := tx.Hold(e.ID, i.Cause(), until); err != nil {
			return nil, err
		}
	}
	return now, nil
}

// join adds to the pages that leave now what waits for the same people and
// causes: it must not ring them again a little later.
func (r *Receiver) join(tx *store.Tx, work []sending, now time.Time) ([]sending, error) {
	type ring struct {
		cause  incident.ID
		person string
	}
	joined := map[ring]bool{}
	for _, s := range work {
		one := ring{s.cause(), s.entry.Recipient}
		if s.message.Kind != incident.MessagePage || s.entry.Attempts > 1 || incident.IsPlace(one.person) || joined[one] {
			continue
		}
		joined[one] = true
		held, err := tx.ClaimHeld(now, one.cause, one.person)
		if err != nil {
			return nil, err
		}
		more, err := r.resolveAll(tx, held, now)
		if err != nil {
			return nil, err
		}
		work = append(work, more...)
	}
	return work, nil
}

// alongside lists what a message says of other incidents: the open ones that come
// from its own and, on the page about one that has a cause itself, what else of its
// team comes from that and nobody has.
func alongside(state incident.State, i incident.Incident, m incident.Message) []incident.Incident {
	var found []incident.Incident
	for _, other := range state.Incidents {
		beside := m.Kind == incident.MessagePage && i.Parent != 0 && other.Parent == i.Parent && other.ID != i.ID && other.Team == i.Team && other.Owner == ""
		if other.Open() && (other.Parent == i.ID || beside) {
			found = append(found, other)
		}
	}
	return found
}

package incident

import (
	"fmt"
	"time"
)

func (d *decision) claimed(in Claimed) {
	for _, delivery := range in.Deliveries {
		delivery.State, delivery.At = DeliverySending, d.now
		d.emit(Event{Incident: in.Incident, Kind: KindDeliveryStarted, Delivery: &delivery})
	}
}

func (d *decision) sent(in Sent) {
	known, _ := d.delivery(receiptOf(in))
	early := early(in, known)
	in.Delivery.State, in.Delivery.At, in.Delivery.Progress = DeliverySent, d.now, known.Progress
	if known.Progress.Last {
		in.Delivery.ReceiptBy = time.Time{}
	}
	d.emit(Event{Incident: in.Incident, Kind: KindDelivered, Delivery: &in.Delivery})
	if early != nil {
		d.receipted(*early)
	}
}

// failed notes a delivery that came to nothing.
func (d *decision) failed(in Failed) {
	in.Delivery.State, in.Delivery.At = DeliveryFailed, d.now
	d.emit(Event{Incident: in.Incident, Kind: KindDeliveryFailed, Delivery: &in.Delivery})
	d.instead(in.Incident, in.Delivery)
	d.nextWay(in.Incident, in.Delivery, in.Reachable)
}

// nextWay goes on after a delivery that came to nothing with the next way of
// the same person, if none of the message's other ways worked.
func (d *decision) nextWay(id ID, lost Delivery, reachable []string) {
	i, ok := d.state.Incident(id)
	if !ok {
		return
	}
	m, ok := i.Message(lost.Message)
	if !ok || (m.Kind == MessagePage && !i.rings()) || (!i.Open() && m.Kind != MessageResolved) {
		return // nobody is rung up about it any more, or told of it as if it went on
	}
	tried := map[string]bool{}
	for _, other := range m.Deliveries {
		if other.Recipient != lost.Recipient {
			continue
		}
		if !other.State.lost() {
			return // by another way it got through, or may still
		}
		tried[other.Way] = true
	}
	for n, way := range reachable {
		if tried[way] {
			continue
		}
		again := Message{
			Kind: m.Kind, To: []Role{PersonRole(lost.Recipient)}, Ways: []string{way},
			Fallback: reachable[n+1:], Urgent: m.Urgent, Step: m.Step, News: m.News, About: m.About,
			Digest: m.Digest, Again: true,
		}
		d.queue(i.ID, again)
		return
	}
	d.nobody(i.ID, m.Number, lost.Recipient, fmt.Sprintf("by %s: %s", lost.Way, lost.Problem))
}

func (d *decision) unreached(in Unreached) { d.nobody(in.Incident, in.Message, in.Whom, in.Why) }

// nobody notes a dead end. A page that reaches nobody moves the escalation on
// at once, and what was handed to somebody who cannot be reached is nobody's; a
// tool that cannot be told is no step of it.
func (d *decision) nobody(id ID, message int, whom, why string) {
	d.emit(Event{
		Incident: id, Kind: KindNobodyReached, Person: whom, Text: why,
		Delivery: &Delivery{Message: message},
	})
	i, ok := d.open(id)
	if !ok {
		return
	}
	m, ok := i.Message(message)
	if ok && m.Kind == MessageAssigned && i.Handed && i.Owner == whom && !m.pending() {
		d.emit(Event{Incident: id, Kind: KindOwnershipEnded, Person: whom, Text: "who was given it cannot be reached"})
		d.disowned(id, "")
		return
	}
	if !ok || m.Kind != MessagePage || m.ForTools() || i.Paging.Due.IsZero() || i.Owner != "" || m.pending() {
		return
	}
	if m.Step < i.Paging.Current || m.At.Before(i.Since) {
		return // the escalation has gone on without it
	}
	next := max(i.Paging.Step, m.Step+1)
	if next < len(d.terms(i).Steps) {
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: d.now, Step: next})
	}
}

// Heard says whether a provider took a message about this outage.
func (i Incident) Heard() bool {
	for _, m := range i.Messages {
		for _, delivery := range m.Deliveries {
			if !m.At.Before(i.Since) && delivery.State != DeliverySending && delivery.State != DeliveryFailed {
				return true
			}
		}
	}
	return false
}

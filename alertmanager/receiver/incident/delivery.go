package incident

import "fmt"

func (d *decision) claimed(in Claimed) {
	for _, delivery := range in.Deliveries {
		delivery.State, delivery.At = DeliverySending, d.now
		d.emit(Event{Incident: in.Incident, Kind: KindDeliveryStarted, Delivery: &delivery})
	}
}

func (d *decision) sent(in Sent) {
	in.Delivery.State, in.Delivery.At = DeliverySent, d.now
	d.emit(Event{Incident: in.Incident, Kind: KindDelivered, Delivery: &in.Delivery})
}

// failed notes a delivery that came to nothing and goes on with the next way
// of the same person, if none of the message's other ways worked.
func (d *decision) failed(in Failed) {
	in.Delivery.State, in.Delivery.At = DeliveryFailed, d.now
	d.emit(Event{Incident: in.Incident, Kind: KindDeliveryFailed, Delivery: &in.Delivery})
	i, ok := d.state.Incident(in.Incident)
	if !ok {
		return
	}
	m, ok := i.Message(in.Delivery.Message)
	if !ok {
		return
	}
	tried := map[string]bool{}
	for _, other := range m.Deliveries {
		if other.Recipient != in.Delivery.Recipient {
			continue
		}
		if other.State != DeliveryFailed {
			return // by another way it got through, or may still
		}
		tried[other.Way] = true
	}
	for n, way := range in.Reachable {
		if tried[way] {
			continue
		}
		again := Message{
			Kind: m.Kind, To: []Role{PersonRole(in.Delivery.Recipient)}, Ways: []string{way},
			Fallback: in.Reachable[n+1:], Urgent: m.Urgent, Step: m.Step, News: m.News, About: m.About,
		}
		d.queue(i.ID, again)
		return
	}
	d.nobody(i.ID, m.Number, in.Delivery.Recipient, fmt.Sprintf("by %s: %s", in.Delivery.Way, in.Delivery.Problem))
}

func (d *decision) unreached(in Unreached) { d.nobody(in.Incident, in.Message, in.Whom, in.Why) }

// nobody notes a dead end. A page that reaches nobody moves the escalation on
// at once.
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
	if !ok || m.Kind != MessagePage || i.Paging.Due.IsZero() || i.Owner != "" || m.pending() {
		return
	}
	next := max(i.Paging.Step, m.Step+1)
	if next < len(d.terms(i).Steps) {
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: d.now, Step: next})
	}
}

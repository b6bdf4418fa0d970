package incident

import "time"

// Decide says what an input means: the events that follow from it, in order.
// Applied to the state they give the state in which the next input is decided.
// An input that changes nothing gives none, so a repeated, late or unknown
// notification leaves no trace in a timeline.
func Decide(state State, input Input, policy Policy, now time.Time) []Event {
	d := &decision{state: state, policy: policy, now: now}
	switch in := input.(type) {
	case Reported:
		d.reported(in)
	case Uncovered:
		d.uncovered(in)
	case Tick:
		d.tick(in)
	case Acknowledge:
		d.acknowledge(in)
	case Reassign:
		d.reassign(in)
	case Note:
		d.noted(in)
	case Resolve:
		d.resolveByHand(in)
	case Merge:
		d.merge(in)
	case Seen:
		d.seen(in)
	case Sight:
		d.sight(in)
	case CatalogChanged:
		d.catalogChanged(in)
	case WindowsChanged:
		d.maintain(in.Incident, in.By)
	case Claimed:
		d.claimed(in)
	case Sent:
		d.sent(in)
	case Failed:
		d.failed(in)
	case Delayed:
		d.instead(in.Incident, in.Delivery)
	case Receipted:
		d.receipted(in)
	case Unreached:
		d.unreached(in)
	}
	return d.events
}

// decision gathers events; the state it holds is always that after the last.
type decision struct {
	state  State
	policy Policy
	now    time.Time
	events []Event
}

func (d *decision) emit(e Event) {
	e.At = d.now
	d.events = append(d.events, e)
	d.state = Apply(d.state, e)
}

// open gives an open incident; false when there is none of that id.
func (d *decision) open(id ID) (Incident, bool) {
	i, ok := d.state.Incident(id)
	return i, ok && i.Open()
}

func (d *decision) terms(i Incident) Terms { return d.policy.Terms(i.Service, i.Team) }

func (d *decision) catalogChanged(in CatalogChanged) {
	i, ok := d.open(in.Incident)
	if !ok {
		return
	}
	if !i.Catalogued || d.terms(i).Catalogued {
		d.maintain(i.ID, "")
		d.plan(i.ID)
		d.departed(i.ID)
		return
	}
	for _, a := range i.Firing() {
		a.Resolved, a.EndsAt = true, d.now
		d.emit(Event{Incident: i.ID, Kind: KindAlertResolved, Alert: &a, Text: ReasonRemoved})
	}
	d.close(i.ID, ReasonRemoved)
}

// ReasonRemoved is why an incident closes whose service has left the
// catalogue.
const ReasonRemoved = "the service was removed from the catalogue"

func (d *decision) close(id ID, why string) {
	i, ok := d.open(id)
	if !ok {
		return
	}
	told := len(i.Told()) > 0 || d.pending(i)
	d.emit(Event{Incident: id, Kind: KindClosed, Text: why})
	if told {
		d.queue(id, Message{Kind: MessageResolved, To: []Role{RoleTold}, Ways: []string{WayEmail, WayPush}, News: why, Digest: i.Parent})
	}
	if i.toolsKnow() {
		d.tools(id, MessageResolved, why)
	}
	d.neighbours(id, i.Owner != "")
}

// pending says whether a message of this outage to people still waits for its
// recipients to be found.
func (d *decision) pending(i Incident) bool {
	for _, m := range i.Messages {
		if !m.At.Before(i.Since) && len(m.Deliveries) == 0 && len(m.Unreached) == 0 && m.About == "" && !m.ForTools() {
			return true
		}
	}
	return false
}

func (d *decision) queue(id ID, m Message) {
	i, ok := d.state.Incident(id)
	if !ok {
		return
	}
	m.Number, m.At = len(i.Messages)+1, d.now
	d.emit(Event{Incident: id, Kind: KindMessageQueued, Message: &m})
}

package incident

import "time"

// GatherFor is how long what follows the first page of a cause is gathered for
// each person.
const GatherFor = time.Minute

// Cause is the incident by which what is told of an incident is gathered: the one
// it comes from, or itself.
func (i Incident) Cause() ID {
	if i.Parent != 0 {
		return i.Parent
	}
	return i.ID
}

// HeldUntil says until when a page about an incident waits that is for a person who
// was rung about its cause just before, because of another incident; zero when
// it rings at once. One cause rings nobody twice within GatherFor, but for what
// belongs to one incident: the steps of its escalation, and another way where one
// came to nothing. Nothing holds back the first page about the cause itself.
func (s State) HeldUntil(i Incident, m Message, person string, now time.Time) time.Time {
	if m.Kind != MessagePage || m.Again || IsPlace(person) || (i.Parent == 0 && !i.rangBefore(m, person)) {
		return time.Time{}
	}
	last, waits := time.Time{}, time.Time{}
	for _, other := range s.Incidents {
		if other.ID == i.ID || !other.Open() || other.Cause() != i.Cause() {
			continue
		}
		for _, d := range other.pagesTo(person) {
			if d.HeldUntil.After(now) {
				waits = earliest(waits, d.HeldUntil)
			} else {
				last = later(last, later(d.At, d.HeldUntil))
			}
		}
	}
	if !waits.IsZero() {
		return waits
	}
	if until := last.Add(GatherFor); until.After(now) {
		return until
	}
	return time.Time{}
}

// pagesTo lists the pages of this outage to a person that were not lost.
func (i Incident) pagesTo(person string) (found []Delivery) {
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if m.Kind == MessagePage && !m.At.Before(i.Since) && d.Recipient == person && !d.State.lost() {
				found = append(found, d)
			}
		}
	}
	return found
}

// rangBefore says whether an earlier page of this outage went to a person.
func (i Incident) rangBefore(m Message, person string) bool {
	for _, d := range i.pagesTo(person) {
		if d.Message < m.Number {
			return true
		}
	}
	return false
}

// pageAlong has what else of the same team comes from the same cause ring with an
// incident that rings now: what is due too, and of what has rung already what
// would be due just after. Then each step of the escalation is one page.
func (d *decision) pageAlong(id ID) {
	i, ok := d.open(id)
	if !ok || i.Parent == 0 {
		return
	}
	for _, other := range d.state.Incidents {
		soon := time.Duration(0)
		if other.rung() {
			soon = GatherFor
		}
		if other.ID != id && other.Parent == i.Parent && other.Team == i.Team {
			d.pageWithin(other.ID, soon)
		}
	}
}

package incident

import (
	"slices"
	"time"
)

const (
	// ownAfterUnanswered is when a child rings by itself although its cause
	// has an incident: because nobody has answered that one, or because those
	// who have are not its own people.
	ownAfterUnanswered = 10 * time.Minute
	// ownAfterCause is when a child rings by itself that outlasts its cause.
	ownAfterCause = 2 * time.Minute
)

// relate finds the cause of an incident among the open ones of what its
// service depends on, and takes under it those of what depends on the service.
// One cause then makes one page for each person; see [decision.behind].
func (d *decision) relate(id ID) {
	i, ok := d.open(id)
	if !ok || !i.relatable() {
		return
	}
	if i.Parent == 0 {
		if cause, found := d.cause(i); found {
			d.join(i.ID, cause, "")
		}
	}
	cause, _ := d.state.Incident(d.root(id))
	for _, other := range d.state.Incidents {
		if other.relatable() && other.ID != id && d.orphaned(other, cause) && slices.Contains(d.terms(other).Dependencies, i.Service) {
			d.join(other.ID, cause.ID, "")
		}
	}
	if cause.ID != id {
		d.replanChildren(cause.ID)
	}
}

// orphaned says whether an incident comes from nothing that goes on. What the end
// of its cause has left open goes to a cause that began after that.
func (d *decision) orphaned(i, cause Incident) bool {
	if i.Parent == 0 {
		return true
	}
	before, known := d.state.Incident(i.Parent)
	return known && !before.Open() && !cause.Since.Before(before.Closed)
}

// relatable says whether an incident may be the cause of another, or come from
// one.
func (i Incident) relatable() bool { return i.Open() && i.Audience == AudienceUsers && !i.Drill }

// cause is the oldest open incident of a service that this one depends on, or
// what that in its turn comes from.
func (d *decision) cause(i Incident) (ID, bool) {
	var oldest ID
	dependencies := d.terms(i).Dependencies
	for _, other := range d.state.Incidents {
		if other.relatable() && other.ID != i.ID && slices.Contains(dependencies, other.Service) {
			if root := d.root(other.ID); root != i.ID && (oldest == 0 || root < oldest) {
				oldest = root
			}
		}
	}
	return oldest, oldest != 0
}

// root follows the open parents of an incident up to the last one that is
// known.
func (d *decision) root(id ID) ID {
	for range len(d.state.Incidents) {
		i, ok := d.open(id)
		if !ok || i.Parent == 0 {
			break
		}
		if _, ok := d.open(i.Parent); !ok {
			break
		}
		id = i.Parent
	}
	return id
}

// join puts a child under a parent. Nothing becomes its own ancestor, and what is
// real never waits for an exercise.
func (d *decision) join(child, parent ID, person string) {
	below, _ := d.state.Incident(child)
	above, _ := d.state.Incident(parent)
	if child == parent || d.root(parent) == child || below.Drill != above.Drill {
		return
	}
	d.emit(Event{Incident: child, Kind: KindJoined, Parent: parent, Person: person})
}

// merge is a join on somebody's word, or its end when Into is nothing.
func (d *decision) merge(in Merge) {
	i, ok := d.open(in.Incident)
	if !ok || i.Parent == in.Into {
		return
	}
	if in.Into == 0 {
		d.emit(Event{Incident: i.ID, Kind: KindLeft, Parent: i.Parent, Person: in.Person})
	} else if _, ok := d.open(in.Into); ok {
		d.join(i.ID, d.root(in.Into), in.Person)
	}
	d.replan(i.ID)
	if i.Owner != "" {
		d.neighbours(i.ID, true)
		d.replanChildren(i.Parent) // from which it was taken
	}
}

// behind says when a child may ring at the earliest: not while its own people
// have it in hand, after ten minutes when nobody has or others have its cause,
// two minutes after the cause's end, and at once when the cause rings nobody.
func (d *decision) behind(i Incident, at time.Time) (time.Time, bool) {
	parent, ok := d.state.Incident(i.Parent)
	switch {
	case i.Parent == 0 || !ok:
		return at, true
	case !parent.Open():
		return later(at, parent.Closed.Add(ownAfterCause)), true
	case d.inHand(i, parent) != "":
		return time.Time{}, false
	case parent.Owner == "" && d.rings(parent):
		return later(at, parent.Since.Add(ownAfterUnanswered)), true
	case parent.Owner != "" && d.weighs(parent):
		return later(at, i.Since.Add(ownAfterUnanswered)), true
	}
	return at, true
}

// rings says whether somebody is, or will be, paged about an incident.
func (d *decision) rings(i Incident) bool {
	if i.Withheld() || i.Paging.Due.IsZero() {
		return false
	}
	for _, m := range slices.Backward(i.Messages) {
		if m.Kind == MessagePage && m.Digest == 0 && !m.At.Before(i.Since) && len(m.To) == 1 && !m.ForTools() {
			return len(m.Unreached) == 0 || len(m.Deliveries) > 0
		}
	}
	return true
}

// replan puts a child's page where its cause now lets it be.
func (d *decision) replan(id ID) {
	i, ok := d.open(id)
	if !ok || i.Withheld() {
		return
	}
	rung, ringAt := i.rung(), d.pageAt
	if rung { // then what runs may be put off, not hurried
		ringAt = d.ringAt
	}
	at, pages := ringAt(i, d.terms(i))
	switch {
	case !pages && !i.Paging.Due.IsZero():
		d.emit(Event{Incident: id, Kind: KindPageCancelled, Text: "its cause is in hand"})
	case pages && !at.Equal(i.Paging.Due) && (i.Paging.Due.IsZero() || !rung || at.After(i.Paging.Due)):
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: at, Step: i.Paging.Step})
	}
	d.alarm(id)
}

func (d *decision) replanChildren(parent ID) {
	for _, i := range d.state.Incidents {
		if i.Open() && i.Parent == parent {
			d.replan(i.ID)
		}
	}
}

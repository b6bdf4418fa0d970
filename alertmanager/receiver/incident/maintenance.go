package incident

import "time"

// Window is a maintenance window over a service. One of the catalogue has a
// name, one that was opened once has somebody who opened it.
type Window struct {
	Name   string    `json:"name,omitempty"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until"`
}

func (w Window) equal(other Window) bool {
	return w.Name == other.Name && w.By == other.By && w.Reason == other.Reason && w.Until.Equal(other.Until)
}

// Maintenance is what windows over its service made of an incident. People
// hear nothing of it from Began until Lifted, which is a little after Ended: a
// service that comes up again with the end of the work is no news.
type Maintenance struct {
	Window           // the one that ends last
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended,omitzero"`   // zero while the window is open
	LiftAt time.Time `json:"lift_at,omitzero"` // set with Ended
	Lifted time.Time `json:"lifted,omitzero"`
}

// Withheld says whether messages to people are held back for maintenance.
func (i Incident) Withheld() bool {
	return !i.Maintenance.Began.IsZero() && i.Maintenance.Lifted.IsZero()
}

// maintain keeps the mark of maintenance in step with the windows over the
// service. By is who has just changed the windows, or empty.
func (d *decision) maintain(id ID, by string) {
	i, ok := d.open(id)
	if !ok {
		return
	}
	terms := d.terms(i)
	if terms.Maintenance == nil {
		return
	}
	w, open := terms.Maintenance(d.now)
	m := i.Maintenance
	switch {
	case open && (!i.Withheld() || !m.Ended.IsZero()):
		d.emit(Event{Incident: id, Kind: KindMaintenanceBegan, Window: &w})
	case open && !w.equal(m.Window):
		d.emit(Event{Incident: id, Kind: KindMaintenanceChanged, Window: &w, Person: by})
	case !open && i.Withheld() && m.Ended.IsZero():
		grace := min(terms.PageAfter, d.policy.LiftWithin)
		d.emit(Event{Incident: id, Kind: KindMaintenanceEnded, Window: &m.Window, Person: by, Due: d.now.Add(grace)})
	}
}

// lift lets messages go again, and tells of what has outlasted the window.
func (d *decision) lift(id ID) {
	i, ok := d.open(id)
	if !ok || !i.Withheld() || i.Maintenance.Ended.IsZero() || i.Maintenance.LiftAt.After(d.now) {
		return
	}
	d.emit(Event{Incident: id, Kind: KindMaintenanceLifted})
	n := news{lifted: true}
	if len(i.Told()) > 0 {
		n.severity = i.Severity
	}
	for _, a := range i.Firing() {
		if a.counts(d.now) {
			n.fired = append(n.fired, a)
		}
	}
	if len(n.fired) > 0 {
		d.tell(id, n)
	}
	d.plan(id)
}

func (i Incident) applyMaintenance(e Event) Incident {
	m := &i.Maintenance
	switch e.Kind {
	case KindMaintenanceBegan:
		if !i.Withheld() {
			m.Began = e.At
		}
		m.Window, m.Ended, m.LiftAt, m.Lifted = *e.Window, time.Time{}, time.Time{}, time.Time{}
	case KindMaintenanceChanged:
		m.Window = *e.Window
	case KindMaintenanceEnded:
		m.Ended, m.LiftAt = e.At, e.Due
	case KindMaintenanceLifted:
		m.Lifted = e.At
	case KindClosed:
		if i.Withheld() {
			m.Ended, m.Lifted = earliest(m.Ended, e.At), e.At
		}
	}
	return i
}

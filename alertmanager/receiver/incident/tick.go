package incident

import "time"

// tick does what has become due.
func (d *decision) tick(in Tick) {
	i, ok := d.open(in.Incident)
	if !ok {
		d.overdue(in.Incident) // whether people heard of the end is to be known too
		return
	}
	d.maintain(i.ID, "")
	n := news{severity: i.Severity, reopened: i.Reopened > 0 && len(i.Told()) == 0}
	for _, a := range i.Firing() {
		if !a.DoubtedUntil.IsZero() && !a.DoubtedUntil.After(d.now) {
			a.DoubtedUntil = time.Time{}
			d.emit(Event{Incident: i.ID, Kind: KindAlertConfirmed, Alert: &a})
			n.fired = append(n.fired, a)
		}
	}
	if len(n.fired) > 0 {
		d.settle(i.ID, n)
	}
	d.overdue(in.Incident)
	d.lift(in.Incident)
	d.ownership(in.Incident)
	d.page(in.Incident)
	d.sound(in.Incident)
	d.remind(in.Incident)
}

func (d *decision) remind(id ID) {
	i, ok := d.open(id)
	if !ok || i.ReminderAt.IsZero() || i.ReminderAt.After(d.now) || i.Withheld() {
		return
	}
	d.tellProduct(i, MessageReminder, "it goes on")
}

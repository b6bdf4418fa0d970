package incident

import (
	"slices"
	"time"
)

// lastStepEvery is how often the last step of an escalation repeats that does
// not say so itself.
const lastStepEvery = 10 * time.Minute

// tick does what has become due.
func (d *decision) tick(in Tick) {
	i, ok := d.open(in.Incident)
	if !ok {
		return
	}
	d.maintain(i.ID, "")
	n := news{severity: i.Severity}
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
	d.lift(in.Incident)
	d.page(in.Incident)
	d.remind(in.Incident)
}

func (d *decision) remind(id ID) {
	i, ok := d.open(id)
	if !ok || i.ReminderAt.IsZero() || i.ReminderAt.After(d.now) || i.Withheld() {
		return
	}
	d.tellProduct(i, MessageReminder, "it goes on")
}

// plan keeps the planned page in step with the severity, the owner and the
// catalogue. Phones ring after page_after of continuous failure, within the
// hours in which the service pages.
func (d *decision) plan(id ID) {
	i, ok := d.open(id)
	if !ok {
		return
	}
	terms := d.terms(i)
	at, pages := d.pageAt(i, terms)
	switch {
	case !pages && !i.Paging.Due.IsZero():
		d.emit(Event{Incident: id, Kind: KindPageCancelled, Text: "no page is due any more"})
	case pages && i.Paging.Due.IsZero() && !i.Withheld():
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: at, Step: 0})
	}
}

// pageAt says when an incident nobody owns is paged first.
func (d *decision) pageAt(i Incident, terms Terms) (time.Time, bool) {
	if !classOf(i.Audience, i.Severity).pages || i.Owner != "" {
		return time.Time{}, false
	}
	since := d.now
	for _, a := range i.Firing() {
		if a.Severity() == SeverityCritical && a.counts(d.now) {
			since = earliest(since, a.StartsAt)
		}
	}
	since = later(since, i.Maintenance.Ended) // a fault of the maintenance counts from its end
	at := later(since.Add(terms.PageAfter), d.now)
	if !i.Paging.Last.IsZero() {
		// Paged in an outage just before: not again within the window.
		at = later(at, i.Paging.Last.Add(d.policy.ReopenWithin))
	}
	return terms.PagesFrom(at)
}

// page sends the step that is due and plans what follows.
func (d *decision) page(id ID) {
	i, ok := d.open(id)
	if !ok || i.Paging.Due.IsZero() || i.Paging.Due.After(d.now) || i.Owner != "" || i.Withheld() {
		return
	}
	terms := d.terms(i)
	from, pages := terms.PagesFrom(d.now)
	switch {
	case !pages:
		d.emit(Event{Incident: id, Kind: KindPageCancelled, Text: "the service pages nobody"})
		return
	case from.After(d.now):
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: from, Step: i.Paging.Step})
		return
	}
	steps := terms.Steps
	if len(steps) == 0 {
		steps = []Step{{Notify: RoleOnCall, By: []string{WayPush, WayEmail}}}
	}
	number := min(i.Paging.Step, len(steps)-1)
	step := steps[number]
	next, due := followUp(steps, number, i.Paging.Began, d.now)
	d.emit(Event{Incident: id, Kind: KindPaged, Step: number, NextStep: next, Due: due})
	d.queue(id, Message{
		Kind: MessagePage, To: []Role{step.Notify}, Ways: step.By, Fallback: others(step.By), Urgent: true, Step: number,
		News: "nobody has acknowledged it yet",
	})
}

// followUp says which step comes next and when: the same again, the next one,
// or the last for ever.
func followUp(steps []Step, number int, began, now time.Time) (int, time.Time) {
	step := steps[number]
	if began.IsZero() {
		began = now
	}
	last := number == len(steps)-1
	every := step.Every
	if last && every <= 0 {
		every = lastStepEvery
	}
	again := now.Add(every)
	if every > 0 && (last || step.For <= 0 || again.Before(began.Add(step.For))) {
		return number, again
	}
	return number + 1, later(began.Add(step.For), now)
}

// others are the ways that a step does not name, tried when all of its own
// fail.
func others(by []string) []string {
	var rest []string
	for _, way := range []string{WayPush, WayEmail} {
		if !slices.Contains(by, way) {
			rest = append(rest, way)
		}
	}
	return rest
}

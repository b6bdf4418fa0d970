package incident

import (
	"slices"
	"time"
)

// lastStepEvery is how often the last step of an escalation repeats that does
// not say so itself.
const lastStepEvery = 10 * time.Minute

// lateBy is from when on a page counts as late; a busy machine takes seconds.
const lateBy = 30 * time.Second

// Paging is where the escalation stands. Due is zero while no page is planned.
type Paging struct {
	Step  int       `json:"step"`           // of the next page
	Then  int       `json:"then,omitempty"` // of the next page: 0 for the step's own ways, n for its n-th later one
	Began time.Time `json:"began,omitzero"` // of the step; zero before its first page
	Round time.Time `json:"round,omitzero"` // of the step's last repetition
	Due   time.Time `json:"due,omitzero"`
	Last  time.Time `json:"last,omitzero"` // the last page of any step

	// The step that pages now, and when its turn passes to somebody else: then
	// the step begins again. Until is zero for a role that does not change hands.
	Current int       `json:"current,omitempty"`
	Until   time.Time `json:"until,omitzero"`
}

// plan keeps the planned page in step with the severity, the owner and the
// catalogue. Phones ring after page_after of continuous failure, within the
// hours in which the service pages.
func (d *decision) plan(id ID) {
	i, ok := d.open(id)
	if !ok {
		return
	}
	at, pages := d.pageAt(i, d.terms(i))
	switch {
	case !pages && !i.Paging.Due.IsZero():
		d.emit(Event{Incident: id, Kind: KindPageCancelled, Text: "no page is due any more"})
	case pages && i.Paging.Due.IsZero() && !i.Withheld():
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: at, Step: 0})
	case pages && at.Before(i.Paging.Due) && !i.rung() && !i.Withheld(): // the catalogue pages sooner now
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: at, Step: i.Paging.Step})
	}
	d.alarm(id)
}

// rung says whether somebody was paged in this outage.
func (i Incident) rung() bool { return !i.Paging.Last.IsZero() && !i.Paging.Last.Before(i.Since) }

// pageAt says when an incident nobody owns is paged first: not again within
// the window when it was paged in an outage just before.
func (d *decision) pageAt(i Incident, terms Terms) (time.Time, bool) {
	at, pages := d.ringAt(i, terms)
	if !pages || i.Paging.Last.IsZero() {
		return at, pages
	}
	return i.pagesFrom(terms, later(at, i.Paging.Last.Add(d.policy.ReopenWithin)))
}

// ringAt is pageAt without regard to earlier pages.
func (d *decision) ringAt(i Incident, terms Terms) (time.Time, bool) {
	at, rings := d.alarmAt(i, terms)
	if !rings {
		return time.Time{}, false
	}
	return i.pagesFrom(terms, at)
}

// alarmAt is ringAt without regard to the hours.
func (d *decision) alarmAt(i Incident, terms Terms) (time.Time, bool) {
	if !terms.pages(i.Audience, i.Severity) || i.Owner != "" {
		return time.Time{}, false
	}
	since, any := d.now, false
	for _, a := range i.Firing() {
		if terms.pages(i.Audience, a.Severity()) && a.counts(d.now) && !a.Silenced() {
			since, any = earliest(since, a.StartsAt), true
		}
	}
	if !any && len(i.Firing()) > 0 {
		return time.Time{}, false // all of it is silenced
	}
	since = later(since, i.Maintenance.Ended) // a fault of the maintenance counts from its end
	return d.behind(i, later(since.Add(terms.PageAfter), d.now))
}

// pages says whether incidents of an audience and a severity ring anybody.
func (t Terms) pages(a Audience, s Severity) bool {
	return classOf(a, s).pages || (t.PageOn != "" && s.Rank() <= t.PageOn.Rank() && s != "" && classOf(a, s).tells())
}

// rings says whether a page about the incident may leave.
func (i Incident) rings() bool { return i.Open() && i.Owner == "" && !i.Withheld() }

// page sends what is due of the escalation and plans what follows.
func (d *decision) page(id ID) {
	sent := len(d.events)
	d.pageWithin(id, 0)
	if len(d.events) > sent {
		d.pageAlong(id)
	}
}

// pageWithin is page for what is due soon.
func (d *decision) pageWithin(id ID, soon time.Duration) {
	i, ok := d.open(id)
	if !ok || i.Paging.Due.IsZero() || !i.rings() {
		return
	}
	turned := !i.Paging.Until.IsZero() && !i.Paging.Until.After(d.now)
	if i.Paging.Due.After(d.now.Add(soon)) && !turned {
		return
	}
	terms := d.terms(i)
	from, pages := i.pagesFrom(terms, d.now)
	switch {
	case soon > 0 && (!pages || from.After(d.now)):
		return // its time has not come
	case !pages:
		d.emit(Event{Incident: id, Kind: KindPageCancelled, Text: "the service pages nobody"})
	case from.After(d.now):
		d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: from, Step: i.Paging.Step})
	case turned: // whoever has the turn now has heard nothing yet
		p := i.Paging
		p.Step, p.Then, p.Began = p.Current, 0, time.Time{}
		d.pageNow(i, terms, p)
	default:
		d.pageNow(i, terms, i.Paging.after(d.now.Sub(i.Paging.Due)))
	}
}

// after puts an escalation off whose page is late by so much, because the
// program did not run: what follows keeps its distance from it, and is not made
// up for all at once.
func (p Paging) after(late time.Duration) Paging {
	if late < lateBy {
		return p
	}
	if !p.Began.IsZero() {
		p.Began = p.Began.Add(late)
	}
	p.Round = p.Round.Add(late)
	return p
}

func (d *decision) pageNow(i Incident, terms Terms, p Paging) {
	steps := terms.Steps
	if len(steps) == 0 {
		steps = []Step{{Notify: RoleOnCall, By: []string{WayPush, WayEmail}}}
	}
	number := min(p.Step, len(steps)-1)
	for number < len(steps)-1 && !steps[number].applies(i.Severity, d.now) {
		number++
	}
	step := steps[number]
	if number != p.Step || p.Then > len(step.Then) {
		p.Then, p.Began = 0, time.Time{}
	}
	if p.Began.IsZero() {
		p.Began = d.now
	}
	if p.Then == 0 {
		p.Round = d.now
	}
	ways := step.ways(p.Then)
	next := followUp(steps, number, p, d.now)
	if terms.Turn != nil {
		_, next.Until = terms.Turn(step.Notify, d.now)
	}
	news := d.whyPaged(i)
	d.emit(Event{Incident: i.ID, Kind: KindPaged, Step: number, NextStep: next.Step, Due: next.Due, Paging: &next})
	d.queue(i.ID, Message{
		Kind: MessagePage, To: []Role{step.Notify}, Ways: ways, Fallback: others(ways), Urgent: true, Step: number, Digest: i.Parent,
		News: news,
	})
	d.tools(i.ID, MessagePage, news)
}

// applies says whether a step is for an incident of this severity at this
// time.
func (s Step) applies(severity Severity, now time.Time) bool {
	return (s.Severity == "" || severity.Rank() <= s.Severity.Rank()) && (s.Within == nil || s.Within(now))
}

// ways are those of a page: the step's own for 0, or the n-th later one.
func (s Step) ways(then int) []string {
	if then > 0 {
		return []string{s.Then[then-1].Way}
	}
	return s.By
}

// Page is one of those that an escalation sends: At is counted from the first.
type Page struct {
	At   time.Duration
	Step int
	Ways []string
}

// Pages are what an escalation of at least one step sends for a while when nobody
// answers and every step is taken.
func Pages(steps []Step, during time.Duration) []Page {
	var pages []Page
	first := time.Unix(0, 0)
	p := Paging{Due: first}
	for now := first; now.Sub(first) < during; now = p.Due {
		if p.Began.IsZero() {
			p.Began = now
		}
		if p.Then == 0 {
			p.Round = now
		}
		pages = append(pages, Page{At: now.Sub(first), Step: p.Step, Ways: steps[p.Step].ways(p.Then)})
		p = followUp(steps, p.Step, p, now)
	}
	return pages
}

// followUp says what comes after a page that went out now: the step's next
// way, its repetition, the next step, or the last for ever.
func followUp(steps []Step, number int, p Paging, now time.Time) Paging {
	step, last := steps[number], number == len(steps)-1
	next := p
	next.Current, next.Last, next.Until = number, now, time.Time{}
	next.Step, next.Then, next.Due = number, p.Then+1, time.Time{}
	if p.Then < len(step.Then) {
		next.Due = p.Round.Add(step.Then[p.Then].After)
	}
	every := step.Every
	if last && every <= 0 {
		every = lastStepEvery
		if n := len(step.Then); n > 0 {
			every = max(every, step.Then[n-1].After+time.Minute)
		}
	}
	if again := p.Round.Add(every); every > 0 && (next.Due.IsZero() || again.Before(next.Due)) {
		next.Due, next.Then = again, 0
	}
	end := p.Began.Add(step.For)
	if !next.Due.IsZero() && (last || step.For <= 0 || next.Due.Before(end)) {
		next.Due = later(next.Due, now)
		return next
	}
	next.Step, next.Then, next.Began, next.Due = number+1, 0, time.Time{}, later(end, now)
	return next
}

// others are the ways that a step does not name, tried when all of its own
// fail.
func others(by []string) []string {
	var rest []string
	for _, way := range []string{WayPush, WaySMS, WayVoice, WayEmail} {
		if !slices.Contains(by, way) {
			rest = append(rest, way)
		}
	}
	return rest
}

func (i Incident) applyPaging(e Event) Incident {
	p := &i.Paging
	switch e.Kind {
	case KindPagePlanned:
		if p.Step != e.Step || p.Then > 0 {
			p.Began = time.Time{}
		}
		p.Step, p.Then, p.Due, p.Until = e.Step, 0, e.Due, time.Time{}
	case KindPageCancelled:
		*p = Paging{Last: p.Last}
	case KindPaged:
		*p = *e.Paging
	}
	return i
}

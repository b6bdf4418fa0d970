package maintenance

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// ahead is how many days a plan looks into the future for the next window.
const ahead = 400

// Plan holds the windows of a catalogue that come again. It never changes.
type Plan struct {
	catalog   *catalog.Catalog
	recurring []recurring // by name
}

// New makes a plan. It fails only when the machine does not know a timezone
// that it knew when the catalogue was loaded.
func New(c *catalog.Catalog) (*Plan, error) {
	p := &Plan{catalog: c}
	for _, name := range names(c.Maintenance) {
		spec := c.Maintenance[name]
		zone, err := time.LoadLocation(spec.Timezone)
		if err != nil {
			return nil, fmt.Errorf("maintenance %q: timezone: %w", name, err)
		}
		p.recurring = append(p.recurring, recurring{spec, zone})
	}
	return p, nil
}

// Open lists the windows that are open at t, by name.
func (p *Plan) Open(t time.Time) []Window {
	var open []Window
	for _, r := range p.recurring {
		if w, is := r.open(t); is {
			open = append(open, w)
		}
	}
	return open
}

// Coming lists the next occurrence of each window after t, in the order in
// which they come. What comes in more than a year is not listed.
func (p *Plan) Coming(t time.Time) []Window {
	var coming []Window
	for _, r := range p.recurring {
		if w, is := r.next(t); is {
			coming = append(coming, w)
		}
	}
	Sort(coming)
	return coming
}

// At lists the windows that are open over a service at t, by name.
func (p *Plan) At(service string, t time.Time) []Window { return p.over(service, p.Open(t)) }

// Next is the next window over a service that opens after t; false when none
// does within a year.
func (p *Plan) Next(service string, t time.Time) (Window, bool) {
	coming := p.over(service, p.Coming(t))
	if len(coming) == 0 {
		return Window{}, false
	}
	return coming[0], true
}

func (p *Plan) over(service string, windows []Window) []Window {
	spec := p.catalog.Services[service]
	return slices.DeleteFunc(windows, func(w Window) bool { return !w.Scope.Covers(spec) })
}

// Edge is the next instant after t at which a window opens or ends; zero when
// none does within a year.
func (p *Plan) Edge(t time.Time) time.Time {
	edge := time.Time{}
	earlier := func(at time.Time) {
		if edge.IsZero() || at.Before(edge) {
			edge = at
		}
	}
	for _, w := range p.Open(t) {
		earlier(w.Until)
	}
	for _, w := range p.Coming(t) {
		earlier(w.From)
	}
	return edge
}

// recurring is one window of the catalogue in its zone.
type recurring struct {
	spec *catalog.Maintenance
	zone *time.Location
}

// open is the newest occurrence that holds t.
func (r recurring) open(t time.Time) (Window, bool) {
	today := r.date(t)
	// A skipped time lies on the day after it at the latest, hence two more.
	back := int(r.spec.Duration.Std()/(24*time.Hour)) + 2
	for n := range back + 1 {
		if w, is := r.on(today.AddDate(0, 0, 1-n)); is && w.Open(t) {
			return w, true
		}
	}
	return Window{}, false
}

// next is the first occurrence that begins after t.
func (r recurring) next(t time.Time) (Window, bool) {
	today := r.date(t)
	for n := range ahead {
		if w, is := r.on(today.AddDate(0, 0, n-1)); is && w.From.After(t) {
			return w, true
		}
	}
	return Window{}, false
}

// date is the day in the window's zone, as a date in UTC.
func (r recurring) date(t time.Time) time.Time {
	local := t.In(r.zone)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
}

// on is the occurrence of a date; false when the window does not open on it.
func (r recurring) on(date time.Time) (Window, bool) {
	if !r.spec.Days.Contain(date) {
		return Window{}, false
	}
	from := wallclock.On(date.Year(), date.Month(), date.Day(), int(r.spec.At)).In(r.zone)
	return Window{
		Name: r.spec.Name, Reason: r.spec.Reason, From: from, Until: from.Add(r.spec.Duration.Std()),
		Scope: Scope{Services: r.spec.Services, Teams: r.spec.Teams, All: r.spec.All},
	}, true
}

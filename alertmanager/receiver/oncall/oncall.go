// Package oncall says whose turn it is.
//
// The receiver asks [Rota.At] when a message leaves, the board and the feeds
// ask [Rota.Shifts], and `tocsin check` asks [Rota.Gaps]. [New] makes a rota out
// of the catalogue's spec and [Rota.With] adds what people entered since; what
// they return is valid and cannot fail any more. Nothing here reads a clock, a
// file or a database.
//
// A rota is kept as wall clock and zone, so a change of clocks moves nothing
// that people see: handovers follow one another on the calendar, and only
// their instants are found in the zone, as package wallclock does. Everything
// that can change who is on call has an edge, an instant; between two edges
// nothing changes, which is why gaps are found and not sampled.
package oncall

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Rota is a validated rota. It never changes.
type Rota struct {
	zone    *time.Location
	layers  []*layer
	backup  []string
	gaps    bool // allowed
	changes []change
	away    map[string][]span
	edges   []time.Time // of changes and absences, sorted
}

// Shift is one turn, or a part of it. Primary is "" in a gap. Backup is who is
// behind at the instant that was asked for; it is "" when there is nobody.
// Entry is the number of what people entered, when that decided it.
type Shift struct {
	Primary, Backup string
	From, Until     time.Time
	Entry           int64
}

// Calendars is what the iCal calendars of a rota say.
type Calendars struct {
	Holidays map[string]Dates // by the calendar's ID
	Away     []Absence
}

// Dates are days of the calendar, written 2026-12-25.
type Dates map[string]bool

// Absence is when somebody is away.
type Absence struct {
	Person      string
	From, Until time.Time
}

// span is a time of which Until is not a part.
type span struct{ from, until time.Time }

func (s span) contains(t time.Time) bool { return !t.Before(s.from) && t.Before(s.until) }

// mostSteps bounds how far the ends of one shift are looked for.
const mostSteps = 1000

// New validates a rota.
func New(spec *catalog.Rota, known Calendars) (*Rota, error) {
	zone, err := time.LoadLocation(spec.Timezone)
	if err != nil {
		return nil, fmt.Errorf("rota %q: timezone: %w", spec.Name, err)
	}
	r := &Rota{zone: zone, backup: spec.Backup, gaps: spec.Gaps == catalog.GapsAllowed}
	for _, rotation := range spec.Rotations() {
		l, err := newLayer(rotation, spec.Timezone, known.Holidays)
		if err != nil {
			return nil, fmt.Errorf("rota %q: %w", spec.Name, err)
		}
		r.layers = append(r.layers, l)
	}
	return r.with(known.Away, nil), nil
}

// With is the rota with what people entered for it. Entries that are over, or
// of other rotas, change nothing.
func (r *Rota) With(name string, entries []Entry) *Rota {
	var away []Absence
	var changes []change
	for _, e := range entries {
		if !e.concerns(name) || !e.Until.After(e.From) {
			continue
		}
		if e.Kind == Absent {
			away = append(away, Absence{e.Person, e.From, e.Until})
		}
		changes = append(changes, e.changes()...)
	}
	slices.SortStableFunc(changes, func(a, b change) int { return int(a.entry - b.entry) })
	return r.with(away, changes)
}

func (r *Rota) with(away []Absence, changes []change) *Rota {
	n := *r
	n.changes, n.edges = slices.Concat(r.changes, changes), slices.Clone(r.edges)
	n.away = map[string][]span{}
	for person, spans := range r.away {
		n.away[person] = slices.Clone(spans)
	}
	for _, a := range away {
		if a.Until.After(a.From) {
			n.away[a.Person] = append(n.away[a.Person], span{a.From, a.Until})
			n.edges = append(n.edges, a.From, a.Until)
		}
	}
	for _, c := range changes {
		n.edges = append(n.edges, c.from, c.until)
	}
	slices.SortFunc(n.edges, time.Time.Compare)
	n.edges = slices.CompactFunc(n.edges, time.Time.Equal)
	return &n
}

// Zone is that in which people read the rota's clock.
func (r *Rota) Zone() *time.Location { return r.zone }

// Zones are those of the rota and of its layers, each once, the rota's first.
func (r *Rota) Zones() []*time.Location {
	zones := []*time.Location{r.zone}
	for _, l := range r.layers {
		if !slices.ContainsFunc(zones, func(z *time.Location) bool { return z.String() == l.zone.String() }) {
			zones = append(zones, l.zone)
		}
	}
	return zones
}

// GapsAllowed says that times with nobody on call are meant.
func (r *Rota) GapsAllowed() bool { return r.gaps }

// stand is how things stand between two edges.
type stand struct {
	primary, backup string
	layer, turn     int // who decided; those of an entry are 0
	entry           int64
}

// same says that two stands are of one shift.
func (s stand) same(o stand) bool {
	if s.primary == "" && o.primary == "" {
		return true
	}
	return s.primary == o.primary && s.layer == o.layer && s.turn == o.turn && s.entry == o.entry
}

func (r *Rota) stand(t time.Time) stand {
	s := stand{turn: r.layers[0].turn(t)}
	isAway := func(person string) bool { return r.isAway(person, t) }
	for n := len(r.layers) - 1; n >= 0 && s.primary == ""; n-- {
		l := r.layers[n]
		if !l.onDuty(t) {
			continue
		}
		turn := l.turn(t)
		if person := next(l.people, turn, isAway); person != "" {
			s.primary, s.layer, s.turn = person, n, turn
		}
	}
	turn := s.turn
	for _, c := range r.changes {
		if !c.away && c.contains(t) && (c.person == "" || c.person == s.primary) && !r.unsaid(c, t) {
			s = stand{primary: c.instead, entry: c.entry}
		}
	}
	s.backup = next(r.backup, turn, func(person string) bool { return person == s.primary || isAway(person) })
	return s
}

func (r *Rota) isAway(person string, t time.Time) bool {
	return slices.ContainsFunc(r.away[person], func(s span) bool { return s.contains(t) })
}

// unsaid says that whoever was to stand in entered later that they are away.
func (r *Rota) unsaid(c change, t time.Time) bool {
	return slices.ContainsFunc(r.changes, func(o change) bool {
		return o.away && o.entry > c.entry && o.person == c.instead && o.contains(t)
	})
}

// next is whose turn it is, or the first after them who is not passed over; ""
// when everybody is.
func next(people []string, turn int, passed func(string) bool) string {
	n := len(people)
	for offset := range n {
		if person := people[((turn+offset)%n+n)%n]; !passed(person) {
			return person
		}
	}
	return ""
}

// between finds the last edge at or before t and the first after it.
func (r *Rota) between(t time.Time) span {
	n := sort.Search(len(r.edges), func(n int) bool { return r.edges[n].After(t) })
	var found span
	if n > 0 {
		found.from = r.edges[n-1]
	}
	if n < len(r.edges) {
		found.until = r.edges[n]
	}
	for _, l := range r.layers {
		found = found.within(l.between(t))
	}
	return found
}

// within is what two spans around the same instant have in common; zero ends
// are open.
func (s span) within(o span) span {
	if s.from.IsZero() || o.from.After(s.from) {
		s.from = o.from
	}
	if s.until.IsZero() || !o.until.IsZero() && o.until.Before(s.until) {
		s.until = o.until
	}
	return s
}

// At is the shift in which t lies.
func (r *Rota) At(t time.Time) Shift {
	now, around := r.stand(t), r.between(t)
	for range mostSteps {
		before := around.from.Add(-1)
		if !r.stand(before).same(now) {
			break
		}
		around.from = r.between(before).from
	}
	for range mostSteps {
		if !r.stand(around.until).same(now) {
			break
		}
		around.until = r.between(around.until).until
	}
	return Shift{Primary: now.primary, Backup: now.backup, From: around.from.In(r.zone), Until: around.until.In(r.zone), Entry: now.entry}
}

// Next is the shift after that of t.
func (r *Rota) Next(t time.Time) Shift { return r.At(r.At(t).Until) }

// Shifts are those that have a part in a time, in order and without a hole
// between them. The first may have begun before it, the last may end after it.
func (r *Rota) Shifts(from, until time.Time) []Shift {
	var shifts []Shift
	for t := from; t.Before(until); {
		s := r.At(t)
		shifts = append(shifts, s)
		t = s.Until
	}
	return shifts
}

// Gaps are the times within others when nobody is on call, whether they are
// allowed or not.
func (r *Rota) Gaps(from, until time.Time) []Shift {
	var gaps []Shift
	for t := from; t.Before(until); {
		around := r.between(t)
		if s := r.stand(t); s.primary == "" {
			last := len(gaps) - 1
			if last >= 0 && gaps[last].Until.Equal(t) {
				gaps[last].Until = around.until.In(r.zone)
			} else {
				gaps = append(gaps, Shift{Backup: s.backup, From: t.In(r.zone), Until: around.until.In(r.zone)})
			}
		}
		t = around.until
	}
	return gaps
}

// People lists everybody who takes a turn, as primary or backup, by
// themselves or because somebody entered them.
func (r *Rota) People() []string {
	all := slices.Clone(r.backup)
	for _, l := range r.layers {
		all = append(all, l.people...)
	}
	for _, c := range r.changes {
		if c.instead != "" {
			all = append(all, c.instead)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

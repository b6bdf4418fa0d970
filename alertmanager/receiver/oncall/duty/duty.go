// Package duty makes the rotas of a catalogue, together with the iCal
// calendars that they name.
//
// It stands between the catalogue and the on-call engine, which reads no
// files: the receiver, `tocsin check` and `tocsin oncall` all come through
// [Read]. It fetches nothing: the receiver does, and offers what it got to the
// [Shelf].
//
// A rota whose calendar cannot be read is made without it: somebody must be on
// call whatever becomes of a calendar, so the mistake is reported beside the
// rotas and not instead of them.
package duty

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// Rotas are the rotas of a catalogue by name.
type Rotas map[string]*oncall.Rota

// Problem is what is wrong with a calendar, at its place in the catalogue.
type Problem struct {
	Path   string // of the key
	Err    error
	Unread bool // it counts as it was before, or not at all
}

const (
	past   = 60 * 24 * time.Hour
	future = 2 * 366 * 24 * time.Hour
)

// Read makes every rota. The files are read for two months before now and two
// years after; of a calendar that is fetched there is [ErrNotFetched]. An error is
// a catalogue that would not load.
func Read(c *catalog.Catalog, now time.Time) (Rotas, []Problem, error) {
	return new(Shelf).Read(c, now)
}

// Calendars are the names of the shipped holidays that a rota uses.
func Calendars(rota *catalog.Rota) []string {
	var names []string
	for _, holidays := range holidaysOf(rota) {
		if holidays.Calendar != "" {
			names = append(names, holidays.Calendar)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func holidaysOf(rota *catalog.Rota) []catalog.Holidays {
	var all []catalog.Holidays
	for _, layer := range rota.Layers {
		if layer.Only != nil {
			all = append(all, slices.Concat(layer.Only.Holidays, layer.Only.Except)...)
		}
	}
	return all
}

// reader reads the calendars of one rota.
type reader struct {
	catalog  *catalog.Catalog
	spec     *catalog.Rota
	now      time.Time
	shelf    *Shelf
	problems []Problem
}

func (r *reader) calendars() oncall.Calendars {
	known := oncall.Calendars{Holidays: map[string]oncall.Dates{}}
	for _, place := range placesOf(r.spec) {
		switch {
		case place.absences != nil:
			known.Away = append(known.Away, r.absences(place)...)
		case known.Holidays[place.ID()] == nil:
			known.Holidays[place.ID()] = r.dates(r.events(place))
		}
	}
	return known
}

// events are those of a calendar, as far as it is understood.
func (r *reader) events(place Place) []ical.Event {
	var events []ical.Event
	var unread bool
	var err error
	if place.Fetched() {
		events, unread, err = r.shelf.fetched(place.ID(), r.now)
	} else {
		events, unread, err = r.shelf.file(place.ID(), r.now)
	}
	if err != nil {
		r.problems = append(r.problems, Problem{place.key(), err, unread})
	}
	return events
}

// dates are the days that events touch, on their own clocks. UTC is nobody's
// clock: programs write a local midnight in it.
func (r *reader) dates(events []ical.Event) oncall.Dates {
	days, zone := oncall.Dates{}, r.zone(r.spec.Timezone)
	for _, e := range events {
		begin, end := e.From, e.Until
		if e.Zone == time.UTC {
			begin, end = wallclock.Read(e.From.In(e.Zone), zone), wallclock.Read(e.Until.In(e.Zone), zone)
		}
		from := time.Unix(int64(begin), 0).UTC().Truncate(24 * time.Hour)
		until := time.Unix(int64(end), 0).UTC()
		days[from.Format(time.DateOnly)] = true
		for day := from.AddDate(0, 0, 1); day.Before(until); day = day.AddDate(0, 0, 1) {
			days[day.Format(time.DateOnly)] = true
		}
	}
	return days
}

func (r *reader) zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC // the catalogue would not have loaded
	}
	return zone
}

// zones are those of the layers in which somebody has turns: there they live.
func (r *reader) zones(person string) []*time.Location {
	var zones []*time.Location
	for _, layer := range r.spec.Rotations() {
		if slices.Contains(layer.People, person) {
			zones = append(zones, r.zone(cmp.Or(layer.Timezone, r.spec.Timezone)))
		}
	}
	if len(zones) == 0 {
		zones = append(zones, r.zone(r.spec.Timezone))
	}
	return zones
}

// absences finds out whose the events are. A day is one where the person lives:
// with layers in several zones, in any of them.
func (r *reader) absences(place Place) (away []oncall.Absence) {
	events, who, person := r.events(place), r.names(), place.absences.Person
	unknown, doubtful := 0, 0
	for _, e := range events {
		whose := mention{people: []string{person}, known: true}
		if person == "" {
			whose = who.in(e.Summary)
		}
		switch {
		case whose.doubtful:
			doubtful++
		case !whose.known:
			unknown++
		}
		for _, one := range whose.people {
			away = append(away, r.absence(one, e))
		}
	}
	if doubtful > 0 {
		r.say(place, "%d of %d events may be of somebody else: a first name or an id of the catalogue stands beside what may be another surname; they do not count (want full names, or person)", doubtful, len(events))
	}
	if unknown > 0 {
		r.say(place, "%d of %d events name nobody of the rota: their summaries must hold a name or an id, or give person", unknown, len(events))
	}
	return away
}

func (r *reader) say(place Place, format string, args ...any) {
	r.problems = append(r.problems, Problem{Path: place.Path, Err: fmt.Errorf(format, args...)})
}

func (r *reader) absence(person string, e ical.Event) oncall.Absence {
	a := oncall.Absence{Person: person}
	for _, zone := range r.zones(person) {
		from, until := e.In(zone)
		if a.From.IsZero() || from.Before(a.From) {
			a.From = from
		}
		if until.After(a.Until) {
			a.Until = until
		}
	}
	return a
}

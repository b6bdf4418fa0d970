// Package duty makes the rotas of a catalogue, together with the iCal files
// that they name.
//
// It stands between the catalogue and the on-call engine, which reads no
// files: the receiver, `tocsin check` and `tocsin oncall` all come through
// [Read].
//
// A rota whose file cannot be read is made without it: somebody must be on
// call whatever becomes of a calendar, so the mistake is reported beside the
// rotas and not instead of them.
package duty

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// Rotas are the rotas of a catalogue by name.
type Rotas map[string]*oncall.Rota

// Problem is what is wrong with a file, at its place in the catalogue.
type Problem struct {
	Path string // of the key
	Err  error
}

const (
	past   = 60 * 24 * time.Hour
	future = 2 * 366 * 24 * time.Hour
)

// Read makes every rota. The files are read for two months before now and two
// years after. An error is a catalogue that would not load.
func Read(c *catalog.Catalog, now time.Time) (Rotas, []Problem, error) {
	return new(Shelf).Read(c, now)
}

// Shelf keeps the files as they were when they could be read last, for whoever
// reads them again and again: a calendar that is fetched in vain for days sends
// nobody back on call.
type Shelf struct {
	mutex sync.Mutex
	texts map[string][]byte
}

// Read is [Read] with what was kept.
func (s *Shelf) Read(c *catalog.Catalog, now time.Time) (Rotas, []Problem, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.texts == nil {
		s.texts = map[string][]byte{}
	}
	rotas, problems := Rotas{}, []Problem(nil)
	for _, name := range slices.Sorted(maps.Keys(c.Rotas)) {
		r := reader{catalog: c, spec: c.Rotas[name], now: now, kept: s.texts}
		rota, err := oncall.New(r.spec, r.calendars("rotas."+name))
		if err != nil {
			return nil, nil, err
		}
		rotas[name] = rota
		problems = append(problems, r.problems...)
	}
	return rotas, problems, nil
}

// Files are the iCal files of a catalogue, each once.
func Files(c *catalog.Catalog) []string {
	var files []string
	for _, rota := range c.Rotas {
		for _, absences := range rota.Absences {
			files = append(files, string(absences.File))
		}
		for _, holidays := range holidaysOf(rota) {
			files = append(files, holidays.File)
		}
	}
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(file string) bool { return file == "" })
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

// reader reads the files of one rota.
type reader struct {
	catalog  *catalog.Catalog
	spec     *catalog.Rota
	now      time.Time
	kept     map[string][]byte // by file
	problems []Problem
}

func (r *reader) calendars(path string) oncall.Calendars {
	known := oncall.Calendars{Holidays: map[string]oncall.Dates{}}
	for _, holidays := range holidaysOf(r.spec) {
		if holidays.File != "" && known.Holidays[holidays.File] == nil {
			known.Holidays[holidays.File] = r.dates(r.events(path+".layers", holidays.File))
		}
	}
	for n, absences := range r.spec.Absences {
		place := fmt.Sprintf("%s.absences[%d]", path, n)
		events := r.events(place+".file", string(absences.File))
		away, unknown := r.absences(absences.Person, events)
		known.Away = append(known.Away, away...)
		if unknown > 0 {
			r.problems = append(r.problems, Problem{place, fmt.Errorf("%d of %d events name nobody of the rota: their summaries must hold a name or an id, or give person", unknown, len(events))})
		}
	}
	return known
}

func (r *reader) events(path, file string) []ical.Event {
	text, err := readFile(file)
	var events []ical.Event
	if err == nil {
		if events, err = r.parse(text); err != nil {
			err = fmt.Errorf("reading %q, without what is wrong in it: %w", file, err)
		}
	}
	switch old := r.kept[file]; {
	case err == nil || len(events) > 0 && (old == nil || !errors.Is(err, ical.ErrCut)):
		r.kept[file] = text
	case old != nil:
		events, _ = r.parse(old)
		err = fmt.Errorf("%w (going on with what stood there before)", err)
	}
	if err != nil {
		r.problems = append(r.problems, Problem{path, err})
	}
	return events
}

func (r *reader) parse(text []byte) ([]ical.Event, error) {
	return ical.Parse(text, r.now.Add(-past), r.now.Add(future))
}

// readFile reads a little more than a file may have, so that a longer one is
// noticed.
func readFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, ical.MostBytes+1))
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

// absences finds out whose the events are; unknown counts those of nobody. A day
// is one where the person lives: with layers in several zones, in any of them.
func (r *reader) absences(person string, events []ical.Event) (away []oncall.Absence, unknown int) {
	who := r.names()
	for _, e := range events {
		whose, known := []string{person}, true
		if person == "" {
			whose, known = who.in(e.Summary)
		}
		if !known {
			unknown++
		}
		for _, one := range whose {
			away = append(away, r.absence(one, e))
		}
	}
	return away, unknown
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

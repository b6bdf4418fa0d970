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
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
	"github.com/tocsin-monitoring/tocsin/catalog"
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
			known.Holidays[holidays.File] = dates(r.events(path+".layers", holidays.File))
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
	case err == nil || len(events) > 0:
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

// dates are the days that events touch, on their own clocks.
func dates(events []ical.Event) oncall.Dates {
	days := oncall.Dates{}
	for _, e := range events {
		from := time.Unix(int64(e.From), 0).UTC().Truncate(24 * time.Hour)
		until := time.Unix(int64(e.Until), 0).UTC()
		days[from.Format(time.DateOnly)] = true
		for day := from.AddDate(0, 0, 1); day.Before(until); day = day.AddDate(0, 0, 1) {
			days[day.Format(time.DateOnly)] = true
		}
	}
	return days
}

// absences finds out whose the events are; unknown counts those of nobody.
func (r *reader) absences(person string, events []ical.Event) (away []oncall.Absence, unknown int) {
	zone, err := time.LoadLocation(r.spec.Timezone)
	if err != nil {
		zone = time.UTC
	}
	everybody := append(r.spec.Everybody(), r.spec.Backup...)
	for _, e := range events {
		from, until := e.In(zone)
		whose := []string{person}
		if person == "" {
			whose = r.named(e.Summary, everybody)
		}
		if len(whose) == 0 {
			unknown++
		}
		for _, one := range whose {
			away = append(away, oncall.Absence{Person: one, From: from, Until: until})
		}
	}
	return away, unknown
}

// named are the people whose name or id stands in a text as whole words.
func (r *reader) named(text string, people []string) []string {
	var found []string
	words := words(text)
	for _, person := range people {
		name := person
		if p := r.catalog.People[person]; p != nil && p.Name != "" {
			name = p.Name
		}
		if (holds(words, wordsOf(name)) || holds(words, wordsOf(person))) && !slices.Contains(found, person) {
			found = append(found, person)
		}
	}
	return found
}

func words(text string) string { return " " + strings.Join(wordsOf(text), " ") + " " }

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && c != '_' && c != '\''
	})
}

func holds(text string, words []string) bool {
	return len(words) > 0 && strings.Contains(text, " "+strings.Join(words, " ")+" ")
}

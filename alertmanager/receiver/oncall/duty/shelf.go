package duty

import (
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
)

// ErrNotFetched says that a calendar is one that the receiver fetches, and that
// nothing of it is known here.
var ErrNotFetched = errors.New("the receiver fetches this calendar, and what it holds is not known here")

// Shelf keeps the calendars as they were when they could be read last, for
// whoever reads them again and again: a calendar that is fetched in vain for days
// sends nobody back on call.
type Shelf struct {
	mutex    sync.Mutex
	texts    map[string][]byte // by the calendar's ID
	troubles map[string]error  // why one could not be fetched last
	changes  int
}

// Read is [Read] with what was kept.
func (s *Shelf) Read(c *catalog.Catalog, now time.Time) (Rotas, []Problem, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	rotas, problems := Rotas{}, []Problem(nil)
	for _, name := range slices.Sorted(maps.Keys(c.Rotas)) {
		r := reader{catalog: c, spec: c.Rotas[name], now: now, shelf: s}
		rota, err := oncall.New(r.spec, r.calendars())
		if err != nil {
			return nil, nil, err
		}
		rotas[name] = rota
		problems = append(problems, r.problems...)
	}
	return rotas, problems, nil
}

// Offer gives the shelf what was fetched of a calendar. An error says why the
// text does not count, or not for long: it is no calendar, or breaks off. Then
// what was there before stays, and is told with the error.
func (s *Shelf) Offer(id string, text []byte, now time.Time) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	_, taken, err := s.take(id, text, now)
	if taken {
		s.changes++
	}
	if taken && !errors.Is(err, ical.ErrCut) {
		return nil // what it says that is not understood, a reading tells
	}
	return err
}

// Note says why a calendar could not be fetched, or with nil that it could.
func (s *Shelf) Note(id string, trouble error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	before := s.troubles[id]
	if (trouble == nil) == (before == nil) && (trouble == nil || trouble.Error() == before.Error()) {
		return
	}
	s.changes++
	if s.troubles == nil {
		s.troubles = map[string]error{}
	}
	s.troubles[id] = trouble
}

// Changes counts what has changed of the calendars that are fetched: it is worth
// while to read them again.
func (s *Shelf) Changes() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.changes
}

// take puts a text into the place of the one before, unless that one is better:
// half of a calendar does not replace a whole one, but is better than nothing.
func (s *Shelf) take(id string, text []byte, now time.Time) (events []ical.Event, taken bool, err error) {
	events, err = parse(text, now)
	old := s.texts[id]
	if taken = err == nil || len(events) > 0 && (old == nil || !errors.Is(err, ical.ErrCut)); taken {
		if s.texts == nil {
			s.texts = map[string][]byte{}
		}
		s.texts[id] = text
	}
	return events, taken, err
}

func parse(text []byte, now time.Time) ([]ical.Event, error) {
	return ical.Parse(text, now.Add(-past), now.Add(future))
}

// file reads a file; unread says that it could not be, as a whole. What cannot be read counts as it was before.
func (s *Shelf) file(name string, now time.Time) (events []ical.Event, unread bool, err error) {
	text, err := readFile(name)
	taken := false
	if err == nil {
		if events, taken, err = s.take(name, text, now); err != nil {
			err = fmt.Errorf("reading %q, without what is wrong in it: %w", name, err)
		}
	}
	if old := s.texts[name]; !taken && old != nil {
		events, _ = parse(old, now)
		err = fmt.Errorf("%w (going on with what stood there before)", err)
	}
	return events, !taken || errors.Is(err, ical.ErrCut), err
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

// fetched reads what was fetched last.
func (s *Shelf) fetched(id string, now time.Time) (events []ical.Event, unread bool, err error) {
	text, trouble := s.texts[id], s.troubles[id]
	if text != nil {
		if events, err = parse(text, now); err != nil {
			err = fmt.Errorf("without what is wrong in it: %w", err)
		}
	}
	switch {
	case trouble != nil && text != nil:
		err = fmt.Errorf("the calendar cannot be fetched: %w (going on with what stood there before)", trouble)
	case trouble != nil:
		err = fmt.Errorf("the calendar cannot be fetched, and nothing is known of it: %w", trouble)
	case text == nil:
		err = ErrNotFetched
	}
	return events, trouble != nil || text == nil, err
}

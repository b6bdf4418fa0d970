// Package ical reads who is away, or which days are holidays, out of iCal
// files (RFC 5545), and writes a rota's shifts as such a file.
//
// It stands beside the on-call engine: package duty reads the files that a
// catalogue names with [Parse], and the receiver serves what [Write] makes to
// the calendars of people.
//
// The files are somebody else's, and few keep to the letter: zones have the
// names of Windows or are defined in the file, lines are no lines, the end is
// missing. Whatever can be understood counts, and the rest is told. Length,
// events and recurrences are bounded, and a recurrence is tested day by day
// instead of being searched for: a rule that never holds, such as the 30th of
// February, ends like any other.
package ical

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

const (
	// MostBytes bounds a file.
	MostBytes = 16 << 20
	// mostEvents bounds the events of a file that have a part in the time that is
	// asked for or recur, and mostTimes how often all of them together happen.
	mostEvents = 5000
	mostTimes  = 20_000
	// longestEvent bounds one event.
	longestEvent = 400 * 24 * time.Hour
)

// ErrCut says that a file breaks off before its end: what stood in the rest is
// not known.
var ErrCut = errors.New("the file breaks off: it does not end with END:VCALENDAR")

// Event is one happening of an event. Its times are what a wall clock shows;
// those of an event without times are midnights.
type Event struct {
	Summary     string
	From, Until wallclock.Reading
	Zone        *time.Location // nil for that of the reader
}

// In gives the instants for a reader in a zone.
func (e Event) In(zone *time.Location) (from, until time.Time) {
	if e.Zone != nil {
		zone = e.Zone
	}
	return e.From.In(zone), e.Until.In(zone)
}

// Parse reads the events that happen, in part, between two days. An event that
// cannot be read is left out and is in the error, which comes with the others: an
// absence that is known must count whatever else stands in the file. So does
// [ErrCut] with what stands before the break.
func Parse(text []byte, from, until time.Time) ([]Event, error) {
	if len(text) > MostBytes {
		return nil, fmt.Errorf("the file is too long (got %d bytes, want at most %d)", len(text), MostBytes)
	}
	calendars, cut := scan(text)
	if len(calendars) == 0 || calendars[0].name != "VCALENDAR" {
		return nil, noCalendar(text, cut)
	}
	p := parser{window: span{wallclock.Reading(from.Unix()), wallclock.Reading(until.Unix())}}
	if cut != nil {
		p.problems = append(p.problems, cut)
	}
	for _, calendar := range calendars {
		if err := p.calendar(calendar); err != nil {
			return nil, err
		}
	}
	return p.found, leftOut(p.problems)
}

func noCalendar(text []byte, err error) error {
	switch text = bytes.TrimSpace(text); {
	case err != nil:
		return err
	case len(text) == 0:
		return errors.New("this is no iCal file: it is empty")
	case text[0] == '<':
		return errors.New("this is no iCal file but a web page: does the address want a login?")
	}
	return errors.New("this is no iCal file: it does not begin with BEGIN:VCALENDAR")
}

// leftOut names the first few things that could not be read.
func leftOut(problems []error) error {
	const most = 3
	if more := len(problems) - most; more > 0 {
		problems = append(problems[:most:most], fmt.Errorf("and %d more", more))
	}
	return errors.Join(problems...)
}

type span struct{ from, until wallclock.Reading }

// only are the events that have a part in the span.
func (s span) only(events []Event) []Event {
	return slices.DeleteFunc(events, func(e Event) bool { return e.Until <= s.from || e.From >= s.until })
}

// parser gathers the events of the calendars of one file.
type parser struct {
	window   span
	events   int // read so far
	counted  int // of those, how many are looked at closely
	found    []Event
	problems []error
}

func (p *parser) calendar(c *component) error {
	z := &zones{calendar: c, found: map[string]*time.Location{}}
	usual := z.usual()
	r := reading{window: p.window, zoneOf: func(name string) *time.Location {
		if name == "" {
			return usual
		}
		return z.find(name)
	}}
	r.movedOf(c)
	for _, event := range c.parts {
		if event.name != "VEVENT" {
			continue
		}
		p.events++
		happenings, err := r.event(event)
		if err != nil {
			p.problems = append(p.problems, fmt.Errorf("event %d: %w", p.events, err))
		}
		if len(happenings) > 0 || event.get("RRULE").name != "" {
			p.counted++
		}
		p.found = append(p.found, happenings...)
		switch {
		case p.counted > mostEvents:
			return fmt.Errorf("there are too many events (want at most %d that are not over)", mostEvents)
		case len(p.found) > mostTimes:
			return fmt.Errorf("events recur too often (want at most %d times in all)", mostTimes)
		}
	}
	for _, name := range z.unknown {
		p.problems = append(p.problems, fmt.Errorf("TZID %.60q is not known: its times are read on the clock of the rota", name))
	}
	return nil
}

// usual is the zone of times that name none, where the calendar has such a zone.
func (z *zones) usual() *time.Location {
	return named(z.calendar.get("X-WR-TIMEZONE").value)
}

// reading reads the events of one calendar.
type reading struct {
	window span
	zoneOf func(name string) *time.Location
	moved  map[string]*moments    // happenings that have an event of their own, by UID
	ranges map[string][]amendment // those that change the later ones too
	series map[string]bool        // the UIDs of what they may change
}

func (r *reading) movedOf(c *component) {
	r.moved, r.ranges, r.series = map[string]*moments{}, map[string][]amendment{}, map[string]bool{}
	for _, event := range c.parts {
		if event.name != "VEVENT" {
			continue
		}
		uid := event.get("UID").value
		if p := event.get("RECURRENCE-ID"); p.name == "" {
			r.series[uid] = true
		} else {
			r.rangeOf(uid, event, p)
			if r.moved[uid] == nil {
				r.moved[uid] = newMoments()
			}
			for _, at := range r.list(p) {
				r.moved[uid].add(at)
			}
		}
	}
}

// list reads a list of times. What cannot be read is left out.
func (r *reading) list(p property) []moment {
	var list []moment
	for part := range strings.SplitSeq(p.value, ",") {
		one := p
		one.value, _, _ = strings.Cut(part, "/") // a period's beginning
		if at, err := parseMoment(one, r.zoneOf); err == nil {
			list = append(list, at)
		}
	}
	return list
}

// event gives the happenings of an event. One that was called off has none, and
// neither has one in which somebody works as usual, but elsewhere.
func (r *reading) event(event *component) ([]Event, error) {
	err := r.rangeProblem(event)
	if isOff(event) {
		return nil, err
	}
	e, begin, broken := r.once(event)
	if broken != nil {
		return nil, broken
	}
	found, wrong := r.happenings(event, e, begin)
	return found, errors.Join(wrong, err)
}

// isOff says whether nobody is away, or off, because of an event. What is shown
// as free counts: that is how calendars show days of leave.
func isOff(event *component) bool {
	return strings.EqualFold(event.get("STATUS").value, "CANCELLED") || strings.EqualFold(event.get("X-MICROSOFT-CDO-BUSYSTATUS").value, "WORKINGELSEWHERE")
}

// once is an event as if it did not recur.
func (r *reading) once(event *component) (e Event, begin moment, err error) {
	p := event.get("DTSTART")
	if p.name == "" {
		return e, begin, errors.New("DTSTART is missing")
	}
	if begin, err = parseMoment(p, r.zoneOf); err != nil {
		return e, begin, fmt.Errorf("DTSTART: %w", err)
	}
	until, err := r.endOf(event, begin)
	if err != nil {
		return e, begin, err
	}
	if until < begin.at || until-begin.at > wallclock.Reading(longestEvent/time.Second) {
		return e, begin, errors.New("it ends before it begins, or lasts more than a year")
	}
	return Event{Summary: ics.FromText(event.get("SUMMARY").value), From: begin.at, Until: until, Zone: begin.zone}, begin, nil
}

// happenings are the event itself, what its rule gives, and its further dates,
// as they were changed from some time on.
func (r *reading) happenings(event *component, e Event, begin moment) ([]Event, error) {
	if event.get("RECURRENCE-ID").name != "" {
		return r.window.only([]Event{e}), nil
	}
	var left *moments
	for _, p := range event.all("EXDATE") {
		left = cmp.Or(left, newMoments())
		for _, at := range r.list(p) {
			left.add(at)
		}
	}
	uid := event.get("UID").value
	moved, changes := r.moved[uid], r.ranges[uid]
	isLeft := func(at wallclock.Reading) bool {
		m := moment{at: at, zone: begin.zone, day: begin.day}
		return left.holds(m) || moved.holds(m)
	}
	window := r.window.around(changes)
	found := r.further(event, e, begin, window, isLeft)
	text := event.get("RRULE").value
	rule, err := rule{}, error(nil)
	if text != "" {
		rule, err = parseRule(text, begin)
	}
	switch {
	case err != nil: // its first time is known all the same
		err = fmt.Errorf("RRULE: %w", err)
		found = append(found, e)
	case text != "":
		found = append(recur(e, rule, window, isLeft), found...)
	case !isLeft(e.From):
		found = append([]Event{e}, found...)
	}
	return r.window.only(changed(found, begin, changes)), err
}

// further are the happenings that no rule gives.
func (r *reading) further(event *component, e Event, begin moment, window span, isLeft func(wallclock.Reading) bool) []Event {
	var found []Event
	for _, p := range event.all("RDATE") {
		for _, m := range r.list(p) {
			at := m.on(begin)
			one := Event{Summary: e.Summary, From: at, Until: at + e.Until - e.From, Zone: e.Zone}
			if !isLeft(at) {
				found = append(found, window.only([]Event{one})...)
			}
		}
	}
	return found
}

// endOf is DTEND on the clock of the beginning, or DTSTART and DURATION, or the
// end of the day. A whole day that ends on itself lasts until its end: some
// programs write the last day, and not the one after.
func (r *reading) endOf(event *component, begin moment) (wallclock.Reading, error) {
	until := begin.at
	if p := event.get("DTEND"); p.name != "" {
		end, err := parseMoment(p, r.zoneOf)
		if err != nil {
			return 0, fmt.Errorf("DTEND: %w", err)
		}
		until = end.on(begin)
	} else if text := event.get("DURATION").value; text != "" {
		length, err := parseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("DURATION: %w", err)
		}
		until += wallclock.Reading(length / time.Second)
	}
	if begin.day && until == begin.at {
		until += daySeconds
	}
	return until, nil
}

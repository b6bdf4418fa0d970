// Package ical reads who is away, or which days are holidays, out of iCal
// files (RFC 5545), and writes a rota's shifts as such a file.
//
// It stands beside the on-call engine: package duty reads the files that a
// catalogue names with [Parse], and the receiver serves what [Write] makes to
// the calendars of people. The library knows the syntax; times, zones and
// recurrences are found here.
//
// The files are somebody else's. Their length, events and recurrences are
// bounded, and a recurrence is tested day by day instead of being searched
// for: a rule that never holds, such as the 30th of February, ends like any
// other.
package ical

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

const (
	// MostBytes bounds a file.
	MostBytes = 2 << 20
	// mostEvents bounds the events of a file, and mostTimes how often all of
	// them together happen.
	mostEvents = 5000
	mostTimes  = 20_000
	// longestEvent bounds one event.
	longestEvent = 400 * 24 * time.Hour
)

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
// absence that is known must count whatever else stands in the file.
func Parse(text []byte, from, until time.Time) ([]Event, error) {
	if len(text) > MostBytes {
		return nil, fmt.Errorf("the file is too long (got %d bytes, want at most %d)", len(text), MostBytes)
	}
	if !bytes.HasSuffix(bytes.ToUpper(bytes.TrimSpace(text)), []byte("END:VCALENDAR")) {
		return nil, errors.New("this is no iCal file, or not all of it: it does not end with END:VCALENDAR")
	}
	calendar, err := ics.ParseCalendar(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("this is no iCal file: %w", err)
	}
	events := calendar.Events()
	if len(events) > mostEvents {
		return nil, fmt.Errorf("there are too many events (got %d, want at most %d)", len(events), mostEvents)
	}
	window := span{wallclock.Reading(from.Unix()), wallclock.Reading(until.Unix())}
	moved := movedOf(events)
	var found []Event
	var problems []error
	for n, event := range events {
		happenings, err := parseEvent(event, window, moved)
		if err != nil {
			problems = append(problems, fmt.Errorf("event %d: %w", n+1, err))
		}
		if found = append(found, happenings...); len(found) > mostTimes {
			return nil, fmt.Errorf("events recur too often (want at most %d times in all)", mostTimes)
		}
	}
	return found, leftOut(problems)
}

// leftOut names the first few events that could not be read.
func leftOut(problems []error) error {
	const most = 3
	if more := len(problems) - most; more > 0 {
		problems = append(problems[:most:most], fmt.Errorf("and %d more events", more))
	}
	return errors.Join(problems...)
}

type span struct{ from, until wallclock.Reading }

// movedOf are the happenings of recurring events that have an event of their
// own, by the event's id and the time at which they would have been.
func movedOf(events []*ics.VEvent) map[string]bool {
	moved := map[string]bool{}
	for _, event := range events {
		if p := event.GetProperty(ics.ComponentPropertyRecurrenceId); p != nil {
			var zone *time.Location
			if begin := event.GetProperty(ics.ComponentPropertyDtStart); begin != nil {
				_, zone, _, _ = parseTime(begin)
			}
			for _, at := range times(p, zone) {
				moved[key(event, at)] = true
			}
		}
	}
	return moved
}

func key(event *ics.VEvent, at wallclock.Reading) string {
	return value(event, ics.ComponentPropertyUniqueId) + "\n" + strconv.FormatInt(int64(at), 10)
}

func value(event *ics.VEvent, name ics.ComponentProperty) string {
	if p := event.GetProperty(name); p != nil {
		return p.Value
	}
	return ""
}

func parseEvent(event *ics.VEvent, window span, moved map[string]bool) ([]Event, error) {
	if strings.EqualFold(value(event, ics.ComponentPropertyStatus), "CANCELLED") {
		return nil, nil
	}
	begin := event.GetProperty(ics.ComponentPropertyDtStart)
	if begin == nil {
		return nil, errors.New("DTSTART is missing")
	}
	from, zone, allDay, err := parseTime(begin)
	if err != nil {
		return nil, fmt.Errorf("DTSTART: %w", err)
	}
	until, err := endOf(event, from, allDay)
	if err != nil {
		return nil, err
	}
	if until < from || until-from > wallclock.Reading(longestEvent/time.Second) {
		return nil, errors.New("it ends before it begins, or lasts more than a year")
	}
	e := Event{Summary: value(event, ics.ComponentPropertySummary), From: from, Until: until, Zone: zone}
	once := []Event{e}
	if e.Until <= window.from || e.From >= window.until {
		once = nil
	}
	if event.GetProperty(ics.ComponentPropertyRecurrenceId) != nil {
		return once, nil
	}
	for _, p := range event.GetProperties(ics.ComponentPropertyExdate) {
		for _, at := range times(p, zone) {
			moved[key(event, at)] = true
		}
	}
	left := func(at wallclock.Reading) bool { return moved[key(event, at)] }
	further := furtherDates(e, event.GetProperties(ics.ComponentPropertyRdate), window, left)
	text := value(event, ics.ComponentPropertyRrule)
	if text == "" {
		return append(once, further...), nil
	}
	rule, err := parseRule(text, zone)
	if err != nil { // its first time is known all the same
		return append(once, further...), fmt.Errorf("RRULE: %w", err)
	}
	return append(recur(e, rule, window, left), further...), nil
}

// furtherDates are the happenings that no rule gives.
func furtherDates(e Event, dates []*ics.IANAProperty, window span, left func(wallclock.Reading) bool) []Event {
	var found []Event
	for _, p := range dates {
		for _, at := range times(p, e.Zone) {
			one := Event{Summary: e.Summary, From: at, Until: at + e.Until - e.From, Zone: e.Zone}
			if one.Until > window.from && one.From < window.until && !left(at) {
				found = append(found, one)
			}
		}
	}
	return found
}

// times reads the times of a list on the clock of its event, whose zone it is:
// some programs write UTC there. What cannot be read is left out.
func times(p *ics.IANAProperty, event *time.Location) []wallclock.Reading {
	var list []wallclock.Reading
	for part := range strings.SplitSeq(p.Value, ",") {
		one := *p
		one.Value, _, _ = strings.Cut(part, "/") // a period's beginning
		at, zone, _, err := parseTime(&one)
		if err != nil {
			continue
		}
		if zone != nil && event != nil && zone != event {
			at = wallclock.Read(at.In(zone), event)
		}
		list = append(list, at)
	}
	return list
}

// endOf is DTEND, or DTSTART and DURATION, or the end of the day.
func endOf(event *ics.VEvent, from wallclock.Reading, allDay bool) (wallclock.Reading, error) {
	if p := event.GetProperty(ics.ComponentPropertyDtEnd); p != nil {
		until, _, _, err := parseTime(p)
		if err != nil {
			return 0, fmt.Errorf("DTEND: %w", err)
		}
		return until, nil
	}
	if text := value(event, ics.ComponentPropertyDuration); text != "" {
		length, err := parseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("DURATION: %w", err)
		}
		return from + wallclock.Reading(length/time.Second), nil
	}
	if allDay {
		return from + 24*60*60, nil
	}
	return from, nil
}

// parseTime reads a date, or a time with its zone: UTC, that of TZID, or nil
// for the reader's. A TZID that the machine does not know is the reader's, too.
func parseTime(p *ics.IANAProperty) (at wallclock.Reading, zone *time.Location, allDay bool, err error) {
	text := strings.TrimSpace(p.Value)
	if t, err := time.Parse("20060102", text); err == nil {
		return wallclock.Reading(t.Unix()), nil, true, nil
	}
	if bare, utc := strings.CutSuffix(text, "Z"); utc {
		text, zone = bare, time.UTC
	} else if names := p.ICalParameters["TZID"]; len(names) > 0 {
		if known, err := time.LoadLocation(names[0]); err == nil && names[0] != "Local" {
			zone = known
		}
	}
	t, err := time.Parse("20060102T150405", text)
	if err != nil || t.Year() < 1900 {
		return 0, nil, false, errors.New("want a time such as 20261224 or 20261224T090000Z")
	}
	return wallclock.Reading(t.Unix()), zone, false, nil
}

// parseDuration reads P1D, PT2H30M or P1W.
func parseDuration(text string) (time.Duration, error) {
	malformed := errors.New("want one such as P1D or PT8H")
	rest, is := strings.CutPrefix(strings.TrimPrefix(text, "+"), "P")
	if !is || rest == "" {
		return 0, malformed
	}
	units := map[byte]time.Duration{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	total, digits := time.Duration(0), ""
	for n := range len(rest) {
		switch c := rest[n]; {
		case c >= '0' && c <= '9' && len(digits) < 6:
			digits += string(c)
		case c == 'T' && digits == "":
		case units[c] != 0 && digits != "":
			count, _ := strconv.Atoi(digits) // six digits
			total, digits = total+time.Duration(count)*units[c], ""
			if total > longestEvent {
				return 0, malformed
			}
		default:
			return 0, malformed
		}
	}
	if digits != "" {
		return 0, malformed
	}
	return total, nil
}

package ical

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// amendment is an event that takes the place of one happening of a series and moves
// all later ones with it: RANGE=THISANDFUTURE of RFC 5545, section 3.2.13.
type amendment struct {
	at    moment // of the series, as it was
	event Event  // what it is now
	begin moment // of event
	off   bool   // it was called off from then on
}

// rangeOf notes an event that changes the later ones of its series too. One that
// cannot be read changes none, and is told as any other.
func (r *reading) rangeOf(uid string, event *component, p property) {
	at, err := parseMoment(p, r.zoneOf)
	if err != nil || !isFuture(p) {
		return
	}
	one := amendment{at: at, off: isOff(event)}
	if !one.off {
		if one.event, one.begin, err = r.once(event); err != nil || one.shift() > wallclock.Reading(longestEvent.Seconds()) {
			return
		}
	}
	r.ranges[uid] = append(r.ranges[uid], one)
	slices.SortStableFunc(r.ranges[uid], func(a, b amendment) int { return int(a.at.at - b.at.at) })
}

func isFuture(p property) bool { return strings.EqualFold(p.parameter("RANGE"), "THISANDFUTURE") }

// rangeProblem says what is not understood of the RANGE of an event.
func (r *reading) rangeProblem(event *component) error {
	p := event.get("RECURRENCE-ID")
	text := p.parameter("RANGE")
	switch {
	case text == "":
		return nil
	case !isFuture(p):
		return fmt.Errorf("RANGE=%.20q is not understood: only the one time of the event is changed (want THISANDFUTURE)", text)
	case event.get("RRULE").name != "":
		return errors.New("RANGE=THISANDFUTURE with a rule of its own is not understood: the later times keep the old rule")
	case !r.series[event.get("UID").value]:
		return errors.New("RANGE=THISANDFUTURE of an event that is not in the file: the later times are not known")
	}
	if _, err := parseMoment(p, r.zoneOf); err != nil {
		return fmt.Errorf("RECURRENCE-ID: %w", err)
	}
	if isOff(event) {
		return nil
	}
	if e, begin, err := r.once(event); err == nil {
		at, _ := parseMoment(p, r.zoneOf)
		if one := (amendment{at: at, event: e, begin: begin}); one.shift() > wallclock.Reading(longestEvent.Seconds()) {
			return errors.New("RANGE=THISANDFUTURE moves the later times by more than a year: they stay where they were")
		}
	}
	return nil
}

// shift is by how much the times move, either way, on the clock of the event.
func (c amendment) shift() wallclock.Reading {
	by := c.begin.at - c.at.on(c.begin)
	return max(by, -by)
}

// around is a span that holds every happening that changes bring into s.
func (s span) around(changes []amendment) span {
	by := wallclock.Reading(0)
	for _, c := range changes {
		if !c.off {
			// A day more for clocks that differ.
			by = max(by, c.shift()+c.event.Until-c.event.From+daySeconds)
		}
	}
	return span{s.from - by, s.until + by}
}

// changed are happenings of a series that begins at a moment, as they are now.
func changed(happenings []Event, begin moment, changes []amendment) []Event {
	if len(changes) == 0 {
		return happenings
	}
	var found []Event
	for _, e := range happenings {
		at := moment{at: e.From, zone: begin.zone, day: begin.day}
		n := len(changes) - 1
		for n >= 0 && changes[n].at.on(begin) > e.From {
			n--
		}
		switch {
		case n < 0:
			found = append(found, e)
		case !changes[n].off:
			found = append(found, changes[n].of(at))
		}
	}
	return found
}

// of is what a happening of the series is now.
func (c amendment) of(at moment) Event {
	e := c.event
	e.From = at.on(c.begin) + c.begin.at - c.at.on(c.begin)
	e.Until = e.From + c.event.Until - c.event.From
	return e
}

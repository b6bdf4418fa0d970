package oncall

import (
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// layer is one rotation.
type layer struct {
	zone   *time.Location
	first  wallclock.Reading // a handover; the first person's turn begins here
	shift  int64             // seconds on the wall clock
	people []string
	duty   *duty // nil for always
}

// anchor is a Monday; rotations without a start count from the handover in its
// week.
var anchor = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

func newLayer(spec catalog.Layer, zone string, holidays map[string]Dates) (*layer, error) {
	if spec.Timezone != "" {
		zone = spec.Timezone
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("timezone: %w", err)
	}
	if len(spec.People) == 0 {
		return nil, errors.New("there are no people")
	}
	start := anchor
	if spec.Start != "" {
		if start, err = time.Parse(time.DateOnly, spec.Start); err != nil {
			return nil, fmt.Errorf("start: want YYYY-MM-DD, got %q", spec.Start)
		}
	}
	handover, err := catalog.ParseHandover(spec.Handover)
	if err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	shift := spec.Shift.Std()
	if shift == 0 {
		shift = handover.Cycle
	}
	if shift < time.Hour {
		return nil, fmt.Errorf("shift: want at least 1h, got %s", shift)
	}
	l := &layer{zone: location, first: firstHandover(handover, start), shift: int64(shift / time.Second), people: spec.People}
	if spec.Only != nil {
		l.duty, err = newDuty(spec.Only, holidays)
	}
	return l, err
}

// firstHandover finds the first handover on or after a day.
func firstHandover(h catalog.Handover, start time.Time) wallclock.Reading {
	if h.Cycle > 24*time.Hour {
		start = start.AddDate(0, 0, (int(h.Weekday-start.Weekday())+7)%7)
	}
	return wallclock.On(start.Year(), start.Month(), start.Day(), h.Minute)
}

// turn counts handovers from the first to t. The wall clock gives it but for
// the hours around a change of clocks.
func (l *layer) turn(t time.Time) int {
	turn := floorDiv(int64(wallclock.Read(t, l.zone)-l.first), l.shift)
	for l.handover(turn).After(t) {
		turn--
	}
	for !l.handover(turn + 1).After(t) {
		turn++
	}
	return turn
}

func (l *layer) handover(turn int) time.Time {
	return (l.first + wallclock.Reading(int64(turn)*l.shift)).In(l.zone)
}

// between finds the last edge at or before t and the first after it.
func (l *layer) between(t time.Time) span {
	turn := l.turn(t)
	found := span{l.handover(turn), l.handover(turn + 1)}
	if l.duty == nil {
		return found
	}
	l.duty.around(t, l.zone, func(s span, _ bool) {
		for _, edge := range []time.Time{s.from, s.until} {
			switch {
			case edge.After(t) && edge.Before(found.until):
				found.until = edge
			case !edge.After(t) && edge.After(found.from):
				found.from = edge
			}
		}
	})
	return found
}

func (l *layer) onDuty(t time.Time) bool {
	if l.duty == nil {
		return true
	}
	on := false
	l.duty.around(t, l.zone, func(s span, duty bool) { on = on || duty && s.contains(t) })
	return on
}

// duty are the times at which a layer counts.
type duty struct {
	days         [7]bool
	times        catalog.Times
	only, except []func(day time.Time) bool // holidays
}

func newDuty(spec *catalog.Only, holidays map[string]Dates) (d *duty, err error) {
	d = &duty{}
	if d.days, err = catalog.ParseWeekdays(spec.Days); err != nil {
		return nil, err
	}
	if d.times, err = catalog.ParseTimes(spec.Times); err != nil {
		return nil, err
	}
	d.only, d.except = holidayTests(spec.Holidays, holidays), holidayTests(spec.Except, holidays)
	return d, nil
}

func holidayTests(specs []catalog.Holidays, known map[string]Dates) []func(time.Time) bool {
	var tests []func(time.Time) bool
	for _, spec := range specs {
		if id := spec.ID(); id != "" {
			dates := known[id]
			tests = append(tests, func(day time.Time) bool { return dates[day.Format(time.DateOnly)] })
			continue
		}
		tests = append(tests, func(day time.Time) bool { return catalog.IsHoliday(spec.Calendar, day) })
	}
	return tests
}

// around gives the spans of the days around t, and whether the layer is on
// duty in them. A zone may skip a day, and a span may end on the day after.
func (d *duty) around(t time.Time, zone *time.Location, each func(s span, on bool)) {
	local := t.In(zone)
	for offset := -2; offset <= 2; offset++ {
		day := time.Date(local.Year(), local.Month(), local.Day()+offset, 0, 0, 0, 0, time.UTC)
		on := d.on(day)
		d.times.Spans(func(from, to int) {
			each(span{
				wallclock.On(day.Year(), day.Month(), day.Day(), from).In(zone),
				wallclock.On(day.Year(), day.Month(), day.Day(), to).In(zone),
			}, on)
		})
	}
}

func (d *duty) on(day time.Time) bool {
	holds := func(tests []func(time.Time) bool) bool {
		for _, test := range tests {
			if test(day) {
				return true
			}
		}
		return false
	}
	return d.days[day.Weekday()] && (len(d.only) == 0 || holds(d.only)) && !holds(d.except)
}

func floorDiv(a, b int64) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return int(q)
}

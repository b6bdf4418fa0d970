// Package wallclock finds the instants at which a clock on the wall shows a
// time.
//
// It stands below everything that people write down as wall clock and zone:
// the maintenance windows and, in the receiver, the rotas. They count in
// readings, which know no zone and no change of clocks, and ask for an instant
// only at the end.
//
// A reading that comes twice, when clocks are put back, is its first
// occurrence; one that is skipped, when they are put forward, is the instant
// of the change.
package wallclock

import "time"

// Reading is what a wall clock shows, without a zone: the seconds since the
// beginning of 1970 on that clock.
type Reading int64

// On is the reading at a minute of a day; minutes outside of the day belong to
// the days around it.
func On(year int, month time.Month, day, minute int) Reading {
	return Reading(time.Date(year, month, day, 0, minute, 0, 0, time.UTC).Unix())
}

// Read reads the clock in a zone at an instant.
func Read(t time.Time, zone *time.Location) Reading {
	_, offset := t.In(zone).Zone()
	return Reading(t.Unix() + int64(offset))
}

// In is the first instant at which the clock in a zone shows the reading, or
// the instant at which it jumps over it.
func (r Reading) In(zone *time.Location) time.Time {
	// One of the offsets in force around then is the right one; the greater
	// gives the earlier instant.
	around := time.Unix(int64(r), 0)
	_, before := around.Add(-36 * time.Hour).In(zone).Zone()
	_, after := around.Add(36 * time.Hour).In(zone).Zone()
	early := time.Unix(int64(r)-int64(max(before, after)), 0)
	late := time.Unix(int64(r)-int64(min(before, after)), 0)
	for _, t := range []time.Time{early, late} {
		if Read(t, zone) == r {
			return t.In(zone)
		}
	}
	// Skipped: the change lies between the two.
	change, _ := late.In(zone).ZoneBounds()
	return change
}

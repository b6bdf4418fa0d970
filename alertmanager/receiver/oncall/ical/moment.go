package ical

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// moment is a time as it is written: what the clock of a zone shows, or a whole
// day. The zone is nil for that of the reader.
type moment struct {
	at   wallclock.Reading
	zone *time.Location
	day  bool
}

// parseMoment reads a date, or a time with its zone: UTC, that of TZID, or that
// of the calendar. zoneOf may be nil where there are no zones.
func parseMoment(p property, zoneOf func(name string) *time.Location) (moment, error) {
	text := strings.TrimSpace(p.value)
	if t, err := time.Parse("20060102", text); err == nil && t.Year() >= 1600 {
		return moment{at: wallclock.Reading(t.Unix()), day: true}, nil
	}
	m := moment{}
	if bare, utc := strings.CutSuffix(text, "Z"); utc {
		text, m.zone = bare, time.UTC
	} else if zoneOf != nil {
		m.zone = zoneOf(p.parameter("TZID"))
	}
	t, err := time.Parse("20060102T150405", text)
	if err != nil || t.Year() < 1600 {
		return moment{}, errors.New("want a time such as 20261224 or 20261224T090000Z")
	}
	m.at = wallclock.Reading(t.Unix())
	return m, nil
}

// on is what another moment's clock shows at this one. A day, and a time without
// a zone, is the same on every clock.
func (m moment) on(other moment) wallclock.Reading {
	if m.zone == nil || other.zone == nil || m.zone == other.zone {
		return m.at
	}
	return wallclock.Read(m.at.In(m.zone), other.zone)
}

// moments are happenings of a series that are left out, or are elsewhere. They
// are written on other clocks than the series, or as days, by many programs.
type moments struct {
	instants map[int64]bool
	readings map[wallclock.Reading]bool // without a zone, or in UTC
	days     map[wallclock.Reading]bool // also midnights, which only whole days are compared with
	midnight map[wallclock.Reading]bool
}

func newMoments() *moments {
	return &moments{map[int64]bool{}, map[wallclock.Reading]bool{}, map[wallclock.Reading]bool{}, map[wallclock.Reading]bool{}}
}

func (l *moments) add(m moment) {
	switch {
	case m.day:
		l.days[m.at] = true
	case m.zone == nil:
		l.readings[m.at] = true
	default:
		l.instants[m.at.In(m.zone).Unix()] = true
	}
	if !m.day && m.at%daySeconds == 0 {
		l.midnight[m.at] = true
	}
}

func (l *moments) holds(m moment) bool {
	day := m.at - wallclock.Reading(floor(int64(m.at), daySeconds))
	switch {
	case l == nil:
		return false
	case l.days[day] || l.readings[m.at]:
		return true
	case m.day:
		return l.midnight[m.at]
	case m.zone == nil:
		return l.instants[int64(m.at)] // written in UTC, for want of anything better
	}
	return l.instants[m.at.In(m.zone).Unix()]
}

func floor(n, unit int64) int64 { return ((n % unit) + unit) % unit }

// parseDuration reads P1D, PT2H30M or P1W.
func parseDuration(text string) (time.Duration, error) {
	malformed := errors.New("want one such as P1D or PT8H")
	rest, is := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(text), "+"), "P")
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

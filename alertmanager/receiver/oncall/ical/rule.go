package ical

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

const daySeconds = 24 * 60 * 60

// longestPast bounds for how many days a rule is followed from its beginning.
const longestPast = 200 * 366

// rule says on which days an event recurs. Rules that recur within a day are
// refused.
type rule struct {
	frequency string // DAILY, WEEKLY, MONTHLY or YEARLY
	interval  int
	count     int               // 0 for no end
	until     wallclock.Reading // of the event's clock; 0 for no end
	weekStart time.Weekday
	days      []byDay
	months    []int // 1 to 12
	monthDays []int // 1 to 31, -1 the last
	positions []int // of the days of a month that the rest of the rule gives, -1 the last
}

// byDay is a day of the week; nth counts it within the month, or within the
// year of a yearly rule without months; 0 is every one, -1 the last.
type byDay struct {
	weekday time.Weekday
	nth     int
}

func weekday(text string) (time.Weekday, bool) {
	n := slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, text)
	return time.Weekday(max(n, 0)), n >= 0
}

// parseRule reads the rule of an event that begins at a moment.
func parseRule(text string, begin moment) (rule, error) {
	r := rule{interval: 1, weekStart: time.Monday}
	for part := range strings.SplitSeq(strings.ToUpper(strings.TrimSpace(text)), ";") {
		key, value, _ := strings.Cut(part, "=")
		if err := r.set(key, value, begin); err != nil {
			return r, err
		}
	}
	switch {
	case r.frequency == "":
		return r, errors.New("FREQ is missing")
	case len(r.positions) > 0 && r.frequency != "MONTHLY" && (r.frequency != "YEARLY" || len(r.months) != 1):
		return r, errors.New("BYSETPOS is understood of the days of a month only")
	}
	return r, nil
}

func (r *rule) set(key, value string, begin moment) (err error) {
	switch key {
	case "":
	case "FREQ":
		if !slices.Contains([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value) {
			return errors.New("FREQ: want DAILY, WEEKLY, MONTHLY or YEARLY")
		}
		r.frequency = value
	case "INTERVAL":
		r.interval, err = number(key, value, 1, 1000)
	case "COUNT":
		r.count, err = number(key, value, 1, 100_000)
	case "UNTIL":
		r.until, err = parseUntil(value, begin)
	case "WKST":
		day, known := weekday(value)
		if !known {
			return errors.New("WKST: want a day such as MO")
		}
		r.weekStart = day
	case "BYDAY":
		r.days, err = parseDays(value)
	case "BYMONTH":
		r.months, err = numbers(key, value, 1, 12)
	case "BYMONTHDAY":
		r.monthDays, err = numbers(key, value, -31, 31)
	case "BYSETPOS":
		r.positions, err = numbers(key, value, -31, 31)
	default:
		return fmt.Errorf("%.20q is not understood here (FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTH, BYMONTHDAY and BYSETPOS are)", key)
	}
	return err
}

// parseUntil is the last moment of an UNTIL, on the event's clock.
func parseUntil(value string, begin moment) (wallclock.Reading, error) {
	last, err := parseMoment(property{value: value}, nil)
	switch {
	case err != nil:
		return 0, fmt.Errorf("UNTIL: %w", err)
	case last.day:
		return last.at + daySeconds - 1, nil
	case begin.day && last.zone != nil && last.at%900 == 0 && floor(int64(last.at), daySeconds) >= 10*3600:
		// The last day's midnight somewhere east of Greenwich, which Outlook
		// writes in UTC: it is still the day before there.
		return last.at + 14*3600, nil
	}
	return last.on(begin), nil
}

func parseDays(value string) ([]byDay, error) {
	var days []byDay
	for part := range strings.SplitSeq(value, ",") {
		day, known := weekday(part[max(len(part)-2, 0):])
		nth, err := 0, error(nil)
		if len(part) > 2 {
			nth, err = number("BYDAY", strings.TrimPrefix(part[:len(part)-2], "+"), -53, 53)
		}
		if !known || err != nil || len(days) == 7*12 {
			return nil, errors.New("BYDAY: want days such as MO or 1MO")
		}
		days = append(days, byDay{day, nth})
	}
	return days, nil
}

func numbers(key, value string, least, most int) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(value, ",") {
		n, err := number(key, part, least, most)
		if err != nil || n == 0 || len(list) == 62 {
			return nil, fmt.Errorf("%s: want numbers from %d to %d", key, least, most)
		}
		list = append(list, n)
	}
	return list, nil
}

func number(key, value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s: want a number from %d to %d", key, least, most)
	}
	return n, nil
}

// recur gives the happenings in a window. The first is the event itself,
// whatever its rule says.
func recur(e Event, r rule, window span, left func(wallclock.Reading) bool) []Event {
	var found []Event
	length, first := e.Until-e.From, dateOf(e.From)
	happened, begin := 0, 0
	if r.count == 0 && window.from-length > e.From { // nothing need be counted
		begin = int((window.from - length - e.From) / daySeconds)
	}
	for n := begin; n < longestPast; n++ {
		at := e.From + wallclock.Reading(n)*daySeconds
		if at >= window.until || r.until != 0 && at > r.until || r.count != 0 && happened >= r.count {
			break
		}
		if day := first.AddDate(0, 0, n); n > 0 && !(r.holds(first, day, n) && r.atPosition(first, day, n)) {
			continue
		}
		happened++
		if at+length > window.from && !left(at) {
			found = append(found, Event{Summary: e.Summary, From: at, Until: at + length, Zone: e.Zone})
		}
	}
	return found
}

func dateOf(at wallclock.Reading) time.Time {
	return time.Unix(int64(at), 0).UTC().Truncate(daySeconds * time.Second)
}

// atPosition says whether a day for which the rule holds is one of those of its
// month that BYSETPOS wants: the last working day, the second Monday or Tuesday.
func (r rule) atPosition(first, day time.Time, n int) bool {
	if len(r.positions) == 0 {
		return true
	}
	before, after := 0, 0
	last := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	for d := 1; d <= last; d++ {
		if offset := d - day.Day(); offset != 0 && r.holds(first, day.AddDate(0, 0, offset), n+offset) {
			if offset < 0 {
				before++
			} else {
				after++
			}
		}
	}
	return slices.Contains(r.positions, before+1) || slices.Contains(r.positions, -(after+1))
}

// holds says whether the rule has the event again on a day, the n-th after its
// first.
func (r rule) holds(first, day time.Time, n int) bool {
	if len(r.months) > 0 && !slices.Contains(r.months, int(day.Month())) {
		return false
	}
	months := 12*(day.Year()-first.Year()) + int(day.Month()-first.Month())
	switch r.frequency {
	case "DAILY":
		return n%r.interval == 0 && (len(r.days) == 0 || r.onDay(day)) && (len(r.monthDays) == 0 || r.onMonthDay(day))
	case "WEEKLY":
		into := (int(first.Weekday()-r.weekStart) + 7) % 7
		if (n+into)/7%r.interval != 0 {
			return false
		}
		return len(r.days) == 0 && day.Weekday() == first.Weekday() || r.onDay(day)
	case "MONTHLY":
		return months%r.interval == 0 && r.inMonth(first, day)
	}
	if (day.Year()-first.Year())%r.interval != 0 {
		return false
	}
	if len(r.months) == 0 && len(r.days) == 0 && day.Month() != first.Month() {
		return false
	}
	return r.inMonth(first, day)
}

func (r rule) inMonth(first, day time.Time) bool {
	switch {
	case len(r.days) > 0:
		return r.onDay(day) && (len(r.monthDays) == 0 || r.onMonthDay(day))
	case len(r.monthDays) > 0:
		return r.onMonthDay(day)
	}
	return day.Day() == first.Day()
}

func (r rule) onDay(day time.Time) bool {
	begin, end := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC), time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	if r.frequency == "YEARLY" && len(r.months) == 0 {
		begin, end = time.Date(day.Year(), 1, 1, 0, 0, 0, 0, time.UTC), time.Date(day.Year(), 12, 31, 0, 0, 0, 0, time.UTC)
	}
	since, left := int(day.Sub(begin).Hours())/24, int(end.Sub(day).Hours())/24
	return slices.ContainsFunc(r.days, func(d byDay) bool {
		return d.weekday == day.Weekday() && (d.nth == 0 || d.nth == since/7+1 || d.nth == -(left/7+1))
	})
}

func (r rule) onMonthDay(day time.Time) bool {
	last := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return slices.ContainsFunc(r.monthDays, func(n int) bool { return n == day.Day() || n < 0 && last+n+1 == day.Day() })
}

package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Days are days of the calendar, as people say them: daily, monday-friday,
// "first sunday, third sunday" of each month, "last friday", "1, 15" and
// "last day" of each month, or dates such as 2026-12-05, separated by commas.
type Days struct {
	text string
	list []dayRule
}

// dayRule is one item of the list. Exactly one of weekdays, day and date is
// set.
type dayRule struct {
	weekdays [7]bool
	nth      int // of these weekdays in the month: 1 to 4, -1 the last; 0 all
	day      int // of the month; -1 the last; 0 none
	date     string
}

// String is the text as the catalogue has it.
func (d Days) String() string { return d.text }

// Contain says whether the date of t, in t's location, is one of the days.
func (d Days) Contain(t time.Time) bool {
	return slices.ContainsFunc(d.list, func(r dayRule) bool { return r.contains(t) })
}

func (r dayRule) contains(t time.Time) bool {
	left := time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() - t.Day() // days of the month after this one
	switch {
	case r.date != "":
		return t.Format(time.DateOnly) == r.date
	case r.day != 0:
		return t.Day() == r.day || r.day < 0 && left == 0
	case !r.weekdays[t.Weekday()]:
		return false
	case r.nth < 0:
		return left < 7
	}
	return r.nth == 0 || (t.Day()+6)/7 == r.nth
}

func (d *Days) parse(text string) error {
	d.text, d.list = strings.TrimSpace(text), nil
	for part := range strings.SplitSeq(text, ",") {
		rule, err := parseDay(strings.ToLower(strings.TrimSpace(part)))
		if err != nil {
			return err
		}
		d.list = append(d.list, rule)
	}
	return nil
}

func parseDay(text string) (dayRule, error) {
	malformed := fmt.Errorf("malformed days (got %s, want some such as daily, sunday, monday-friday, first sunday, last day, 15 or 2026-12-05)", clipped(text))
	if text == "daily" {
		text = "monday-sunday"
	}
	if text == "last day" {
		return dayRule{day: -1}, nil
	}
	if number, err := strconv.Atoi(text); err == nil {
		if number < 1 || number > 31 {
			return dayRule{}, malformed
		}
		return dayRule{day: number}, nil
	}
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return dayRule{date: text}, nil
	}
	rule := dayRule{}
	if first, rest, two := strings.Cut(text, " "); two {
		rule.nth, text = ordinals()[first], strings.TrimSpace(rest)
		if rule.nth == 0 || strings.Contains(text, "-") {
			return dayRule{}, malformed
		}
	}
	var err error
	if rule.weekdays, err = parseDays(text); err != nil {
		return dayRule{}, malformed
	}
	return rule, nil
}

func ordinals() map[string]int {
	return map[string]int{"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
}

// Clock is a time of the day in minutes, written 02:30.
type Clock int

// String writes the time as the catalogue does.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

func (c *Clock) parse(text string) error {
	minute, err := parseClock(text)
	if err != nil || minute == minutesOfDay {
		return fmt.Errorf("malformed time (got %s, want one such as 02:30)", clipped(text))
	}
	*c = Clock(minute)
	return nil
}

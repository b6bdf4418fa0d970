package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours is a named set of weekly times, such as office hours. Days is a
// comma-separated list of days and ranges (monday-friday); Times likewise of
// HH:MM-HH:MM, where a time that ends before it begins ends on the day after
// and belongs to the day on which it began; Holidays names shipped calendars
// ([Calendars]), whose days are left out.
type Hours struct {
	Name     string   `yaml:"-"`
	Days     string   `yaml:"days"`
	Times    string   `yaml:"times"`
	Timezone string   `yaml:"timezone"`
	Holidays []string `yaml:"holidays,omitempty"`
}

const minutesOfDay = 24 * 60

// Contains says whether t is within the hours, on the wall clock of their
// timezone: the hour that is skipped in spring is short, the one that comes
// twice in autumn is long. Hours that would not load contain nothing. A binary
// that may run without the machine's timezones imports time/tzdata.
func (h *Hours) Contains(t time.Time) bool {
	days, errDays := parseDays(h.Days)
	times, errTimes := parseTimes(h.Times)
	zone, errZone := time.LoadLocation(h.Timezone)
	if errDays != nil || errTimes != nil || errZone != nil {
		return false
	}
	local := t.In(zone)
	minute := local.Hour()*60 + local.Minute()
	for _, span := range times {
		today := days[local.Weekday()] && minute >= span.from && minute < span.to
		yesterday := days[(local.Weekday()+6)%7] && minute+minutesOfDay < span.to
		if today && !h.holiday(local) || yesterday && !h.holiday(local.AddDate(0, 0, -1)) {
			return true
		}
	}
	return false
}

func (h *Hours) holiday(local time.Time) bool {
	return slices.ContainsFunc(h.Holidays, func(calendar string) bool { return IsHoliday(calendar, local) })
}

// span is a time of the day in minutes; to is after from, and over a day's
// minutes when the span ends on the day after.
type span struct{ from, to int }

// parseTimes reads 09:00-12:30, 13:30-17:30.
func parseTimes(text string) ([]span, error) {
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		begin, end, found := strings.Cut(part, "-")
		from, errFrom := parseClock(begin)
		to, errTo := parseClock(end)
		if !found || errFrom != nil || errTo != nil || from == to || from == minutesOfDay {
			return nil, fmt.Errorf("malformed times (got %s, want one such as 09:00-17:30)", clipped(part))
		}
		if to < from {
			to += minutesOfDay
		}
		spans = append(spans, span{from, to})
	}
	return spans, nil
}

// parseClock reads HH:MM, up to 24:00, as a minute of the day.
func parseClock(text string) (int, error) {
	hour, minute, found := strings.Cut(text, ":")
	h, errHour := strconv.ParseUint(hour, 10, 8)
	m, errMinute := strconv.ParseUint(minute, 10, 8)
	if !found || len(hour) != 2 || len(minute) != 2 || errHour != nil || errMinute != nil || m > 59 || h*60+m > minutesOfDay {
		return 0, fmt.Errorf("malformed time (got %s, want HH:MM)", clipped(text))
	}
	return int(h*60 + m), nil
}

// parseDays reads monday-friday, sunday; a range may run over the week's end.
func parseDays(text string) (days [7]bool, err error) {
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, errFirst := parseWeekday(from)
		last, errLast := parseWeekday(to)
		if errFirst != nil || errLast != nil {
			return days, fmt.Errorf("malformed days (got %s, want one such as monday or monday-friday)", clipped(strings.TrimSpace(part)))
		}
		for d := first; ; d = (d + 1) % 7 {
			days[d] = true
			if d == last {
				break
			}
		}
	}
	return days, nil
}

func parseWeekday(text string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(text, d.String()) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("malformed day (got %s, want one such as monday)", clipped(text))
}

package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	intervalHours    = "tocsin/hours/"
	intervalHolidays = "tocsin/holidays/"

	// Alertmanager knows no rule for Easter, so holidays are written day by
	// day, for the same years whenever a catalogue is rendered.
	firstHolidayYear = 2026
	lastHolidayYear  = 2035
)

// channelHours puts the hours of the team's channels on a route: the interval
// in which it speaks, and the holidays on which it does not. A team without
// such hours is told always.
func (r *renderer) channelHours(to route, team *catalog.Team) route {
	if team.ChannelHours == "" {
		return to
	}
	named := r.c.Hours[team.ChannelHours]
	if named == nil {
		r.problem(r.c.Errorf("teams."+team.Name+".channel_hours", "unknown hours %q", team.ChannelHours))
		return to
	}
	intervals, err := weekly(named)
	if err != nil {
		r.problem(r.c.Errorf("hours."+team.ChannelHours, "%w", err))
		return to
	}
	active := intervalHours + team.ChannelHours
	r.intervals[active] = timeInterval{Name: active, Intervals: intervals}
	to.ActiveTimeIntervals = []string{active}
	if len(named.Holidays) > 0 {
		mute := intervalHolidays + team.ChannelHours
		r.intervals[mute] = timeInterval{Name: mute, Intervals: holidays(named)}
		to.MuteTimeIntervals = []string{mute}
	}
	return to
}

// holidays are whole days, one entry for each month that has some.
func holidays(h *catalog.Hours) []hours {
	var found []hours
	first := time.Date(firstHolidayYear, time.January, 1, 12, 0, 0, 0, time.UTC)
	for day := first; day.Year() <= lastHolidayYear; day = day.AddDate(0, 0, 1) {
		if !slices.ContainsFunc(h.Holidays, func(calendar string) bool { return catalog.IsHoliday(calendar, day) }) {
			continue
		}
		month := hours{Years: []string{strconv.Itoa(day.Year())}, Months: []string{strings.ToLower(day.Month().String())}, Location: h.Timezone}
		if n := len(found); n > 0 && found[n-1].Years[0] == month.Years[0] && found[n-1].Months[0] == month.Months[0] {
			found[n-1].DaysOfMonth = append(found[n-1].DaysOfMonth, strconv.Itoa(day.Day()))
			continue
		}
		month.DaysOfMonth = []string{strconv.Itoa(day.Day())}
		found = append(found, month)
	}
	return found
}

// weekly writes the catalogue's hours as Alertmanager does: it has no time
// range past midnight, so the part after midnight belongs to the day after.
func weekly(h *catalog.Hours) ([]hours, error) {
	days, err := weekdays(h.Days)
	if err != nil {
		return nil, err
	}
	today := hours{Weekdays: dayNames(days), Location: h.Timezone}
	tomorrow := hours{Weekdays: dayNames(after(days)), Location: h.Timezone}
	for text := range strings.SplitSeq(h.Times, ",") {
		start, end, found := strings.Cut(strings.TrimSpace(text), "-")
		if !found {
			return nil, fmt.Errorf("times: got %q, want HH:MM-HH:MM", text)
		}
		switch {
		case start < end:
			today.Times = append(today.Times, timeRange{start, end})
		default:
			today.Times = append(today.Times, timeRange{start, "24:00"})
			if end != "00:00" {
				tomorrow.Times = append(tomorrow.Times, timeRange{"00:00", end})
			}
		}
	}
	if len(tomorrow.Times) == 0 {
		return []hours{today}, nil
	}
	return []hours{today, tomorrow}, nil
}

func week() []string {
	return []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
}

// weekdays reads monday-friday, sunday; a range may run over the week's end.
func weekdays(text string) ([7]bool, error) {
	var days [7]bool
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, last := slices.Index(week(), strings.ToLower(from)), slices.Index(week(), strings.ToLower(to))
		if first < 0 || last < 0 {
			return days, fmt.Errorf("days: got %q, want days such as monday-friday", part)
		}
		for day := first; ; day = (day + 1) % 7 {
			days[day] = true
			if day == last {
				break
			}
		}
	}
	return days, nil
}

func after(days [7]bool) (next [7]bool) {
	for day, set := range days {
		next[(day+1)%7] = set
	}
	return next
}

// dayNames writes runs of days as Alertmanager's first:last.
func dayNames(days [7]bool) []string {
	var names []string
	for day := 0; day < 7; day++ {
		if !days[day] {
			continue
		}
		last := day
		for last < 6 && days[last+1] {
			last++
		}
		name := week()[day]
		if last > day {
			name += ":" + week()[last]
		}
		names = append(names, name)
		day = last
	}
	return names
}

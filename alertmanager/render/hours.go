package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const intervalHours = "tocsin/hours/"

// channelHours is the interval in which the team's channels hear developers'
// warnings; none means always.
func (r *renderer) channelHours(team *catalog.Team) []string {
	if team.ChannelHours == "" {
		return nil
	}
	named := r.c.Hours[team.ChannelHours]
	if named == nil {
		r.problem(r.c.Errorf("teams."+team.Name+".channel_hours", "unknown hours %q", team.ChannelHours))
		return nil
	}
	intervals, err := weekly(named)
	if err != nil {
		r.problem(r.c.Errorf("hours."+team.ChannelHours, "%w", err))
		return nil
	}
	name := intervalHours + team.ChannelHours
	r.intervals[name] = timeInterval{Name: name, Intervals: intervals}
	return []string{name}
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

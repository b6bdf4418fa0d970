// Package oncall says whose turn it is.
//
// The receiver asks [Rota.At] when a message leaves, and the board asks it for
// now and next. [New] makes a rota out of the catalogue's spec; what it
// returns is valid and cannot fail any more.
//
// A rota is kept as wall clock and zone, so a change of clocks moves nothing
// that people see: handovers follow one another on the calendar, and only
// their instants are found in the zone, as package wallclock does.
package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// Rota is a validated rota.
type Rota struct {
	zone   *time.Location
	first  wallclock.Reading // a handover; the first person's turn begins here
	shift  time.Duration     // on the wall clock
	people []string
	backup []string
}

// Shift is one turn. Backup is empty when there is nobody but the primary.
type Shift struct {
	Primary, Backup string
	From, Until     time.Time
}

// anchor is a Monday; rotas without a start count from the handover in its
// week.
var anchor = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// New validates a rota.
func New(spec *catalog.Rota) (*Rota, error) {
	zone, err := time.LoadLocation(spec.Timezone)
	if err != nil {
		return nil, fmt.Errorf("rota %q: timezone: %w", spec.Name, err)
	}
	if len(spec.People) == 0 {
		return nil, fmt.Errorf("rota %q has no people", spec.Name)
	}
	start := anchor
	if spec.Start != "" {
		if start, err = time.Parse(time.DateOnly, spec.Start); err != nil {
			return nil, fmt.Errorf("rota %q: start: want YYYY-MM-DD, got %q", spec.Name, spec.Start)
		}
	}
	first, cycle, err := firstHandover(spec.Handover, start)
	if err != nil {
		return nil, fmt.Errorf("rota %q: handover: %w", spec.Name, err)
	}
	r := &Rota{zone: zone, first: first, shift: spec.Shift.Std(), people: spec.People, backup: spec.Backup}
	if r.shift == 0 {
		r.shift = cycle
	}
	if r.shift < time.Hour {
		return nil, fmt.Errorf("rota %q: shift: want at least 1h, got %s", spec.Name, r.shift)
	}
	return r, nil
}

// firstHandover finds the first handover on or after a day, and how often the
// text asks for one.
func firstHandover(text string, start time.Time) (wallclock.Reading, time.Duration, error) {
	when, clock, found := strings.Cut(text, " ")
	at, err := time.Parse("15:04", strings.TrimSpace(clock))
	if !found || err != nil {
		return 0, 0, fmt.Errorf("want one such as \"monday 09:30\" or \"daily 09:30\", got %q", text)
	}
	minute := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	if strings.EqualFold(when, "daily") {
		return wallclock.Reading(start.Add(minute).Unix()), 24 * time.Hour, nil
	}
	for day := range 7 {
		date := start.AddDate(0, 0, day)
		if strings.EqualFold(when, date.Weekday().String()) {
			return wallclock.Reading(date.Add(minute).Unix()), 7 * 24 * time.Hour, nil
		}
	}
	return 0, 0, fmt.Errorf("want a day of the week or \"daily\", got %q", when)
}

// At is the shift in which t lies.
func (r *Rota) At(t time.Time) Shift {
	turn := r.turn(t)
	n := len(r.people)
	s := Shift{
		Primary: r.people[(turn%n+n)%n],
		From:    r.handover(turn), Until: r.handover(turn + 1),
	}
	s.Backup = r.backupOf(turn, s.Primary)
	return s
}

// Next is the shift after that of t.
func (r *Rota) Next(t time.Time) Shift { return r.At(r.At(t).Until) }

// People lists everybody who takes a turn, as primary or backup.
func (r *Rota) People() []string {
	all := slices.Concat(r.people, r.backup)
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *Rota) backupOf(turn int, primary string) string {
	n := len(r.backup)
	for offset := range n {
		if person := r.backup[((turn+offset)%n+n)%n]; person != primary {
			return person
		}
	}
	return ""
}

// turn counts handovers from the first to t. The wall clock gives it but for
// the hours around a change of clocks.
func (r *Rota) turn(t time.Time) int {
	turn := floorDiv(int64(wallclock.Read(t, r.zone)-r.first), int64(r.shift/time.Second))
	for r.handover(turn).After(t) {
		turn--
	}
	for !r.handover(turn + 1).After(t) {
		turn++
	}
	return turn
}

func (r *Rota) handover(turn int) time.Time {
	return (r.first + wallclock.Reading(int64(turn)*int64(r.shift/time.Second))).In(r.zone)
}

func floorDiv(a, b int64) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return int(q)
}

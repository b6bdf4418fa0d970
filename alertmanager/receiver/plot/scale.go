package plot

import (
	"math"
	"time"
)

// niceTicks are from three to six round numbers from low to high, which are
// widened to the first and the last.
func niceTicks(low, high float64) []float64 {
	if !(high > low) {
		high = low + math.Max(math.Abs(low), 1)
	}
	raw := (high - low) / 4
	size := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * size
	for _, nice := range []float64{1, 2, 2.5, 5} {
		if nice*size >= raw {
			step = nice * size
			break
		}
	}
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	var ticks []float64
	for n := first; n <= last; n++ {
		ticks = append(ticks, n*step)
	}
	return ticks
}

// timeSteps are the distances of the marks of time.
var timeSteps = [...]time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour,
}

// timeTicks are at most most instants that are round on the clock of a zone.
func timeTicks(from, until time.Time, zone *time.Location, most int) []time.Time {
	span := until.Sub(from)
	step := span/time.Duration(most) + time.Second
	for _, s := range timeSteps {
		if span/s <= time.Duration(most) {
			step = s
			break
		}
	}
	local := from.In(zone)
	var ticks []time.Time
	for n := 0; ; n++ {
		at := onTheClock(local, time.Duration(n)*step)
		if at.After(until) {
			return ticks
		}
		if !at.Before(from) && (len(ticks) == 0 || at.After(ticks[len(ticks)-1])) {
			ticks = append(ticks, at)
		}
	}
}

// onTheClock is when a clock that showed midnight on a day shows so much more:
// where it was changed meanwhile, that is not so much later.
func onTheClock(day time.Time, more time.Duration) time.Time {
	const whole = 24 * time.Hour
	rest := more % whole
	return time.Date(day.Year(), day.Month(), day.Day()+int(more/whole), int(rest/time.Hour), int(rest%time.Hour/time.Minute), int(rest%time.Minute/time.Second), 0, day.Location())
}

// timeLabel says as much of an instant as a span needs.
func timeLabel(at time.Time, zone *time.Location, span time.Duration) string {
	local := at.In(zone)
	switch {
	case span > 3*24*time.Hour:
		return local.Format("2 Jan")
	case span > 20*time.Hour:
		return local.Format("Mon 15:04")
	}
	return local.Format("15:04")
}

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
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	var ticks []time.Time
	for at := midnight; !at.After(until); {
		if !at.Before(from) {
			ticks = append(ticks, at)
		}
		if step >= 24*time.Hour {
			at = at.AddDate(0, 0, int(step/(24*time.Hour)))
		} else {
			at = at.Add(step)
		}
	}
	return ticks
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

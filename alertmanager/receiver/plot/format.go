package plot

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// Value writes a value with its unit, in three digits or so.
func Value(v float64, unit figures.Unit) string {
	switch unit {
	case figures.State:
		if v < 1 {
			return "down"
		}
		return "up"
	case figures.Ratio:
		return digits(v*100) + " %"
	case figures.Seconds:
		switch size := math.Abs(v); {
		case size == 0:
			return "0 s"
		case size < 1:
			return digits(v*1000) + " ms"
		case size < 120:
			return digits(v) + " s"
		}
		return Length(time.Duration(v * float64(time.Second)))
	case figures.Count:
	}
	return count(v)
}

// Length writes a time for people: 12 min, 1 h 5 min.
func Length(d time.Duration) string {
	if d > 0 && d < time.Second {
		return "less than a second"
	}
	return notify.Length(d)
}

// digits keeps three digits, and no zeros behind the point.
func digits(v float64) string {
	size := math.Abs(v)
	places := 0
	switch {
	case size < 1:
		places = 3
	case size < 10:
		places = 2
	case size < 100:
		places = 1
	}
	scale := math.Pow(10, float64(places))
	return strconv.FormatFloat(math.Round(v*scale)/scale, 'f', -1, 64)
}

// count shortens what is large: 12.5k, 3M.
func count(v float64) string {
	switch size := math.Abs(v); {
	case size >= 1e9:
		return digits(v/1e9) + "G"
	case size >= 1e6:
		return digits(v/1e6) + "M"
	case size >= 1e4:
		return digits(v/1e3) + "k"
	}
	return digits(v)
}

// Row is a series in figures: before the incident, at its worst and at its end.
type Row struct{ Name, Before, Worst, Last string }

// Rows are the series of a chart in figures, those of states as how long each
// was down.
func Rows(c figures.Chart, began, until time.Time) []Row {
	var rows []Row
	for _, s := range c.Series {
		row := Row{Name: name(c, s), Before: "–", Worst: "–", Last: "–"}
		if c.Unit == figures.State {
			// A point speaks for the step before it, in which the incident may begin.
			edge := began.Add(-c.Step)
			row.Before, row.Worst = downFor(s, time.Time{}, edge, c.Step), downFor(s, edge, until.Add(c.Step), c.Step)
		} else {
			if st := s.Stats(time.Time{}, began); st.Points > 0 {
				row.Before = Value(st.Mean, c.Unit)
			}
			if st := s.Stats(began, until); st.Points > 0 {
				row.Worst = Value(worst(c, st), c.Unit)
			}
		}
		if len(s.Value) > 0 {
			row.Last = Value(s.Value[len(s.Value)-1], c.Unit)
		}
		rows = append(rows, row)
	}
	return rows
}

func worst(c figures.Chart, st figures.Stats) float64 {
	if c.Lowest {
		return st.Lowest
	}
	return st.High
}

func downFor(s figures.Series, from, until time.Time, step time.Duration) string {
	down, seen, _ := s.Down(from, until, step)
	switch {
	case seen == 0:
		return "not seen"
	case down == 0:
		return "up"
	case down == seen:
		return "down, " + Length(down)
	}
	return fmt.Sprintf("down for %s of %s", Length(down), Length(seen))
}

// name is what a line is called; one without labels is the service's.
func name(c figures.Chart, s figures.Series) string {
	if text := s.Name(); text != "" {
		return text
	}
	return c.Title
}

// words say what a chart shows, a sentence for each of the first series.
func words(c figures.Chart) []string {
	const most = 8
	var said []string
	for i, s := range c.Series {
		if i == most {
			said = append(said, fmt.Sprintf("And %d more.", len(c.Series)-most))
			break
		}
		if len(s.At) == 0 {
			continue
		}
		if c.Unit == figures.State {
			said = append(said, fmt.Sprintf("%s: %s.", name(c, s), downFor(s, time.Time{}, time.Unix(s.At[len(s.At)-1], 0), c.Step)))
			continue
		}
		st := s.Stats(time.Time{}, time.Unix(s.At[len(s.At)-1], 0))
		said = append(said, fmt.Sprintf("%s: from %s to %s, at the end %s.", name(c, s), Value(st.Lowest, c.Unit), Value(st.High, c.Unit), Value(st.Last, c.Unit)))
	}
	if c.Limit != nil {
		said = append(said, "The threshold is "+Value(*c.Limit, c.Unit)+".")
	}
	return said
}

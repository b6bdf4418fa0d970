package figures

import (
	"cmp"
	"slices"
	"time"
)

// Merge gives a newer reading together with what an older one has and the newer
// has not: Prometheus may have dropped it, or have been made anew.
func (f Figures) Merge(older Figures) Figures {
	if older.ReadAt.IsZero() {
		return f
	}
	f.From = earlier(f.From, older.From)
	if older.Until.After(f.Until) {
		f.Until = older.Until
	}
	charts := slices.Clone(f.Charts)
	for _, old := range older.Charts {
		i := slices.IndexFunc(charts, func(c Chart) bool { return c.Name == old.Name })
		if i < 0 {
			charts = append(charts, old)
			continue
		}
		charts[i] = charts[i].merge(old)
	}
	f.Charts = charts
	f.Runs = mergeRuns(f.Runs, older.Runs)
	return f.thinned(MostPoints)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (c Chart) merge(old Chart) Chart {
	c.Step = max(c.Step, old.Step)
	if c.Limit == nil {
		c.Limit = old.Limit
	}
	c.Omitted = max(c.Omitted, old.Omitted)
	series := slices.Clone(c.Series)
	for _, o := range old.Series {
		i := slices.IndexFunc(series, func(s Series) bool { return s.Name() == o.Name() })
		if i >= 0 {
			series[i] = series[i].merge(o, c.Step)
			continue
		}
		if len(series) < MostSeries {
			series = append(series, o)
			continue
		}
		c.Omitted++
	}
	slices.SortFunc(series, func(a, b Series) int { return cmp.Compare(a.Name(), b.Name()) })
	c.Series = series
	return c
}

// merge adds the older points that have no newer one within half a step.
func (s Series) merge(old Series, step time.Duration) Series {
	type point struct {
		at int64
		v  float64
	}
	var all []point
	for i, at := range s.At {
		all = append(all, point{at, s.Value[i]})
	}
	near := int64(step/time.Second)/2 + 1
	n := 0
	for i, at := range old.At {
		for n < len(s.At) && s.At[n] <= at-near {
			n++
		}
		if n < len(s.At) && s.At[n] < at+near {
			continue
		}
		all = append(all, point{at, old.Value[i]})
	}
	slices.SortFunc(all, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	merged := Series{Labels: s.Labels}
	for _, p := range all {
		merged.At, merged.Value = append(merged.At, p.at), append(merged.Value, p.v)
	}
	return merged
}

func mergeRuns(newer, older []Run) []Run {
	all := slices.Clone(newer)
	for _, r := range older {
		if !slices.ContainsFunc(all, func(o Run) bool { return o.Service == r.Service && o.Pipeline == r.Pipeline && o.At.Equal(r.At) }) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, byTime)
	return all[max(0, len(all)-MostRuns):]
}

// thinned leaves no series with more than that many points.
func (f Figures) thinned(most int) Figures {
	charts := make([]Chart, len(f.Charts))
	for i, c := range f.Charts {
		charts[i] = c
		charts[i].Series = make([]Series, len(c.Series))
		for j, s := range c.Series {
			t, step := s.thinned(most, c.Lowest)
			charts[i].Series[j] = t
			charts[i].Step = max(charts[i].Step, step)
		}
	}
	f.Charts = charts
	return f
}

// thinned keeps one point of each equal part of the time: the lowest or the
// highest, so that what was bad stays. The step is the length of a part; 0 when
// nothing was left out.
func (s Series) thinned(most int, lowest bool) (Series, time.Duration) {
	if len(s.At) <= most || most < 1 {
		return s, 0
	}
	first := s.At[0]
	width := (s.At[len(s.At)-1]-first)/int64(most) + 1
	thin := Series{Labels: s.Labels}
	part := int64(-1)
	for i, at := range s.At {
		n := len(thin.At) - 1
		switch {
		case (at-first)/width != part:
			part = (at - first) / width
			thin.At, thin.Value = append(thin.At, at), append(thin.Value, s.Value[i])
		case lowest && s.Value[i] < thin.Value[n], !lowest && s.Value[i] > thin.Value[n]:
			thin.At[n], thin.Value[n] = at, s.Value[i]
		}
	}
	return thin, time.Duration(width) * time.Second
}

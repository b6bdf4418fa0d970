package figures

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// The bounds of what is kept of one incident.
const (
	MostPoints = 480 // of a series
	MostSeries = 24  // of a chart
	MostRuns   = 40
	mostWarned = 5
	MostBytes  = 512 << 10 // compressed
	mostPlain  = 64 << 20  // what a compressed text may become
)

// Figures are the charts around one incident, and the runs of pipelines.
type Figures struct {
	Service   string    `json:"service"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"`
	ReadAt    time.Time `json:"read_at"` // zero when nothing was ever read
	Objective Objective `json:"objective,omitzero"`
	Charts    []Chart   `json:"charts"`
	Runs      []Run     `json:"runs,omitempty"` // by time
	Missing   []Missing `json:"missing,omitempty"`
	Warnings  []string  `json:"warnings,omitempty"` // of the last reading: a part of Prometheus did not answer, for example
	Problem   *Problem  `json:"problem,omitempty"`  // nil when the last reading succeeded
}

// Chart is the answer to one question. What it means stands with it, so that it
// can be drawn when nobody asks the question any more.
type Chart struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Unit    Unit          `json:"unit"`
	Lowest  bool          `json:"lowest,omitempty"`
	Step    time.Duration `json:"step"`            // what is further apart has a gap between it
	Limit   *float64      `json:"limit,omitempty"` // the threshold
	Omitted int           `json:"omitted,omitempty"`
	Series  []Series      `json:"series"`
}

// Series are points by time: At in seconds since 1970.
type Series struct {
	Labels map[string]string `json:"labels,omitempty"`
	At     []int64           `json:"at"`
	Value  []float64         `json:"value"`
}

// Run is the end of a pipeline's run.
type Run struct {
	Service  string    `json:"service"`
	Pipeline string    `json:"pipeline"`
	Result   string    `json:"result"`
	At       time.Time `json:"at"`
}

// Missing is a chart that Prometheus refused, or was too slow for.
type Missing struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Problem says that Prometheus could not be read.
type Problem struct {
	Since time.Time `json:"since"`
	Next  time.Time `json:"next,omitzero"` // when it is tried again; zero for never
	Text  string    `json:"text"`
}

// Name tells the series of a chart apart: the values of its labels, in the
// order in which people think of them.
func (s Series) Name() string {
	var words []string
	for _, label := range slices.SortedFunc(maps.Keys(s.Labels), byThought) {
		words = append(words, s.Labels[label])
	}
	return strings.Join(words, " ")
}

func byThought(a, b string) int {
	order := []string{"service", "component", "probe", "usage", "disk", "unit", "instance", "location"}
	return cmp.Or(cmp.Compare(slices.Index(order, a), slices.Index(order, b)), cmp.Compare(a, b))
}

// Stats are the figures of a series in a time.
type Stats struct {
	Points             int
	Lowest, Mean, High float64
	First, Last        float64
}

// Stats looks at the points from one instant to another, both included.
func (s Series) Stats(from, until time.Time) Stats {
	var st Stats
	sum := 0.0
	for i, at := range s.At {
		if at < from.Unix() || at > until.Unix() {
			continue
		}
		v := s.Value[i]
		if st.Points == 0 {
			st.First, st.Lowest, st.High = v, v, v
		}
		st.Points++
		st.Lowest, st.High, st.Last = min(st.Lowest, v), max(st.High, v), v
		sum += v
	}
	if st.Points > 0 {
		st.Mean = sum / float64(st.Points)
	}
	return st
}

// Chart gives a chart by its name.
func (f Figures) Chart(name string) (Chart, bool) {
	for _, c := range f.Charts {
		if c.Name == name {
			return c, true
		}
	}
	return Chart{}, false
}

// Down says for how long a state was 0 from one instant to another, and for how
// long anybody could tell; the first is the first point that was 0, or zero.
func (s Series) Down(from, until time.Time, step time.Duration) (down, seen time.Duration, first time.Time) {
	for i, at := range s.At {
		// A point speaks for the time since the one before it.
		end := time.Unix(at, 0)
		begin := end.Add(-step)
		if i > 0 && s.At[i-1] > begin.Unix() {
			begin = time.Unix(s.At[i-1], 0)
		}
		if begin.Before(from) {
			begin = from
		}
		if end.After(until) {
			end = until
		}
		if !end.After(begin) {
			continue
		}
		seen += end.Sub(begin)
		if s.Value[i] < 1 {
			down += end.Sub(begin)
			if first.IsZero() {
				first = begin
			}
		}
	}
	return down, seen, first
}

// Encode writes figures as compressed JSON, thinned out until they fit.
func (f Figures) Encode() ([]byte, error) {
	for {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		err := errors.Join(json.NewEncoder(z).Encode(f), z.Close())
		if err != nil {
			return nil, fmt.Errorf("writing figures: %w", err)
		}
		if b.Len() <= MostBytes {
			return b.Bytes(), nil
		}
		most := 0
		for _, c := range f.Charts {
			for _, s := range c.Series {
				most = max(most, len(s.At))
			}
		}
		if most < 4 {
			return nil, fmt.Errorf("writing figures: %d bytes are more than %d", b.Len(), MostBytes)
		}
		f = f.thinned(most / 2)
	}
}

// Decode reads what Encode has written.
func Decode(text []byte) (Figures, error) {
	var f Figures
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return f, fmt.Errorf("reading figures: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, mostPlain))
	if err != nil {
		return f, fmt.Errorf("reading figures: %w", err)
	}
	if err := json.Unmarshal(plain, &f); err != nil {
		return f, fmt.Errorf("reading figures: %w", err)
	}
	for _, c := range f.Charts {
		for _, s := range c.Series {
			if len(s.At) != len(s.Value) {
				return Figures{}, errors.New("reading figures: a series has not as many values as points")
			}
		}
	}
	return f, nil
}

// rounded keeps six digits, which is more than a plot can show.
func rounded(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(v))))
	if math.IsInf(scale, 0) || scale == 0 {
		return v
	}
	return math.Round(v*scale) / scale
}

func byTime(a, b Run) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Pipeline, b.Pipeline))
}

package figures

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

const (
	// readPoints is how many points of a series are asked for.
	readPoints = 240
	// perQuery bounds one answer in time, and mostAnswer in bytes.
	perQuery   = 5 * time.Second
	mostAnswer = 4 << 20
	// mostSlow is how many questions may take too long before Prometheus counts as
	// away.
	mostSlow = 2
	// runsBefore is how long before the span a run may have ended to be kept.
	runsBefore = 6 * time.Hour
)

// steps are the distances of two points that are asked for.
var steps = [...]time.Duration{
	30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour,
}

// stepFor is the shortest distance at which a span has not too many points.
func stepFor(span time.Duration, points int) time.Duration {
	for _, step := range steps {
		if span <= time.Duration(points)*step {
			return step
		}
	}
	return (span / time.Duration(points)).Truncate(time.Second) + time.Second
}

// Reader asks one Prometheus.
type Reader struct{ api v1.API }

// NewReader makes a reader of the Prometheus at an address, over a client's
// transport; nil is the usual one. It follows no redirect.
func NewReader(address string, client *http.Client) (*Reader, error) {
	var transport http.RoundTripper = http.DefaultTransport
	if client != nil && client.Transport != nil {
		transport = client.Transport
	}
	c, err := api.NewClient(api.Config{Address: address, Client: &http.Client{
		Transport: bounded{transport}, Timeout: 2 * perQuery,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}})
	if err != nil {
		return nil, fmt.Errorf("reading figures: %w", err)
	}
	return &Reader{v1.NewAPI(c)}, nil
}

// bounded cuts answers off that nobody would keep.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, mostAnswer)
	}
	return response, err
}

// Read asks every question about a subject from one instant to another. A
// question that Prometheus refuses, or cannot answer in time, is among the
// missing; the error says that Prometheus did not answer at all.
func (r *Reader) Read(ctx context.Context, s Subject, from, until time.Time) (Figures, error) {
	f := Figures{Service: s.Service, From: from.UTC(), Until: until.UTC(), ReadAt: until.UTC(), Objective: s.Objective}
	slow := 0
	for _, q := range Questions() {
		if strings.Contains(q.Query, "$dependencies") && len(s.Dependencies) == 0 || strings.Contains(q.Query, "$window") && s.Objective.Window <= 0 {
			continue
		}
		chart, warned, err := r.ask(ctx, s, q, from, until)
		late := tooSlow(err) && ctx.Err() == nil
		if late {
			slow++
		}
		if refused(err) || late && slow <= mostSlow {
			f.Missing = append(f.Missing, Missing{q.Name, oneLine(err.Error())})
			continue
		}
		if err != nil {
			return f, err
		}
		f.warn(warned)
		if len(chart.Series) > 0 {
			f.Charts = append(f.Charts, chart)
		}
	}
	found, warned, err := r.runs(ctx, s, from, until)
	if err != nil && !refused(err) && (!tooSlow(err) || ctx.Err() != nil) {
		return f, err
	}
	f.warn(warned)
	f.Runs = found
	return f, nil
}

// warn notes what Prometheus said beside its answer, each once.
func (f *Figures) warn(warnings v1.Warnings) {
	for _, w := range warnings {
		if w = oneLine(w); len(f.Warnings) < mostWarned && !slices.Contains(f.Warnings, w) {
			f.Warnings = append(f.Warnings, w)
		}
	}
}

// refused says whether Prometheus understood a query and did not like it, or has
// far too much to say.
func refused(err error) bool {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return true
	}
	var e *v1.Error
	return errors.As(err, &e) && (e.Type == v1.ErrBadData || e.Type == v1.ErrExec)
}

// tooSlow says whether an answer took too long. One question may be heavier than
// all others; a Prometheus that is slow with several is away.
func tooSlow(err error) bool {
	var e *v1.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) && e.Type == v1.ErrTimeout
}

func (r *Reader) ask(ctx context.Context, s Subject, q Question, from, until time.Time) (Chart, v1.Warnings, error) {
	points := cmp.Or(q.Points, readPoints)
	step := stepFor(until.Sub(from), points)
	c := Chart{Name: q.Name, Title: q.Title, Unit: q.Unit, Lowest: q.Lowest, Step: step}
	matrix, warned, err := r.matrix(ctx, s.fill(q.Query, step), from, until, step)
	if err != nil {
		return c, nil, err
	}
	for _, stream := range matrix {
		if one := toSeries(stream); len(one.At) > 0 {
			c.Series = append(c.Series, one)
		}
	}
	c.keepWorst()
	if q.Limit != "" && len(c.Series) > 0 {
		c.Limit, err = r.limit(ctx, s.fill(q.Limit, step), until)
	}
	return c, warned, err
}

// matrix asks for a span; its last point is the newest there is.
func (r *Reader) matrix(ctx context.Context, query string, from, until time.Time, step time.Duration) (model.Matrix, v1.Warnings, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*perQuery)
	defer cancel()
	span := v1.Range{Start: until.Add(-until.Sub(from).Truncate(step)), End: until, Step: step}
	value, warned, _, err := r.api.QueryRange(ctx, query, span, v1.WithTimeout(perQuery), v1.WithLimit(10*MostSeries))
	if err != nil {
		return nil, nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, nil, fmt.Errorf("asking Prometheus: got a %s, want series", value.Type())
	}
	return matrix, warned, nil
}

func toSeries(stream *model.SampleStream) Series {
	s := Series{Labels: map[string]string{}}
	for name, value := range stream.Metric {
		s.Labels[string(name)] = oneLine(string(value))
	}
	for _, p := range stream.Values {
		v := float64(p.Value)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		s.At, s.Value = append(s.At, p.Timestamp.Unix()), append(s.Value, rounded(v))
	}
	return s
}

// keepWorst leaves out the series that say least where there are too many.
func (c *Chart) keepWorst() {
	worst := func(s Series) float64 {
		if c.Lowest {
			return slices.Min(s.Value)
		}
		return -slices.Max(s.Value)
	}
	if len(c.Series) > MostSeries {
		slices.SortStableFunc(c.Series, func(a, b Series) int { return cmp.Or(cmp.Compare(worst(a), worst(b)), cmp.Compare(a.Name(), b.Name())) })
		c.Omitted = len(c.Series) - MostSeries
		c.Series = c.Series[:MostSeries]
	}
	slices.SortFunc(c.Series, func(a, b Series) int { return cmp.Compare(a.Name(), b.Name()) })
}

// limit gives the threshold, or nil where there is no single one.
func (r *Reader) limit(ctx context.Context, query string, at time.Time) (*float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*perQuery)
	defer cancel()
	value, _, _, err := r.api.Query(ctx, query, at, v1.WithTimeout(perQuery))
	if err != nil {
		if refused(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	vector, ok := value.(model.Vector)
	if !ok || len(vector) != 1 {
		return nil, nil
	}
	limit := rounded(float64(vector[0].Value))
	if math.IsNaN(limit) || math.IsInf(limit, 0) {
		return nil, nil
	}
	return &limit, nil
}

// runs are the ends of pipelines' runs in the span and some hours before it.
func (r *Reader) runs(ctx context.Context, s Subject, from, until time.Time) ([]Run, v1.Warnings, error) {
	step := stepFor(until.Sub(from), readPoints)
	matrix, warned, err := r.matrix(ctx, s.fill(RunsQuery, step), from, until, step)
	if err != nil {
		return nil, nil, err
	}
	var found []Run
	for _, stream := range matrix {
		var last model.SampleValue
		for _, p := range stream.Values {
			if p.Value == last {
				continue
			}
			last = p.Value
			at := time.Unix(int64(p.Value), 0).UTC()
			if at.Before(from.Add(-runsBefore)) || at.After(until) {
				continue
			}
			label := func(name model.LabelName) string { return oneLine(string(stream.Metric[name])) }
			found = append(found, Run{Service: label("service"), Pipeline: label("pipeline"), Result: label("result"), At: at})
		}
	}
	return mergeRuns(nil, found), warned, nil
}

// oneLine bounds foreign text.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:199]) + "…"
	}
	return text
}

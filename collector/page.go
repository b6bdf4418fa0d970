package collector

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// slab is how many values are allocated together.
const slab = 512

// page collects the metrics of one scrape. It writes what client_golang's
// registry would, without its checks on every series: labels come sorted, and
// two series are never the same because keys are not. A test has the registry
// check it.
type page struct {
	metrics  []*dto.Metric
	labels   map[string]map[string]*dto.LabelPair
	values   []dto.Metric
	gauges   []dto.Gauge
	counters []dto.Counter
	numbers  []float64
	pairs    []*dto.LabelPair
}

func newPage() *page { return &page{labels: make(map[string]map[string]*dto.LabelPair)} }

// label is a label that many targets share.
func (p *page) label(name, value string) *dto.LabelPair {
	byValue := p.labels[name]
	if byValue == nil {
		byValue = make(map[string]*dto.LabelPair)
		p.labels[name] = byValue
	}
	l := byValue[value]
	if l == nil {
		l = pair(name, value)
		byValue[value] = l
	}
	return l
}

// metric adds a metric with labels, which stand in alphabetical order.
func (p *page) metric(labels ...*dto.LabelPair) *dto.Metric {
	m := one(&p.values)
	if cap(p.pairs)-len(p.pairs) < len(labels) {
		p.pairs = make([]*dto.LabelPair, 0, 4*slab)
	}
	start := len(p.pairs)
	p.pairs = append(p.pairs, labels...)
	m.Label = p.pairs[start:len(p.pairs):len(p.pairs)]
	p.metrics = append(p.metrics, m)
	return m
}

func (p *page) gauge(value float64, labels ...*dto.LabelPair) {
	g := one(&p.gauges)
	g.Value = p.number(value)
	p.metric(labels...).Gauge = g
}

func (p *page) counter(value float64, labels ...*dto.LabelPair) {
	c := one(&p.counters)
	c.Value = p.number(value)
	p.metric(labels...).Counter = c
}

func (p *page) number(value float64) *float64 {
	n := one(&p.numbers)
	*n = value
	return n
}

// one takes a zero value off a slab. The values are never moved.
func one[T any](from *[]T) *T {
	if len(*from) == 0 {
		*from = make([]T, slab)
	}
	first := &(*from)[0]
	*from = (*from)[1:]
	return first
}

// Gatherers is a scrape of several parts whose families are disjoint, sorted by
// name. Unlike prometheus.Gatherers it does not check every series again.
type Gatherers []prometheus.Gatherer

// Gather asks every part. What a part returns besides an error is kept.
func (g Gatherers) Gather() ([]*dto.MetricFamily, error) {
	var all []*dto.MetricFamily
	var errs []error
	for _, part := range g {
		families, err := part.Gather()
		all = append(all, families...)
		errs = append(errs, err)
	}
	sortFamilies(all)
	return all, errors.Join(errs...)
}

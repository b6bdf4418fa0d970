// Package usage asks Prometheus how many people use a service, with the
// queries of the catalogue, and exports each answer as one plain gauge.
//
// The exporter hands it the catalogue; Prometheus scrapes the answers back
// under one name, so that rules, dashboards and reports need not know a
// service's own metrics. It reads on its own schedule, like the resources.
//
// An answer must be one finite number. No series, several, or NaN are errors
// that say so: a sum over nothing is nothing, not nobody.
package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/reading"
)

// Options is what a collector needs. Every field has a default.
type Options struct {
	Logger    log.Logger
	Interval  time.Duration // between two questions, 30s by default
	Timeout   time.Duration // of one question, 10s by default
	UserAgent string
	Transport http.RoundTripper // http.DefaultTransport by default
}

// Collector asks the usage queries and exports the answers.
type Collector struct {
	o         Options
	questions reading.Questions
	results   *reading.Results[float64]
}

// question is one query; it is also what a reload compares.
type question struct{ server, query string }

// New returns a collector that asks nothing until Update.
func New(o Options) *Collector {
	o.Interval = cmp.Or(o.Interval, 30*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.UserAgent = cmp.Or(o.UserAgent, "Tocsin")
	questions := reading.Questions{Client: &http.Client{Transport: o.Transport}, UserAgent: o.UserAgent, Timeout: o.Timeout}
	return &Collector{o: o, questions: questions, results: reading.NewResults[float64](o.Logger)}
}

// Update takes a catalogue: from now on the queries of the services that
// owns accepts are asked.
func (c *Collector) Update(cat *catalog.Catalog, owns func(service string) bool) {
	var items []reading.Item[float64]
	for _, s := range reading.Services(cat, owns) {
		for name, query := range s.Usage {
			q := question{server: cat.Links.Prometheus, query: query}
			items = append(items, reading.Item[float64]{
				Service: s.Name, Section: "usage", Name: name, Spec: q, Interval: c.o.Interval, Timeout: c.o.Timeout,
				Read: func(ctx context.Context) (float64, error) { return c.ask(ctx, q) },
			})
		}
	}
	c.results.Update(cat, items)
}

// Run asks until ctx ends.
func (c *Collector) Run(ctx context.Context) error { return c.results.Run(ctx) }

// ask puts one question to Prometheus' query API.
func (c *Collector) ask(ctx context.Context, q question) (float64, error) {
	samples, err := c.questions.Ask(ctx, q.server, q.query)
	switch {
	case errors.Is(err, reading.ErrTooMuch):
		return 0, errors.New("the query gave far too many series, want one value: aggregate them, for example with sum()")
	case err != nil:
		return 0, err
	case len(samples) == 0:
		return 0, errors.New("the query gave no value: nothing matches it now (write `or vector(0)` if that means nobody)")
	case len(samples) > 1:
		return 0, fmt.Errorf("the query gave %d values, want one: aggregate them, for example with sum()", len(samples))
	}
	value, err := strconv.ParseFloat(samples[0].Value, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("the query gave %q, want a number", samples[0].Value)
	}
	return value, nil
}

var (
	descValue = prometheus.NewDesc("tocsin_usage_value", "The answer to the usage query; absent when there is none.", []string{"service", "usage"}, nil)
	descUp    = prometheus.NewDesc("tocsin_usage_up", "Whether the last usage query gave one value.", []string{"service", "usage"}, nil)
)

// Describe sends the descriptions.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- descValue
	ch <- descUp
}

// Collect sends the last answers.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, r := range c.results.All() {
		up := 0.0
		if r.Up {
			up = 1
			ch <- prometheus.MustNewConstMetric(descValue, prometheus.GaugeValue, r.Value, r.Service, r.Name)
		}
		ch <- prometheus.MustNewConstMetric(descUp, prometheus.GaugeValue, up, r.Service, r.Name)
	}
}

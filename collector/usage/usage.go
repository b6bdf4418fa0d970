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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/reading"
)

// maxAnswer bounds what is read of an answer: one number is short.
const maxAnswer = 1 << 20

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
	o       Options
	http    *http.Client
	results *reading.Results[float64]
}

// question is one query; it is also what a reload compares.
type question struct{ server, query string }

// New returns a collector that asks nothing until Update.
func New(o Options) *Collector {
	o.Interval = cmp.Or(o.Interval, 30*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.UserAgent = cmp.Or(o.UserAgent, "Tocsin")
	return &Collector{o: o, http: &http.Client{Transport: o.Transport}, results: reading.NewResults[float64](o.Logger)}
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
	if q.server == "" {
		return 0, errors.New("links.prometheus is missing: it says whom to ask")
	}
	form := url.Values{"query": {q.query}, "timeout": {strconv.FormatFloat(c.o.Timeout.Seconds(), 'f', -1, 64) + "s"}}
	address := strings.TrimSuffix(q.server, "/") + "/api/v1/query"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, fmt.Errorf("asking links.prometheus: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", c.o.UserAgent)
	res, err := c.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking %s: %w", address, plain(ctx, err))
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return 0, fmt.Errorf("asking %s: %w", address, plain(ctx, err))
	}
	if len(text) > maxAnswer {
		return 0, errors.New("the query gave far too many series, want one value: aggregate them, for example with sum()")
	}
	return read(address, res.StatusCode, text)
}

// plain strips the address that url.Error repeats, and names the time limit
// where that was the reason.
func plain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// answer is Prometheus' envelope of an instant query:
// https://prometheus.io/docs/prometheus/latest/querying/api/
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// point is a time and a value; the value is a string, because JSON has no NaN.
type point [2]any

func read(address string, status int, text []byte) (float64, error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return 0, fmt.Errorf("asking %s: got status %d and no JSON: is links.prometheus the address of a Prometheus?", address, status)
	}
	if a.Status != "success" {
		return 0, fmt.Errorf("asking %s: status %d: %s", address, status, short(a.Error))
	}
	points, err := pointsOf(a)
	switch {
	case err != nil:
		return 0, fmt.Errorf("asking %s: reading the answer: %w", address, err)
	case len(points) == 0:
		return 0, errors.New("the query gave no value: nothing matches it now (write `or vector(0)` if that means nobody)")
	case len(points) > 1:
		return 0, fmt.Errorf("the query gave %d values, want one: aggregate them, for example with sum()", len(points))
	}
	written, _ := points[0][1].(string)
	value, err := strconv.ParseFloat(written, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("the query gave %q, want a number", short(written))
	}
	return value, nil
}

func pointsOf(a answer) ([]point, error) {
	switch a.Data.ResultType {
	case "scalar":
		var p point
		err := json.Unmarshal(a.Data.Result, &p)
		return []point{p}, err
	case "vector":
		var series []struct {
			Value point `json:"value"`
		}
		err := json.Unmarshal(a.Data.Result, &series)
		points := make([]point, len(series))
		for i, s := range series {
			points[i] = s.Value
		}
		return points, err
	}
	return nil, fmt.Errorf("got a %s, want one value now", short(a.Data.ResultType))
}

// short bounds foreign text to one line of 200 characters.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 200 {
		return string(runes[:199]) + "…"
	}
	return s
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

package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/reading"
	"github.com/tocsin-monitoring/tocsin/internal/github"
)

// pollTimeout bounds one poll with all its requests and its wait for the turn:
// GitHub wants one request at a time.
const pollTimeout = 2 * time.Minute

// Options is what a collector needs. Every field has a default.
type Options struct {
	Logger    log.Logger
	UserAgent string
	Transport http.RoundTripper // http.DefaultTransport by default
	Now       func() time.Time  // the clock of the limits, time.Now by default
}

// Collector polls pipelines, exports what it knows and answers for details.
type Collector struct {
	o       Options
	results *reading.Results[Status]
	usage   usage

	mu       sync.Mutex
	accounts map[account]*github.Client
	specs    map[id]catalog.GitHubPipeline
	statuses map[id]Status // survives a failed poll
}

type id struct{ service, pipeline string }

// account is whom the limits of an API are counted for.
type account struct {
	api, token string
	app        catalog.GitHubApp
}

// New returns a collector that polls nothing until Update.
func New(o Options) *Collector {
	o.UserAgent = cmp.Or(o.UserAgent, "Tocsin")
	return &Collector{
		o: o, results: reading.NewResults[Status](o.Logger), usage: newUsage(),
		accounts: map[account]*github.Client{}, specs: map[id]catalog.GitHubPipeline{}, statuses: map[id]Status{},
	}
}

// Update takes a catalogue: from now on the pipelines of the services that
// owns accepts are polled. With an account that cannot be used, every poll
// fails and says why.
func (c *Collector) Update(cat *catalog.Catalog, owns func(service string) bool) {
	client, who := c.client(cat.Accounts.GitHub)
	var items []reading.Item[Status]
	specs := map[id]catalog.GitHubPipeline{}
	for _, s := range reading.Services(cat, owns) {
		for name, p := range s.Pipelines {
			if p.GitHub == nil {
				continue
			}
			specs[id{s.Name, name}] = *p.GitHub
			items = append(items, c.item(id{s.Name, name}, p, client, who))
		}
	}
	c.results.Update(cat, items)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.specs = specs
	for key := range c.statuses {
		if _, ok := specs[key]; !ok {
			delete(c.statuses, key)
		}
	}
}

// unusable is an account that nothing can be read with.
type unusable struct{ err error }

func (u unusable) Get(context.Context, string, any) (string, error) { return "", u.err }

// client is the one of an account, kept over reloads so that its limits and
// its conditional requests are.
func (c *Collector) client(a *catalog.GitHubAccount) (getter, account) {
	var who account
	o := github.Options{UserAgent: c.o.UserAgent, Transport: c.o.Transport, Now: c.o.Now, Observe: c.usage.observe}
	if a != nil {
		o, who.api = o.As(a), a.API
		if a.Token != nil {
			who.token = a.Token.Path
		}
		if a.App != nil {
			who.app = *a.App
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.accounts[who]; known != nil {
		return known, who
	}
	client, err := github.New(o)
	if err != nil {
		return unusable{fmt.Errorf("reading accounts.github.api: %w", err)}, who
	}
	c.accounts = map[account]*github.Client{who: client}
	return client, who
}

func (c *Collector) item(key id, p *catalog.Pipeline, client getter, who account) reading.Item[Status] {
	w := newWorkflow(client, *p.GitHub)
	spec := struct {
		who      account
		pipeline catalog.Pipeline
	}{who, *p}
	return reading.Item[Status]{
		Service: key.service, Section: "pipelines", Name: key.pipeline, Spec: spec,
		Interval: cmp.Or(p.Interval.Std(), time.Minute), Timeout: pollTimeout, Jitter: 0.1,
		Read: func(ctx context.Context) (Status, error) {
			status, err := w.poll(ctx)
			c.mu.Lock()
			c.statuses[key] = status
			c.mu.Unlock()
			return status, err
		},
	}
}

// Run polls until ctx ends.
func (c *Collector) Run(ctx context.Context) error { return c.results.Run(ctx) }

// Once polls every pipeline one time, instead of Run.
func (c *Collector) Once(ctx context.Context) { c.results.Once(ctx) }

// details is what Handler answers.
type details struct {
	Service    string      `json:"service"`
	Pipeline   string      `json:"pipeline"`
	Provider   string      `json:"provider"`
	Repository string      `json:"repository"`
	Workflow   string      `json:"workflow"`
	Branch     string      `json:"branch"`
	Run        *runDetails `json:"run,omitempty"`
}

type runDetails struct {
	ID         int64        `json:"id"`
	Number     int          `json:"number"`
	Attempt    int          `json:"attempt"`
	URL        string       `json:"url"`
	Commit     string       `json:"commit"`
	Result     Result       `json:"result"`
	StartedAt  time.Time    `json:"started_at"`
	FinishedAt time.Time    `json:"finished_at"`
	FailedJobs []jobDetails `json:"failed_jobs"`
}

// maxFailedJobs bounds an answer: nobody reads more than these.
const maxFailedJobs = 50

type jobDetails struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Check string `json:"check"`
}

// Handler answers GET /api/v1/pipelines/{service}/{pipeline} with the last run
// of one pipeline as JSON; 404 when the catalogue has no such pipeline or
// another exporter reads it. There is no "run" before the first one has
// finished.
func (c *Collector) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/pipelines/{service}/{pipeline}", c.serve)
	return mux
}

func (c *Collector) serve(w http.ResponseWriter, r *http.Request) {
	key := id{r.PathValue("service"), r.PathValue("pipeline")}
	c.mu.Lock()
	spec, known := c.specs[key]
	status := c.statuses[key]
	c.mu.Unlock()
	if !known {
		http.Error(w, "this exporter reads no pipeline of that name", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(details{
		Service: key.service, Pipeline: key.pipeline, Provider: "github",
		Repository: spec.Repository, Workflow: spec.Workflow, Branch: spec.Branch, Run: status.Last.details(),
	})
}

func (r *Run) details() *runDetails {
	if r == nil {
		return nil
	}
	d := &runDetails{
		ID: r.ID, Number: r.Number, Attempt: r.Attempt, URL: r.URL, Commit: r.Commit, Result: r.Result,
		StartedAt: r.Started.UTC(), FinishedAt: r.Finished.UTC(), FailedJobs: []jobDetails{},
	}
	for _, j := range r.Jobs {
		if j.Result.failed() && len(d.FailedJobs) < maxFailedJobs {
			d.FailedJobs = append(d.FailedJobs, jobDetails{Name: j.Name, URL: j.URL, Check: j.Check})
		}
	}
	return d
}

// desc is one of the family's descriptions.
func desc(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("tocsin_pipeline_"+name, help, append([]string{"service", "pipeline"}, more...), nil)
}

var (
	descResult      = desc("last_run_result", "1 for the result of the last finished run that reached a verdict, 0 for the others.", "result")
	descDuration    = desc("last_run_duration_seconds", "How long the last finished run took.")
	descTimestamp   = desc("last_run_timestamp_seconds", "End of the last finished run.")
	descLastSuccess = desc("last_success_timestamp_seconds", "End of the last run that succeeded; absent when none is known.")
	descCheck       = desc("check_result", "1 for the result of a named check in the last finished run, 0 for the others; 0 for all when no job bore the name.", "check", "result")
	descRuns        = desc("runs_total", "Finished runs seen since the exporter began.", "result")
	descPollUp      = desc("poll_up", "Whether the last poll succeeded.")
)

// Describe sends the descriptions.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descResult, descDuration, descTimestamp, descLastSuccess, descCheck, descRuns, descPollUp} {
		ch <- d
	}
	c.usage.describe(ch)
}

// Collect sends what is known.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.usage.collect(ch)
	for _, r := range c.results.All() {
		key := id{r.Service, r.Name}
		c.mu.Lock()
		status, spec := c.statuses[key], c.specs[key]
		c.mu.Unlock()
		m := sender{ch: ch, labels: []string{key.service, key.pipeline}}
		m.gauge(descPollUp, truth(r.Up))
		m.status(status, spec)
	}
}

// sender makes metrics of one pipeline.
type sender struct {
	ch     chan<- prometheus.Metric
	labels []string
}

func (s sender) gauge(d *prometheus.Desc, v float64, more ...string) {
	s.ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append(slices.Clone(s.labels), more...)...)
}

func (s sender) status(status Status, spec catalog.GitHubPipeline) {
	for result, n := range status.Counts {
		s.ch <- prometheus.MustNewConstMetric(descRuns, prometheus.CounterValue, float64(n), append(slices.Clone(s.labels), string(result))...)
	}
	if !status.LastSuccess.IsZero() {
		s.gauge(descLastSuccess, seconds(status.LastSuccess))
	}
	last := status.Last
	if last == nil {
		return
	}
	s.gauge(descDuration, last.Finished.Sub(last.Started).Seconds())
	s.gauge(descTimestamp, seconds(last.Finished))
	for _, result := range Results() {
		s.gauge(descResult, truth(last.Result == result), string(result))
		for check := range spec.Checks {
			s.gauge(descCheck, truth(status.Checks[check] == result), check, string(result))
		}
	}
}

func seconds(t time.Time) float64 { return float64(t.Unix()) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

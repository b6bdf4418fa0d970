package rules_test

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/template"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/stretchr/testify/require"

	rulespromql "github.com/tocsin-monitoring/tocsin/rules/promql"
)

// BenchmarkGroups evaluates each group once per operation, over 1,000 services
// with two probes each in three locations and an hour of memory: all up, and all
// down at once, when every service's alert fires with its texts. Compare the
// processor time with the group's interval.
func BenchmarkGroups(b *testing.B) {
	for _, estate := range []struct {
		name string
		up   float64
	}{{"up", 1}, {"down", 0}} {
		e := newEstate(b, 1000, estate.up)
		engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute, EnableAtModifier: true})
		eachGroup(b, func(group rulespromql.Group) {
			b.Run(fmt.Sprintf("%s/%s/every=%s", estate.name, group.Name, cmp.Or(group.Interval, 5*time.Second)), func(b *testing.B) {
				results, before := 0, processorTime(b)
				for b.Loop() {
					e.now = e.now.Add(100 * time.Millisecond)
					results = 0
					for _, rule := range group.Rules {
						results += e.evaluate(b, engine, rule)
					}
				}
				b.ReportMetric(float64(results), "results")
				b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			})
		})
	}
}

// processorTime is what this process has used: unlike the clock, it is worth
// reading on a machine that does other things too.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// estate is what the exporters export and the rules record, as far back as the
// rules look: raw series for a quarter of an hour, records of joins.yml and of
// the verdict for an hour.
type estate struct {
	store *memory
	now   time.Time
}

func newEstate(b *testing.B, services int, up float64) *estate {
	e := &estate{store: &memory{byService: map[string][]*series{}, byLabels: map[uint64]*series{}}, now: time.Unix(1_700_003_600, 0)}
	for location := range 3 {
		e.exporter(b, location)
	}
	for service := range services {
		e.service(b, fmt.Sprintf("service-%d", service), fmt.Sprintf("service-%d", (service+1)%services), up)
	}
	return e
}

const (
	instant = time.Second
	short   = 15 * time.Minute
	hour    = time.Hour
	version = 1_700_000_000.5
)

func (e *estate) exporter(b *testing.B, location int) {
	at := []string{"job", "tocsin-exporter", "instance", fmt.Sprint(location)}
	e.add(b, hour, 15*time.Second, version, append(at, "__name__", "instance:tocsin_catalog_version:current")...)
	for name, value := range map[string]float64{"tocsin_config_modified_timestamp_seconds": version - 0.5, "tocsin_config_hash": 1 << 47, "tocsin_location_healthy": 1, "tocsin_exporter_probes": 2000} {
		e.add(b, instant, time.Second, value, append(at, "__name__", name, "location", fmt.Sprint(location))...)
	}
	e.add(b, hour, 5*time.Second, 1, append(at, "__name__", "up")...)
}

// service adds one service: raw series per exporter, records once.
func (e *estate) service(b *testing.B, name, dependency string, up float64) {
	info := []string{"service", name, "team", "team", "external", "false", "page", "always"}
	e.add(b, hour, 15*time.Second, version, append(info, "__name__", "service:tocsin_service_info:current")...)
	needs := []string{"service", name, "dependency", dependency}
	e.add(b, hour, 15*time.Second, version, append(needs, "__name__", "service_dependency:tocsin_service_dependency_info:current")...)
	for _, resource := range []string{"memory", "cpu", "disk"} {
		e.add(b, hour, 15*time.Second, 0.8, "__name__", "service_resource:tocsin_threshold_ratio:current", "service", name, "resource", resource)
	}
	for _, probe := range []string{"home", "login"} {
		of := []string{"service", name, "probe", probe}
		e.add(b, hour, 15*time.Second, version, append(of, "__name__", "service_probe:tocsin_probe_info:current", "kind", "http", "means", "down")...)
		e.add(b, hour, 15*time.Second, 1, append(of, "__name__", "service_signal_probe:tocsin_threshold_seconds:current", "signal", "latency")...)
		e.add(b, hour, 5*time.Second, up, append(of, "__name__", "service_probe:tocsin_probe_up:majority")...)
		e.add(b, hour, time.Minute, 1, append(of, "__name__", "service_probe:tocsin_probe_worked:ever")...)
	}
	for location := range 3 {
		at := []string{"job", "tocsin-exporter", "instance", fmt.Sprint(location)}
		e.add(b, instant, time.Second, 1, append(append(at, "__name__", "tocsin_service_info"), info...)...)
		e.add(b, instant, time.Second, 1, append(append(at, "__name__", "tocsin_service_dependency_info"), needs...)...)
		for _, probe := range []string{"home", "login"} {
			e.probe(b, append(at, "service", name, "probe", probe), fmt.Sprint(location), up)
		}
	}
}

// probe adds the series of one probe at one exporter.
func (e *estate) probe(b *testing.B, of []string, location string, up float64) {
	of = slices.Clip(of)
	e.add(b, instant, time.Second, 1, append(of, "__name__", "tocsin_probe_info", "kind", "http", "means", "down")...)
	e.add(b, instant, time.Second, 15, append(of, "__name__", "tocsin_probe_interval_seconds")...)
	e.add(b, instant, time.Second, 1, append(of, "__name__", "tocsin_threshold_seconds", "signal", "latency")...)
	at := append(of, "location", location)
	at = slices.Clip(at)
	e.add(b, instant, time.Second, up, append(at, "__name__", "tocsin_probe_up")...)
	e.add(b, instant, time.Second, float64(e.now.Unix()), append(at, "__name__", "tocsin_probe_last_run_timestamp_seconds")...)
	e.add(b, short, 5*time.Second, 0.1, append(at, "__name__", "tocsin_probe_last_duration_seconds", "phase", "total")...)
	for _, outcome := range []string{"success", "failure"} {
		e.add(b, short, 5*time.Second, 7, append(at, "__name__", "tocsin_probe_runs_total", "outcome", outcome)...)
	}
	if up == 0 {
		e.add(b, instant, time.Second, 1, append(at, "__name__", "tocsin_probe_failing", "reason", "connect")...)
	}
}

// add appends one series that has had the same value for as long as back.
func (e *estate) add(b *testing.B, back, step time.Duration, value float64, pairs ...string) {
	of := labels.FromStrings(pairs...)
	for at := e.now.Add(-back); !at.After(e.now); at = at.Add(step) {
		e.store.append(b, of, at.UnixMilli(), value)
	}
}

// evaluate does what Prometheus does with a rule: it stores what is recorded,
// and expands every text of every alert. It returns the number of results.
func (e *estate) evaluate(b *testing.B, engine *promql.Engine, rule rulespromql.Rule) int {
	ask := func(ctx context.Context, expression string, at time.Time) (promql.Vector, error) {
		query, err := engine.NewInstantQuery(ctx, e.store, nil, expression, at)
		if err != nil {
			return nil, err
		}
		defer query.Close()
		result := query.Exec(ctx)
		vector, err := result.Vector()
		return append(promql.Vector(nil), vector...), err
	}
	results, err := ask(b.Context(), rule.Expr, e.now)
	require.NoErrorf(b, err, "%s", rule.Name())
	if rule.Record != "" {
		e.record(b, rule.Record, results)
		return len(results)
	}
	for _, sample := range results {
		for _, texts := range []map[string]string{rule.Labels, rule.Annotations} {
			for _, text := range texts {
				const variables = "{{$labels := .Labels}}{{$value := .Value}}"
				data := template.AlertTemplateData(sample.Metric.Map(), nil, "", sample)
				expander := template.NewTemplateExpander(b.Context(), variables+text, rule.Alert, data, model.TimeFromUnixNano(e.now.UnixNano()), ask, &url.URL{}, nil)
				_, err := expander.Expand()
				require.NoErrorf(b, err, "%s", rule.Alert)
			}
		}
	}
	return len(results)
}

func (e *estate) record(b *testing.B, name string, results promql.Vector) {
	for _, sample := range results {
		of := labels.NewBuilder(sample.Metric).Set(model.MetricNameLabel, name).Labels()
		e.store.append(b, of, e.now.UnixMilli(), sample.F)
	}
}

// memory is a storage without a disk: compressed samples, found by metric and
// service as an index would find them.
type memory struct {
	byService map[string][]*series // by name, and by name and service
	byLabels  map[uint64]*series
}

type series struct {
	labels   labels.Labels
	chunk    *chunkenc.XORChunk
	appender chunkenc.Appender
}

func (m *memory) append(b *testing.B, of labels.Labels, at int64, value float64) {
	found := m.byLabels[of.Hash()]
	if found == nil {
		found = &series{labels: of, chunk: chunkenc.NewXORChunk()}
		var err error
		found.appender, err = found.chunk.Appender()
		require.NoError(b, err)
		m.byLabels[of.Hash()] = found
		name := of.Get(model.MetricNameLabel)
		m.byService[name] = append(m.byService[name], found)
		if service := of.Get("service"); service != "" {
			m.byService[name+" "+service] = append(m.byService[name+" "+service], found)
		}
	}
	found.appender.Append(at, value)
}

func (m *memory) Querier(int64, int64) (storage.Querier, error) { return m, nil }

func (m *memory) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	name, service := "", ""
	for _, matcher := range matchers {
		if matcher.Type == labels.MatchEqual && matcher.Name == model.MetricNameLabel {
			name = matcher.Value
		}
		if matcher.Type == labels.MatchEqual && matcher.Name == "service" && matcher.Value != "" {
			service = " " + matcher.Value
		}
	}
	found := &seriesSet{}
	for _, candidate := range m.byService[name+service] {
		if matches(candidate.labels, matchers) {
			found.series = append(found.series, candidate)
		}
	}
	return found
}

func matches(of labels.Labels, matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches(of.Get(matcher.Name)) {
			return false
		}
	}
	return true
}

func (m *memory) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (m *memory) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (m *memory) Close() error { return nil }

// seriesSet walks over what was selected.
type seriesSet struct {
	series []*series
	at     int
}

func (s *seriesSet) Next() bool { s.at++; return s.at <= len(s.series) }

func (s *seriesSet) At() storage.Series {
	of := s.series[s.at-1]
	return &storage.SeriesEntry{Lset: of.labels, SampleIteratorFn: of.chunk.Iterator}
}

func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

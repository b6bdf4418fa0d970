package collector

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	dto "github.com/prometheus/client_model/go"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// harnessMetrics are the harness's own counters.
type harnessMetrics struct {
	probes *prometheus.GaugeVec
	lag    prometheus.Histogram
	panics prometheus.Counter
}

func newHarnessMetrics(r prometheus.Registerer) harnessMetrics {
	auto := promauto.With(r)
	return harnessMetrics{
		probes: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tocsin_exporter_probes", Help: "Probes scheduled here.",
		}, []string{"location"}),
		lag: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_exporter_probe_lag_seconds", Help: "How late runs start.",
			Buckets: []float64{.005, .01, .02, .05, .1, .5, 1, 5, 15, 60},
		}),
		panics: auto.NewCounter(prometheus.CounterOpts{
			Name: "tocsin_exporter_probe_panics_total", Help: "Attempts that ended in a panic, which is a defect of Tocsin.",
		}),
	}
}

const durationName = "tocsin_probe_duration_seconds"

// newDurations is the one family of the probes that client_golang counts: a
// native histogram is not to be written twice.
func newDurations() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                           durationName,
		Help:                           "Durations of successful runs, for heatmaps only.",
		Buckets:                        []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
		NativeHistogramBucketFactor:    1.2,
		NativeHistogramMaxBucketNumber: 40,
	}, []string{"location", "probe", "service"})
}

// family is one metric family of the probes: a row of docs/metrics.md.
type family struct {
	name  string
	help  string
	kind  dto.MetricType
	write func(p *page, t *target, n *totals)
}

// families lists the families of the probes that change with every run. What
// the catalogue alone decides is in catalogFamilies.
func families() []family {
	const gauge, counter = dto.MetricType_GAUGE, dto.MetricType_COUNTER
	list := []family{
		{"tocsin_probe_certificate_expiry_timestamp_seconds", "The earliest end of validity in the presented certificate chain.", gauge, writeExpiry},
		{"tocsin_probe_component_up", "1 for each component of the service that its health document calls up, else 0.", gauge, writeComponents},
		{durationName, "Durations of successful runs, for heatmaps only.", dto.MetricType_HISTOGRAM, writeDuration},
		{"tocsin_probe_failed_step", "1 for the step of a journey at which the last run failed, else 0.", gauge, writeFailedStep},
		{"tocsin_probe_failures_total", "Runs that did not succeed, by reason.", counter, writeFailures},
		{"tocsin_probe_last_duration_seconds", "How long the last run took, in total and by phase.", gauge, writeLastDuration},
		{"tocsin_probe_last_run_timestamp_seconds", "End of the last run.", gauge, writeLastRun},
		{"tocsin_probe_performance", "What a monitoring plugin reported of what it checked, in the unit of its label.", gauge, writePerformance},
		{"tocsin_probe_repeats_total", "Confirming repetitions, which do not count as runs.", counter, writeRepeats},
		{"tocsin_probe_runs_total", "Scheduled runs by confirmed outcome.", counter, writeRuns},
		{"tocsin_probe_slow_total", "Successful runs over the probe's latency budget.", counter, writeSlow},
		{"tocsin_probe_step_duration_seconds", "How long each step of a journey took in the last run, as far as it came.", gauge, writeSteps},
		{"tocsin_probe_up", "1 up, 0 down, after confirmation; absent until the first confirmed result.", gauge, writeUp},
	}
	for _, m := range probe.Measures() {
		list = append(list, family{m.Metric(), m.Help(), gauge, writeMeasure(m)})
	}
	return list
}

// writeMeasure writes one measure of the kinds that give it.
func writeMeasure(m probe.Measure) func(*page, *target, *totals) {
	return func(p *page, t *target, n *totals) {
		for _, found := range n.last.Measures {
			if found.Measure == m {
				p.gauge(found.Value, t.labels.location, t.labels.probe, t.labels.service)
			}
		}
	}
}

func writeComponents(p *page, t *target, n *totals) {
	for _, c := range n.last.Components {
		up := 0.0
		if c.Up {
			up = 1
		}
		p.gauge(up, p.label("component", c.Name), t.labels.location, t.labels.probe, t.labels.service)
	}
}

func writePerformance(p *page, t *target, n *totals) {
	for _, d := range n.last.Performance {
		p.gauge(d.Value, p.label("label", d.Label), t.labels.location, t.labels.probe, t.labels.service, p.label("unit", d.Unit))
	}
}

func writeSteps(p *page, t *target, n *totals) {
	for _, s := range n.last.Steps {
		p.gauge(s.Duration.Seconds(), t.labels.location, t.labels.probe, t.labels.service, p.label("step", s.Name))
	}
}

func writeUp(p *page, t *target, n *totals) {
	switch n.state {
	case Unknown:
	case Up:
		p.gauge(1, t.labels.location, t.labels.probe, t.labels.service)
	case Down:
		p.gauge(0, t.labels.location, t.labels.probe, t.labels.service)
	}
}

func writeRuns(p *page, t *target, n *totals) {
	for _, o := range probe.Outcomes() {
		p.counter(float64(n.runs[o]), t.labels.location, p.label("outcome", o.String()), t.labels.probe, t.labels.service)
	}
}

func writeFailures(p *page, t *target, n *totals) {
	for _, r := range t.built.Kind.Reasons {
		p.counter(float64(n.failures[r]), t.labels.location, t.labels.probe, p.label("reason", r.String()), t.labels.service)
	}
}

func writeRepeats(p *page, t *target, n *totals) {
	p.counter(float64(n.repeats), t.labels.location, t.labels.probe, t.labels.service)
}

func writeSlow(p *page, t *target, n *totals) {
	p.counter(float64(n.slow), t.labels.location, t.labels.probe, t.labels.service)
}

func writeLastDuration(p *page, t *target, n *totals) {
	if n.lastRun.IsZero() {
		return
	}
	p.gauge(n.last.Duration.Seconds(), t.labels.location, p.label("phase", "total"), t.labels.probe, t.labels.service)
	for _, phase := range t.built.Kind.Phases {
		p.gauge(n.last.Phases[phase].Seconds(), t.labels.location, p.label("phase", phase.String()), t.labels.probe, t.labels.service)
	}
}

func writeDuration(p *page, t *target, _ *totals) {
	m := p.metric(t.labels.location, t.labels.probe, t.labels.service)
	labels := m.Label
	_ = t.histogram.Write(m) // it fails only for values that cannot be made
	m.Label = labels
}

func writeExpiry(p *page, t *target, n *totals) {
	if !n.last.CertificateExpiry.IsZero() {
		p.gauge(float64(n.last.CertificateExpiry.Unix()), t.labels.location, t.labels.probe, t.labels.service)
	}
}

func writeLastRun(p *page, t *target, n *totals) {
	if !n.lastRun.IsZero() {
		p.gauge(seconds(n.lastRun), t.labels.location, t.labels.probe, t.labels.service)
	}
}

func writeFailedStep(p *page, t *target, n *totals) {
	for _, step := range t.steps {
		failed := 0.0
		if n.last.Step == step {
			failed = 1
		}
		p.gauge(failed, t.labels.location, t.labels.probe, t.labels.service, p.label("step", step))
	}
}

// seconds is a Unix timestamp with milliseconds.
func seconds(t time.Time) float64 { return math.Round(float64(t.UnixMicro())/1e3) / 1e3 }

// Gather returns the probes' families and the catalogue's, sorted by name. It
// takes a copy of each target's totals and does not delay probes.
func (h *Harness) Gather() ([]*dto.MetricFamily, error) {
	h.mu.Lock()
	order, catalogued := h.order, h.catalogued
	h.mu.Unlock()
	all := make([]totals, len(order))
	for i, t := range order {
		all[i] = t.snapshot()
	}
	p := newPage()
	result := slices.Clone(catalogued)
	for _, f := range families() {
		p.metrics = nil
		for i, t := range order {
			f.write(p, t, &all[i])
		}
		if len(p.metrics) > 0 {
			result = append(result, &dto.MetricFamily{Name: &f.name, Help: &f.help, Type: &f.kind, Metric: p.metrics})
		}
	}
	sortFamilies(result)
	return result, nil
}

func sortFamilies(list []*dto.MetricFamily) {
	slices.SortFunc(list, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
}

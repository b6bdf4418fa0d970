package collector

import (
	"math"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	dto "github.com/prometheus/client_model/go"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// harnessMetrics are the harness's own counters.
type harnessMetrics struct {
	probes  *prometheus.GaugeVec
	lag     prometheus.Histogram
	panics  prometheus.Counter
	starved prometheus.Counter
}

func newHarnessMetrics(r prometheus.Registerer) harnessMetrics {
	auto := promauto.With(r)
	return harnessMetrics{
		probes: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tocsin_exporter_probes", Help: "Probes scheduled here.",
		}, []string{"location"}),
		lag: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_probe_lag_seconds", Help: "How late runs start, and runs that were left out because the one before was still under way.",
			Buckets: []float64{.001, .005, .01, .02, .05, .1, .5, 1, 5, 15, 60},
		}),
		starved: auto.NewCounter(prometheus.CounterOpts{
			Name: "tocsin_exporter_starved_attempts_total", Help: "Attempts that ran out of time because the exporter itself did not get to run; they count for nothing.",
		}),
		panics: auto.NewCounter(prometheus.CounterOpts{
			Name: "tocsin_exporter_probe_panics_total", Help: "Attempts that ended in a panic, which is a defect of Tocsin.",
		}),
	}
}

// family is one metric family of the probes: a row of docs/metrics.md.
type family struct {
	name  string
	help  string
	kind  dto.MetricType
	write func(p *page, t *target, n *totals)
}

// families lists the families of the probes that change with every run. What the catalogue alone decides is in catalogFamilies.
func families() []family {
	const gauge, counter = dto.MetricType_GAUGE, dto.MetricType_COUNTER
	list := []family{
		{"tocsin_probe_certificate_expiry_timestamp_seconds", "The earliest end of validity in the presented certificate chain.", gauge, writeExpiry},
		{"tocsin_probe_component_up", "1 for each component of the service that its health document calls up, else 0.", gauge, writeComponents},
		{"tocsin_probe_failed_step", "1 for the step of a journey at which the last run failed, else 0.", gauge, writeFailedStep},
		{"tocsin_probe_failing", "1 for the reason why the last run did not succeed; absent after a success.", gauge, writeFailing},
		{"tocsin_probe_flaps_total", "Changes between up and down.", counter, writeFlaps},
		{"tocsin_probe_last_duration_seconds", "How long the last run took, in total and by phase.", gauge, writeLastDuration},
		{"tocsin_probe_last_run_timestamp_seconds", "End of the last run.", gauge, writeLastRun},
		{"tocsin_probe_performance", "What a monitoring plugin reported of what it checked, in the unit of its label.", gauge, writePerformance},
		{"tocsin_probe_repeats_total", "Confirming repetitions, which do not count as runs.", counter, writeRepeats},
		{"tocsin_probe_runs_total", "Scheduled runs by confirmed outcome.", counter, writeRuns},
		{"tocsin_probe_slow_total", "Successful runs over the probe's latency budget, or with a step over its own.", counter, writeSlow},
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
				p.sample(found.Value, t.location(), t.name(), t.of())
			}
		}
	}
}

// valid is a label that came out of an answer. Prometheus refuses a whole page
// for one that is no UTF-8.
func valid(name string) string { return strings.ToValidUTF8(name, "?") }

func writeComponents(p *page, t *target, n *totals) {
	for _, c := range n.last.Components {
		up := 0.0
		if c.Up {
			up = 1
		}
		p.sample(up, label{"component", valid(c.Name)}, t.location(), t.name(), t.of())
	}
}

func writePerformance(p *page, t *target, n *totals) {
	for _, d := range n.last.Performance {
		p.sample(d.Value, label{"label", valid(d.Label)}, t.location(), t.name(), t.of(), label{"unit", valid(d.Unit)})
	}
}

func writeSteps(p *page, t *target, n *totals) {
	for _, s := range n.last.Steps {
		p.sample(s.Duration.Seconds(), t.location(), t.name(), t.of(), label{"step", s.Name})
	}
}

func writeUp(p *page, t *target, n *totals) {
	switch n.state {
	case Unknown:
	case Up:
		p.sample(1, t.location(), t.name(), t.of())
	case Down:
		p.sample(0, t.location(), t.name(), t.of())
	}
}

// writeRuns leaves out the blocked ones before the first, which most probes
// never see.
func writeRuns(p *page, t *target, n *totals) {
	for o, runs := range n.runs {
		if outcome := probe.Outcome(o); runs > 0 || outcome != probe.Blocked {
			p.sample(float64(runs), t.location(), label{"outcome", outcome.String()}, t.name(), t.of())
		}
	}
}

func writeFailing(p *page, t *target, n *totals) {
	if n.reason != probe.ReasonNone {
		p.sample(1, t.location(), t.name(), label{"reason", n.reason.String()}, t.of())
	}
}

func writeFlaps(p *page, t *target, n *totals) {
	p.sample(float64(n.flaps), t.location(), t.name(), t.of())
}

// writeRepeats leaves out the probes that have never repeated an attempt.
func writeRepeats(p *page, t *target, n *totals) {
	if n.repeats > 0 {
		p.sample(float64(n.repeats), t.location(), t.name(), t.of())
	}
}

// writeSlow leaves out the probes that have never been slow.
func writeSlow(p *page, t *target, n *totals) {
	if n.slow > 0 {
		p.sample(float64(n.slow), t.location(), t.name(), t.of())
	}
}

// writeLastDuration leaves out the phases that this probe has never had, and
// the transfer, which is what the others leave of the total.
func writeLastDuration(p *page, t *target, n *totals) {
	if n.lastRun.IsZero() {
		return
	}
	p.sample(n.last.Duration.Seconds(), t.location(), label{"phase", "total"}, t.name(), t.of())
	for i, spent := range n.last.Phases[:probe.Transfer] {
		if n.had[i] {
			p.sample(spent.Seconds(), t.location(), label{"phase", probe.Phase(i).String()}, t.name(), t.of())
		}
	}
}

func writeExpiry(p *page, t *target, n *totals) {
	if !n.last.CertificateExpiry.IsZero() {
		p.sample(float64(n.last.CertificateExpiry.Unix()), t.location(), t.name(), t.of())
	}
}

func writeLastRun(p *page, t *target, n *totals) {
	if !n.lastRun.IsZero() {
		p.sample(seconds(n.lastRun), t.location(), t.name(), t.of())
	}
}

func writeFailedStep(p *page, t *target, n *totals) {
	for _, step := range t.steps {
		failed := 0.0
		if n.last.Step == step {
			failed = 1
		}
		p.sample(failed, t.location(), t.name(), t.of(), label{"step", step})
	}
}

// seconds is a Unix timestamp with milliseconds.
func seconds(t time.Time) float64 { return math.Round(float64(t.UnixMicro())/1e3) / 1e3 }

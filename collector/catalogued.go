package collector

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// catalogued is the whole catalogue as series, whatever runs here: rules take
// the newest catalogue in sight from any exporter.
type catalogued struct{ catalog *catalog.Catalog }

// catalogFamilies renders a catalogue as metric families. They change only
// with the catalogue, so a scrape costs nothing for them.
func catalogFamilies(c *catalog.Catalog) ([]*dto.MetricFamily, error) {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(catalogued{c}); err != nil {
		return nil, fmt.Errorf("registering the catalogue's series: %w", err)
	}
	families, err := registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("rendering the catalogue as series: %w", err)
	}
	share(families)
	return families, nil
}

// share keeps one copy of each label: a service's name stands in a dozen
// series, which are kept as long as the catalogue.
func share(families []*dto.MetricFamily) {
	p := newPage()
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for i, l := range m.GetLabel() {
				m.Label[i] = p.label(l.GetName(), l.GetValue())
			}
		}
	}
}

// catalogDescs are the catalogue's families.
type catalogDescs struct {
	service, link, dependency, monitoring, links *prometheus.Desc
	ratio, threshold, latency, objective, alert  *prometheus.Desc
	probe, interval                              *prometheus.Desc
}

func newCatalogDescs() catalogDescs {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tocsin_"+name, help, labels, nil)
	}
	const threshold = "What is still normal, in seconds."
	return catalogDescs{
		service:    d("service_info", "1 for each service of the catalogue.", "service", "team", "external", "page"),
		link:       d("service_link_info", "1; where a service is and where its runbook is.", "service", "url", "runbook"),
		dependency: d("service_dependency_info", "1 for each service that another depends on.", "service", "dependency"),
		monitoring: d("monitoring_info", "1; who looks after Tocsin itself.", "team", "fallback_team"),
		links:      d("links_info", "1; where the other parts answer.", "prometheus", "alertmanager", "grafana", "board", "runbooks"),
		ratio:      d("threshold_ratio", "What is still normal, as a ratio of the limit.", "service", "resource"),
		threshold:  d("threshold_seconds", threshold, "service", "signal"),
		latency:    d("threshold_seconds", threshold, "service", "signal", "probe"),
		objective:  d("objective_ratio", "The ratio of good runs that was promised.", "service", "objective"),
		alert:      d("alert_setting", "1 for each alert that the catalogue tunes for a service.", "service", "alert", "severity"),
		probe:      d("probe_info", "1 for each probe of the catalogue.", "service", "probe", "kind", "means"),
		interval:   d("probe_interval_seconds", "Time between scheduled runs.", "service", "probe"),
	}
}

// Describe sends nothing: tocsin_threshold_seconds has two sets of labels,
// which a description cannot say.
func (c catalogued) Describe(chan<- *prometheus.Desc) {}

// Collect sends every series.
func (c catalogued) Collect(out chan<- prometheus.Metric) {
	d := newCatalogDescs()
	info := func(desc *prometheus.Desc, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, 1, labels...)
	}
	m, l := c.catalog.Monitoring, c.catalog.Links
	info(d.monitoring, m.Team, m.FallbackTeam)
	info(d.links, l.Prometheus, strings.Join(l.Alertmanager, ","), l.Grafana, l.Board, l.Runbooks)
	for _, name := range slices.Sorted(maps.Keys(c.catalog.Services)) {
		s := c.catalog.Services[name]
		info(d.service, name, s.Team, strconv.FormatBool(s.External), string(s.Page))
		info(d.link, name, s.URL, s.Runbook)
		for _, on := range s.DependsOn {
			info(d.dependency, name, on)
		}
		for _, alert := range slices.Sorted(maps.Keys(s.Alerts)) {
			info(d.alert, name, alert, string(s.Alerts[alert]))
		}
		c.collectThresholds(out, d, s)
		c.collectProbes(out, d, s)
	}
}

// collectThresholds sends a service's numbers, those that are set.
func (c catalogued) collectThresholds(out chan<- prometheus.Metric, d catalogDescs, s *catalog.Service) {
	number := func(desc *prometheus.Desc, value float64, label string) {
		if value > 0 {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, s.Name, label)
		}
	}
	number(d.ratio, float64(s.Thresholds.Memory), "memory")
	number(d.ratio, float64(s.Thresholds.CPU), "cpu")
	number(d.ratio, float64(s.Thresholds.Disk), "disk")
	number(d.threshold, s.Thresholds.Certificate.Std().Seconds(), "certificate")
	number(d.threshold, s.Thresholds.PipelineSuccessAge.Std().Seconds(), "pipeline_success_age")
	number(d.objective, float64(s.Objective.Availability), "availability")
	number(d.objective, float64(s.Objective.Latency), "latency")
}

func (c catalogued) collectProbes(out chan<- prometheus.Metric, d catalogDescs, s *catalog.Service) {
	for _, name := range slices.Sorted(maps.Keys(s.Probes)) {
		p := s.Probes[name]
		out <- prometheus.MustNewConstMetric(d.probe, prometheus.GaugeValue, 1, s.Name, name, p.Kind(), string(p.Means))
		out <- prometheus.MustNewConstMetric(d.interval, prometheus.GaugeValue, p.Interval.Std().Seconds(), s.Name, name)
		if slow := p.Slow.Std(); slow > 0 {
			out <- prometheus.MustNewConstMetric(d.latency, prometheus.GaugeValue, slow.Seconds(), s.Name, "latency", name)
		}
	}
}

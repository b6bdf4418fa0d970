package discovery

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// descs are the families of discovery: rows of docs/metrics.md.
type descs struct {
	up, targets, services, rejected, removed, success, info *prometheus.Desc
}

func newDescs(location string) descs {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tocsin_discovery_"+name, help, append([]string{"source"}, labels...), prometheus.Labels{"location": location})
	}
	return descs{
		up:       d("up", "1 when the source could be read last, wholly."),
		targets:  d("targets", "Targets that the source lists; absent before the first list."),
		services: d("services", "Services that came of the source."),
		rejected: d("rejected_targets", "Targets that became no service, or not the one that they ask for.", "reason"),
		removed:  d("removed_services_total", "Services that the source has taken away."),
		success:  d("last_success_timestamp_seconds", "When the source was last read wholly; absent before."),
		info:     d("service_info", "1 for each service that is discovered here.", "service"),
	}
}

// Describe sends every family.
func (d *Discovery) Describe(out chan<- *prometheus.Desc) {
	all := newDescs(d.options.Location)
	for _, desc := range []*prometheus.Desc{all.up, all.targets, all.services, all.rejected, all.removed, all.success, all.info} {
		out <- desc
	}
}

// Collect sends what is known of each source that the catalogue names.
func (d *Discovery) Collect(out chan<- prometheus.Metric) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := newDescs(d.options.Location)
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	services, rejected := make(map[string]int), make(map[string]map[catalog.RejectionReason]int)
	for _, service := range slices.Sorted(maps.Keys(d.result.services)) {
		source := d.result.services[service]
		services[source]++
		if d.sources[source] != nil {
			gauge(all.info, 1, source, service)
		}
	}
	for _, r := range d.result.rejected {
		if rejected[r.Source] == nil {
			rejected[r.Source] = make(map[catalog.RejectionReason]int)
		}
		rejected[r.Source][r.Reason]++
	}
	for name, s := range d.sources {
		up := 0.0
		if s.read && s.err == nil {
			up = 1
		}
		gauge(all.up, up, name)
		gauge(all.services, float64(services[name]), name)
		out <- prometheus.MustNewConstMetric(all.removed, prometheus.CounterValue, float64(s.removed), name)
		for _, reason := range catalog.RejectionReasons() {
			gauge(all.rejected, float64(rejected[name][reason]), name, string(reason))
		}
		if s.handed { // and not before: rules take what is not exported then for removed
			gauge(all.targets, float64(len(s.list)+len(s.malformed)), name)
		}
		if !s.success.IsZero() {
			gauge(all.success, float64(s.success.UnixMilli())/1000, name)
		}
	}
}

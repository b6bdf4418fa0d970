package collector

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// catalogFamily is a family of what the catalogue itself says, whatever runs
// here: rules take the newest catalogue in sight from any exporter. It is
// written from the catalogue, so that no second copy of it is kept.
type catalogFamily struct {
	name, help string
	write      func(p *page, c *catalogued)
}

func catalogFamilies() []catalogFamily {
	return []catalogFamily{
		{"tocsin_alert_setting", "1 for each alert that the catalogue tunes for a service.", eachService(writeAlerts)},
		{"tocsin_links_info", "1; where the other parts answer.", writeLinks},
		{"tocsin_monitoring_info", "1; who looks after Tocsin itself.", writeMonitoring},
		{"tocsin_objective_ratio", "The ratio of good runs that was promised.", eachService(writeObjectives)},
		{"tocsin_probe_info", "1 for each probe of the catalogue.", eachProbe(writeProbe)},
		{"tocsin_probe_interval_seconds", "Time between scheduled runs.", eachProbe(writeInterval)},
		{"tocsin_service_dependency_info", "1 for each service that another depends on.", eachService(writeDependencies)},
		{"tocsin_service_info", "1 for each service of the catalogue.", eachService(writeService)},
		{"tocsin_service_link_info", "1; where a service is and where its runbook is.", eachService(writeServiceLink)},
		{"tocsin_threshold_ratio", "What is still normal, as a ratio of the limit.", eachService(writeRatios)},
		{"tocsin_threshold_seconds", "What is still normal, in seconds.", eachService(writeThresholds)},
	}
}

// catalogued is a catalogue in the order of the page, with what a scrape would
// otherwise find out anew each time.
type catalogued struct {
	*catalog.Catalog
	services []cataloguedService
}

type cataloguedService struct {
	*catalog.Service
	probes   []cataloguedProbe
	measured uint64 // the measures that one of its probes can find, a bit each
}

type cataloguedProbe struct {
	*catalog.Probe
	kind string
}

func newCatalogued(c *catalog.Catalog) *catalogued {
	measures := make(map[string]uint64) // by kind
	for _, kind := range probe.Kinds() {
		for _, m := range kind.Measures {
			measures[kind.Name] |= 1 << m
		}
	}
	list := make([]cataloguedService, 0, len(c.Services))
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		s := cataloguedService{Service: c.Services[name]}
		for _, id := range slices.Sorted(maps.Keys(s.Probes)) {
			q := s.Probes[id]
			s.probes = append(s.probes, cataloguedProbe{q, q.Kind()})
			s.measured |= measures[q.Kind()]
		}
		list = append(list, s)
	}
	return &catalogued{c, list}
}

// eachService writes of every service, by name.
func eachService(write func(p *page, s *cataloguedService)) func(*page, *catalogued) {
	return func(p *page, c *catalogued) {
		for i := range c.services {
			write(p, &c.services[i])
		}
	}
}

// eachProbe writes of every probe, by service and name.
func eachProbe(write func(p *page, q cataloguedProbe)) func(*page, *catalogued) {
	return eachService(func(p *page, s *cataloguedService) {
		for _, q := range s.probes {
			write(p, q)
		}
	})
}

func writeMonitoring(p *page, c *catalogued) {
	p.sample(1, label{"fallback_team", c.Monitoring.FallbackTeam}, label{"team", c.Monitoring.Team})
}

func writeLinks(p *page, c *catalogued) {
	l := c.Links
	p.sample(1, label{"alertmanager", strings.Join(l.Alertmanager, ",")}, label{"board", l.Board},
		label{"grafana", l.Grafana}, label{"prometheus", l.Prometheus}, label{"runbooks", l.Runbooks})
}

func writeService(p *page, s *cataloguedService) {
	p.sample(1, label{"external", strconv.FormatBool(s.External)}, label{"page", string(s.Page)}, label{"service", s.Name}, label{"team", s.Team})
}

func writeServiceLink(p *page, s *cataloguedService) {
	p.sample(1, label{"runbook", s.Runbook}, label{"service", s.Name}, label{"url", s.URL})
}

func writeDependencies(p *page, s *cataloguedService) {
	for _, on := range s.DependsOn {
		p.sample(1, label{"dependency", on}, label{"service", s.Name})
	}
}

func writeAlerts(p *page, s *cataloguedService) {
	for _, alert := range slices.Sorted(maps.Keys(s.Alerts)) {
		p.sample(1, label{"alert", alert}, label{"service", s.Name}, label{"severity", string(s.Alerts[alert])})
	}
}

func writeRatios(p *page, s *cataloguedService) {
	number := func(value float64, resource string) {
		if value > 0 {
			p.sample(value, label{"resource", resource}, label{"service", s.Name})
		}
	}
	number(float64(s.Thresholds.Memory), "memory")
	number(float64(s.Thresholds.CPU), "cpu")
	number(float64(s.Thresholds.Disk), "disk")
	if s.finds(probe.PacketLoss) {
		number(float64(s.Thresholds.PacketLoss), "packet_loss")
	}
}

// hasDisks says whether a resource of the service has disks: no other service
// needs their threshold.
func (s *cataloguedService) hasDisks() bool {
	for _, r := range s.Resources {
		if r.MeasuresDisks() {
			return true
		}
	}
	return false
}

// finds says whether a probe of the service can find the measure: no other
// service needs its threshold.
func (s *cataloguedService) finds(m probe.Measure) bool { return s.measured>>m&1 == 1 }

func writeObjectives(p *page, s *cataloguedService) {
	number := func(value float64, objective string) {
		if value > 0 {
			p.sample(value, label{"objective", objective}, label{"service", s.Name})
		}
	}
	number(float64(s.Objective.Availability), "availability")
	number(float64(s.Objective.Latency), "latency")
}

// writeThresholds writes a service's own, and the latency of each probe.
func writeThresholds(p *page, s *cataloguedService) {
	number := func(value catalog.Duration, signal string) {
		if value > 0 {
			p.sample(value.Std().Seconds(), label{"service", s.Name}, label{"signal", signal})
		}
	}
	number(s.Thresholds.Certificate, "certificate")
	number(s.Thresholds.PipelineSuccessAge, "pipeline_success_age")
	for _, of := range []struct {
		measure probe.Measure
		value   catalog.Duration
		signal  string
	}{
		{probe.DomainExpiry, s.Thresholds.Domain, "domain"},
		{probe.ReplicationLag, s.Thresholds.ReplicationLag, "replication_lag"},
		{probe.ClockOffset, s.Thresholds.ClockOffset, "clock_offset"},
	} {
		if s.finds(of.measure) {
			number(of.value, of.signal)
		}
	}
	if len(s.Probes) > 0 {
		number(s.Thresholds.Flapping, "flapping")
	}
	if s.hasDisks() {
		number(s.Thresholds.DiskLeft, "disk_left")
	}
	for _, q := range s.probes {
		if slow := q.Slow.Std(); slow > 0 {
			p.sample(slow.Seconds(), label{"probe", q.Name}, label{"service", s.Name}, label{"signal", "latency"})
		}
	}
}

func writeProbe(p *page, q cataloguedProbe) {
	p.sample(1, label{"kind", q.kind}, label{"means", string(q.Means)}, label{"probe", q.Name}, label{"service", q.Service})
}

func writeInterval(p *page, q cataloguedProbe) {
	p.sample(q.Interval.Std().Seconds(), label{"probe", q.Name}, label{"service", q.Service})
}

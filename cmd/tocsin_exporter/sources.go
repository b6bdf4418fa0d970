package main

import (
	"cmp"
	"context"
	"net/http"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/pipeline"
	"github.com/tocsin-monitoring/tocsin/collector/resource"
	"github.com/tocsin-monitoring/tocsin/collector/usage"
)

// sources are the other signals.
type sources struct {
	list      []collector.Source
	pipelines http.Handler
}

// agent is who asks, besides the probes.
func agent() string { return "Tocsin/" + cmp.Or(version.Version, "dev") }

// newSources makes and registers a source per signal.
func newSources(f flags, scope collector.Scope, registry prometheus.Registerer, logger log.Logger) sources {
	agent := agent()
	pipelines := pipeline.New(pipeline.Options{Logger: logger, UserAgent: agent})
	s := sources{pipelines: pipelines.Handler(), list: []collector.Source{
		owned{scope, resource.New(resource.Options{Logger: logger, UserAgent: agent, ProcFS: f.procfs, CgroupFS: f.cgroupfs})},
		owned{scope, usage.New(usage.Options{Logger: logger, UserAgent: agent})},
		owned{scope, pipelines},
	}}
	for _, source := range s.list {
		registry.MustRegister(source)
	}
	return s
}

// reader reads the signals of the services that owns accepts.
type reader interface {
	prometheus.Collector
	Update(c *catalog.Catalog, owns func(service string) bool)
	Run(ctx context.Context) error
}

// owned keeps a reader to what is in this exporter's scope.
type owned struct {
	scope collector.Scope
	reader
}

// Update hands the catalogue on. It returns nil.
func (o owned) Update(c *catalog.Catalog) error {
	o.reader.Update(c, func(service string) bool { return o.scope.Owns(c, service) })
	return nil
}

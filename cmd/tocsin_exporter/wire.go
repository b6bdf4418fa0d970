package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/version"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/cmd/internal/daemon"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/discovery"
	"github.com/tocsin-monitoring/tocsin/collector/heartbeat"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
	"github.com/tocsin-monitoring/tocsin/collector/web"
	"github.com/tocsin-monitoring/tocsin/internal/httpserver"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
	"github.com/tocsin-monitoring/tocsin/internal/resident"
)

// check builds everything that the catalogue asks for and starts nothing.
func check(f flags, shard collector.Shard, stdout io.Writer) error {
	c, err := catalog.Load(f.ConfigFile)
	if err != nil {
		return err
	}
	location, err := collector.Locate(c, f.location)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	harness := collector.New(collector.Options{Location: location, Shard: shard, Registerer: registry, Build: builder(f, nil).New})
	if err := harness.Update(c); err != nil {
		return err
	}
	if err := collector.NewSight(location, nil, registry).Update(c); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s is good: %d services, %d probes at %s.\n", f.ConfigFile, len(c.Services), len(harness.Statuses(0)), location)
	return nil
}

// builder builds the probes that the flags allow.
func builder(f flags, jobs *heartbeat.Store) *probe.Builder {
	return probe.NewBuilder(probe.Options{Exec: f.exec, Browser: f.browser, Browsers: f.browsers, Heartbeats: jobs})
}

// jobs remembers heartbeats beside the last good catalogue.
func jobs(f flags) *heartbeat.Store {
	if f.Storage == "" {
		return heartbeat.NewStore("")
	}
	return heartbeat.NewStore(filepath.Join(f.Storage, "heartbeats"))
}

// serve runs the exporter until ctx ends.
func serve(ctx context.Context, f flags, shard collector.Shard, logger logging.Logger) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("tocsin_exporter"),
	)
	reloader := reload.New(reload.Options{
		Path: f.ConfigFile, Storage: f.Storage, Logger: logger.Kit, Registerer: registry, Watch: true,
	})
	first, err := reloader.Load()
	if err != nil {
		return err
	}
	location, err := collector.Locate(first, f.location)
	if err != nil {
		return err
	}
	sight := collector.NewSight(location, logger.Kit, registry)
	beats := jobs(f)
	harness := collector.New(collector.Options{Location: location, Sight: sight, Shard: shard, Logger: logger.Kit, Registerer: registry, Build: builder(f, beats).New})
	others := newSources(f, collector.Scope{Location: location, Shard: shard}, registry, logger.Kit)
	parts := []reload.Part{harness, sight, collector.NewWindows(registry)}
	for _, source := range others.list {
		parts = append(parts, source)
	}
	found := discovery.New(discovery.Options{Location: location, Parts: parts, Storage: f.Storage, Logger: logger.Kit, UserAgent: agent()})
	registry.MustRegister(found)
	if err := reloader.Start(found); err != nil {
		return err
	}
	server, err := httpserver.Listen(httpserver.Options{
		Addresses: f.Listen, WebConfigFile: f.WebConfig, Logger: logger,
		Handler: web.New(web.Options{
			Prober: harness, Config: reloader, Discovery: found, Pipelines: others.pipelines, Version: cmp.Or(version.Version, "dev"),
			Heartbeats: heartbeat.NewHandler(heartbeat.Options{
				Store: beats, Catalog: harness.Catalog, Refuse: collector.Scope{Location: location, Shard: shard}.RefuseAt, Logger: logger.Kit, Registerer: registry,
			}),
			Metrics: web.Metrics(collector.Scrape{Harness: harness, Others: registry}, registry, logger.Kit),
		}),
	})
	if err != nil {
		return err
	}
	level.Info(logger.Kit).Log("msg", "Tocsin's exporter is probing", "version", cmp.Or(version.Version, "dev"), "location", location, "shard", shard, "probes", len(harness.Statuses(0)), "address", server.Addr())

	actors := []func(context.Context) error{server.Run, resident.Settle(logger.Kit), harness.Run, sight.Run, found.Run, reloader.Run, reloader.RunHangup}
	for _, source := range others.list {
		actors = append(actors, source.Run)
	}
	return daemon.Run(ctx, actors...)
}

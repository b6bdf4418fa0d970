package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-kit/log/level"
	oklog "github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/version"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/web"
	"github.com/tocsin-monitoring/tocsin/internal/httpserver"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
)

// check builds everything that the catalogue asks for and starts nothing.
func check(f flags, shard collector.Shard, stdout io.Writer) error {
	c, err := catalog.Load(f.configFile)
	if err != nil {
		return err
	}
	location, err := collector.Locate(c, f.location)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	harness := collector.New(collector.Options{Location: location, Shard: shard, Registerer: registry})
	if err := harness.Update(c); err != nil {
		return err
	}
	if err := collector.NewSight(location, nil, registry).Update(c); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s is good: %d services, %d probes at %s.\n", f.configFile, len(c.Services), len(harness.Statuses(0)), location)
	return nil
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
		Path: f.configFile, Storage: f.storage, Logger: logger.Kit, Registerer: registry, Watch: true,
	})
	first, err := reloader.Load()
	if err != nil {
		return err
	}
	location, err := collector.Locate(first, f.location)
	if err != nil {
		return err
	}
	harness := collector.New(collector.Options{Location: location, Shard: shard, Logger: logger.Kit, Registerer: registry})
	sight := collector.NewSight(location, logger.Kit, registry)
	others := newSources(f, collector.Scope{Location: location, Shard: shard}, registry, logger.Kit)
	parts := []reload.Part{harness, sight}
	for _, source := range others.list {
		parts = append(parts, source)
	}
	if err := reloader.Start(parts...); err != nil {
		return err
	}
	server, err := httpserver.Listen(httpserver.Options{
		Addresses: f.listen, WebConfigFile: f.webConfig, Logger: logger,
		Handler: web.New(web.Options{
			Prober: harness, Config: reloader, Pipelines: others.pipelines, Version: cmp.Or(version.Version, "dev"),
			Metrics: metricsHandler(registry, collector.Gatherers{registry, harness}),
		}),
	})
	if err != nil {
		return err
	}
	level.Info(logger.Kit).Log("msg", "Tocsin's exporter is probing", "version", cmp.Or(version.Version, "dev"), "location", location, "shard", shard, "probes", len(harness.Statuses(0)), "address", server.Addr())

	var group oklog.Group
	add(ctx, &group, server.Run)
	add(ctx, &group, harness.Run)
	add(ctx, &group, sight.Run)
	add(ctx, &group, reloader.Run)
	add(ctx, &group, reloadOnSignal(reloader))
	for _, source := range others.list {
		add(ctx, &group, source.Run)
	}
	return group.Run()
}

// add runs an actor that ends with its context.
func add(ctx context.Context, group *oklog.Group, actor func(context.Context) error) {
	ctx, stop := context.WithCancel(ctx)
	group.Add(func() error { return actor(ctx) }, func(error) { stop() })
}

// metricsHandler negotiates the format. A part that fails shows its error, and
// the other parts' series are still exported.
func metricsHandler(registry *prometheus.Registry, all prometheus.Gatherer) http.Handler {
	return promhttp.InstrumentMetricHandler(registry, promhttp.HandlerFor(all, promhttp.HandlerOpts{
		ErrorHandling:     promhttp.ContinueOnError,
		Registry:          registry,
		EnableOpenMetrics: true,
	}))
}

// reloadOnSignal reloads on SIGHUP.
func reloadOnSignal(r *reload.Reloader) func(context.Context) error {
	return func(ctx context.Context) error {
		hup := make(chan os.Signal, 1)
		signal.Notify(hup, syscall.SIGHUP)
		defer signal.Stop(hup)
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-hup:
				_ = r.Reload() // it logs its error
			}
		}
	}
}

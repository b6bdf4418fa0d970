package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/version"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/inbound"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/cmd/internal/daemon"
	"github.com/tocsin-monitoring/tocsin/internal/httpserver"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
	"github.com/tocsin-monitoring/tocsin/internal/resident"
)

// check reads the catalogue and makes what it asks of the receiver, in vain.
func check(f flags, stdout io.Writer) error {
	c, err := catalog.Load(f.ConfigFile)
	if err != nil {
		return err
	}
	if err := receiver.Check(c); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s is good: %d teams, %d people, %d rotas.\n", f.ConfigFile, len(c.Teams), len(c.People), len(c.Rotas))
	return nil
}

// serve runs the receiver until ctx ends. What comes last is stopped first:
// the door is shut before the store is.
func serve(ctx context.Context, f flags, logger logging.Logger) error {
	kept, err := keep(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = kept.Close() }()
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("tocsin_receiver"),
	)
	desk, err := receiver.New(ctx, receiver.Options{Store: kept, Registerer: registry, Logger: logger.Kit, Retention: f.retention(), Reconciles: true})
	if err != nil {
		return err
	}
	reloader := reload.New(reload.Options{
		Path: f.ConfigFile, Storage: filepath.Join(f.Storage, "catalogue"), Logger: logger.Kit, Registerer: registry, Watch: true,
	})
	if err := reloader.Start(desk); err != nil {
		return err
	}
	key, err := kept.Key(ctx, "session")
	if err != nil {
		return err
	}
	gate := login.New(login.Options{
		Key: key, Catalog: desk.Catalog, Passwords: httpserver.NewUsers(f.WebConfig), Sessions: desk, Token: desk.Caller, HTTP: desk.HTTP(), Now: time.Now,
	})
	handler, err := pages(desk, gate, reloader, registry, logger)
	if err != nil {
		return err
	}
	server, err := httpserver.Listen(httpserver.Options{Addresses: f.Listen, WebConfigFile: f.WebConfig, Handler: handler, OwnUsers: true, Logger: logger})
	if err != nil {
		return err
	}
	if gate.Unguarded() && !server.Local() {
		level.Warn(logger.Kit).Log("msg", "Whoever reaches the board may answer incidents: see docs/board.md", "address", server.Addr())
	}
	level.Info(logger.Kit).Log("msg", "Tocsin's receiver is listening", "version", version.Version, "address", server.Addr(), "storage", f.Storage)
	return daemon.Run(ctx, server.Run, resident.Settle(logger.Kit), desk.RunClock, desk.RunOutbox, desk.RunForgetting, desk.RunRotas, desk.RunCalendars, desk.RunReconciler, desk.RunReceipts,
		desk.RunInbound, desk.RunWatch, desk.RunHeartbeat, desk.RunErrands, reloader.Run, reloader.RunHangup)
}

// pages mounts everything that answers. Each route proves in its own way who
// asks: the gate is the board's.
func pages(desk *receiver.Receiver, gate *login.Gate, reloader *reload.Reloader, registry *prometheus.Registry, logger logging.Logger) (http.Handler, error) {
	people, err := board.New(board.Options{Desk: desk, Gate: gate, Logger: logger.Kit})
	if err != nil {
		return nil, err
	}
	door := webhook.New(webhook.Options{Sink: desk, Tokens: desk.Tokens, Count: desk.Count, Logger: logger.Kit})
	mux := http.NewServeMux()
	for _, path := range webhook.Paths() {
		mux.Handle(path, door)
	}
	foreign := inbound.New(inbound.Options{Sink: desk, Catalog: desk.Catalog, HTTP: desk.HTTP(), Count: desk.CountInbound, Logger: logger.Kit})
	mux.Handle("/", people)
	mux.Handle(callback.Prefix, callback.New(callback.Options{Desk: desk.Callbacks(), Logger: logger.Kit}))
	mux.Handle("GET /metrics", promhttp.InstrumentMetricHandler(registry, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Registry: registry, EnableOpenMetrics: true,
	})))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Tocsin's receiver is healthy.\n")
	})
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, r *http.Request) {
		if err := desk.Ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "Tocsin's receiver is ready.\n")
	})
	mux.HandleFunc("POST /-/reload", func(w http.ResponseWriter, r *http.Request) {
		if !gate.Operates(r) {
			http.Error(w, "only an admin of the board may do this", http.StatusForbidden)
			return
		}
		if err := reloader.Reload(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, "The new catalogue is in use.\n")
	})
	return exact(mux, door, foreign), nil
}

// exact sends a path of a webhook to its handler before the mux could clean
// or redirect it: a redirected POST arrives as a GET, and its alert is lost.
func exact(mux *http.ServeMux, door, foreign http.Handler) http.Handler {
	paths := map[string]bool{}
	for _, path := range webhook.Paths() {
		paths[path] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if paths[r.URL.Path] {
			door.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, inbound.Path) {
			foreign.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

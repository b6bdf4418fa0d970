package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/discovery"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
)

// Prober is what the pages need of the harness.
type Prober interface {
	Statuses(limit int) []collector.Status
	Status(service, probe string) (collector.Status, error)
	Try(ctx context.Context, service, probe string) (collector.Attempt, error)
	Catalog() *catalog.Catalog
	Location() string
	Ready() bool
}

// Config is what the pages need of the reloader.
type Config interface {
	Reload() error
	Status() reload.Status
}

// Discoverer is what the pages need of the discovery of services.
type Discoverer interface {
	Statuses() []discovery.Status
}

// Options are the parts behind the pages.
type Options struct {
	Prober    Prober
	Config    Config
	Discovery Discoverer // nil for none
	Metrics   http.Handler
	Pipelines http.Handler // answers below /api/v1/pipelines/; nil for none
	// Heartbeats answers the calls of jobs below /heartbeat/; nil for none.
	Heartbeats http.Handler
	Version    string
}

// New returns the exporter's handler.
func New(o Options) http.Handler {
	p := &pages{Options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.landing)
	mux.HandleFunc("GET /results", p.results)
	mux.HandleFunc("GET /screenshot", p.screenshot)
	mux.HandleFunc("GET /probe", p.try)
	mux.HandleFunc("GET /-/healthy", say(http.StatusOK, "Tocsin's exporter is healthy."))
	mux.HandleFunc("GET /-/ready", p.ready)
	mux.HandleFunc("POST /-/reload", p.reload)
	mux.HandleFunc("PUT /-/reload", p.reload)
	mux.Handle("GET /metrics", o.Metrics)
	if o.Pipelines != nil {
		mux.Handle("GET /api/v1/pipelines/", o.Pipelines)
	}
	if o.Heartbeats != nil {
		mux.Handle("/heartbeat/", o.Heartbeats)
	}
	return guarded(mux)
}

type pages struct{ Options }

// policy lets a page show itself and nothing else.
const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// guarded sets what keeps a browser from doing more with a page than showing
// it.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

func say(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { plain(w, code, text) }
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text)
}

func (p *pages) ready(w http.ResponseWriter, _ *http.Request) {
	if !p.Prober.Ready() {
		plain(w, http.StatusServiceUnavailable, "The first round of probes has not started.")
		return
	}
	plain(w, http.StatusOK, "Probes are running.")
}

// reload tells the whole error: who may reload may read the catalogue.
func (p *pages) reload(w http.ResponseWriter, _ *http.Request) {
	if err := p.Config.Reload(); err != nil {
		plain(w, http.StatusInternalServerError, "The new catalogue is bad; everything goes on with the old one.\n\n"+err.Error())
		return
	}
	plain(w, http.StatusOK, "Took over the new catalogue.")
}

// try makes an attempt now and shows its trace: as a page to a browser, as JSON
// where the format says so, else as text.
func (p *pages) try(w http.ResponseWriter, r *http.Request) {
	service, probe := r.URL.Query().Get("service"), r.URL.Query().Get("probe")
	a, err := p.Prober.Try(r.Context(), service, probe)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept")
	t := newTrace(service, probe, a)
	switch format := r.URL.Query().Get("format"); {
	case format == "json":
		answerJSON(w, t)
	case format == "" && strings.Contains(r.Header.Get("Accept"), "text/html"):
		tried(w, t, a)
	default:
		plain(w, http.StatusOK, t.String())
	}
}

// refuse says why there is nothing to show.
func refuse(w http.ResponseWriter, err error) {
	var unknown *collector.UnknownProbeError
	switch {
	case errors.As(err, &unknown):
		text := err.Error() + "."
		if len(unknown.Near) > 0 {
			text += " Names that look alike:\n  " + strings.Join(unknown.Near, "\n  ")
		}
		plain(w, http.StatusNotFound, text)
	case errors.Is(err, collector.ErrBusy):
		w.Header().Set("Retry-After", "1")
		plain(w, http.StatusTooManyRequests, err.Error())
	default:
		plain(w, http.StatusServiceUnavailable, "The attempt was not finished: "+err.Error())
	}
}

// Package reload follows the catalogue's files and hands each good one on.
//
// The exporter and the receiver each make a [Reloader] in cmd, give it their
// parts, and run it beside them; SIGHUP and POST /-/reload call it too.
//
// A bad catalogue changes nothing. The last good one is kept on disk, so that
// even a restart in that state goes on with what was running.
package reload

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Options say where catalogues come from and where the last good one is
// kept.
type Options struct {
	Path       string // of the file or folder
	Storage    string // folder for the last good catalogue; empty for none
	Logger     log.Logger
	Registerer prometheus.Registerer
	Watch      bool // follow changes of the files
}

// Part follows the catalogue. Update takes one over wholly or, on an error, not
// at all; it is called by one goroutine at a time.
type Part interface {
	Update(*catalog.Catalog) error
}

// Reloader hands each good catalogue to the parts. A bad one leaves everything
// running as it was.
type Reloader struct {
	options Options
	logger  log.Logger
	metrics metrics

	watching chan struct{} // closed when changes are noticed from now on

	mu     sync.Mutex
	parts  *Together
	status Status
	tried  [sha256.Size]byte // digest of the files that were tried last
}

// Status is what became of the newest catalogue.
type Status struct {
	Catalog *catalog.Catalog // in use
	Err     error            // why the newest was refused; nil when it is in use
	At      time.Time        // of the last try
	Stored  bool             // the one in use is the last good one of an earlier start
}

type metrics struct {
	successful, at, modified, hash prometheus.Gauge
}

// New has loaded nothing yet.
func New(o Options) *Reloader {
	auto := promauto.With(o.Registerer)
	gauge := func(name, help string) prometheus.Gauge {
		return auto.NewGauge(prometheus.GaugeOpts{Name: "tocsin_config_" + name, Help: help})
	}
	r := &Reloader{options: o, logger: o.Logger, watching: make(chan struct{}), metrics: metrics{
		successful: gauge("last_reload_successful", "1 when the newest catalogue was taken."),
		at:         gauge("last_reload_success_timestamp_seconds", "When a catalogue was last taken."),
		modified:   gauge("modified_timestamp_seconds", "Newest modification of the catalogue in use."),
		hash:       gauge("hash", "First 48 bits of the SHA-256 of the catalogue in use."),
	}}
	if r.logger == nil {
		r.logger = log.NewNopLogger()
	}
	return r
}

// Load reads the newest catalogue or, when that is bad, the last good one. The
// error is the newest one's, when neither will do.
func (r *Reloader) Load() (*catalog.Catalog, error) {
	c, err := catalog.Load(r.options.Path)
	if err == nil {
		return c, nil
	}
	stored, storedErr := r.loadStored()
	if storedErr != nil {
		return nil, err
	}
	return stored, nil
}

// Start hands the newest catalogue to the parts or, when that is bad, the last
// good one; the log says so. The error says that neither would do.
func (r *Reloader) Start(parts ...Part) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = NewTogether(parts...)
	err := r.take()
	if err == nil {
		return nil
	}
	c, storedErr := r.loadStored()
	if storedErr == nil {
		storedErr = r.parts.Update(c)
	}
	if storedErr != nil {
		return err
	}
	r.use(c)
	r.status.Stored = true
	level.Error(r.logger).Log("msg", "The catalogue is bad; running with the last good one", "modified", c.Modified(), "kept_in", r.options.Storage, "err", err)
	return nil
}

// Reload takes the newest catalogue. On an error, which it also logs,
// everything goes on as before.
func (r *Reloader) Reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.take()
	if err != nil {
		level.Error(r.logger).Log("msg", "The new catalogue is bad; everything goes on with the old one", "err", err)
		return err
	}
	level.Info(r.logger).Log("msg", "Took over the new catalogue", "hash", fmt.Sprintf("%012x", r.status.Catalog.Hash()))
	return nil
}

// Status is what became of the newest catalogue.
func (r *Reloader) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// take loads the newest catalogue and hands it over. The caller locks.
func (r *Reloader) take() error {
	r.status.At, r.tried = time.Now(), digest(r.options.Path)
	c, err := catalog.Load(r.options.Path)
	if err == nil {
		err = r.parts.Update(c)
	}
	r.status.Err = err
	if err != nil {
		r.metrics.successful.Set(0)
		return err
	}
	r.use(c)
	r.status.Stored = false
	r.metrics.successful.Set(1)
	r.metrics.at.Set(seconds(r.status.At))
	if err := r.store(); err != nil {
		level.Warn(r.logger).Log("msg", "The catalogue is not kept for the next start", "err", err)
	}
	return nil
}

func (r *Reloader) use(c *catalog.Catalog) {
	r.status.Catalog = c
	r.metrics.modified.Set(seconds(c.Modified()))
	r.metrics.hash.Set(float64(c.Hash()))
}

// Run follows the files until ctx ends. It returns nil.
func (r *Reloader) Run(ctx context.Context) error {
	if !r.options.Watch {
		<-ctx.Done()
		return nil
	}
	return r.watch(ctx)
}

// seconds is an instant as metrics have it, exact to the millisecond.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// Options say where and how probes run.
type Options struct {
	Location   string // as Locate returned it
	Sight      *Sight // of the same location; nil always sees
	Shard      Shard
	Logger     log.Logger            // nil for none
	Registerer prometheus.Registerer // for the harness's own counters
	// Build makes the attempt of a probe; a probe.Builder without options by default.
	Build       func(*catalog.Catalog, *catalog.Probe) (probe.Built, error)
	MaxAttempts int // begun within the last second and under way; 1000 by default
	MaxPerHost  int // against the same host and port; 50 by default
}

// Harness runs the probes of a catalogue. All methods may be called at any
// time from any goroutine.
type Harness struct {
	options  Options
	logger   log.Logger
	metrics  harnessMetrics
	limits   *limits
	schedule *schedule
	pulse    pulse
	started  atomic.Bool
	runs     sync.WaitGroup

	mu         sync.Mutex
	catalog    *catalog.Catalog
	catalogued *catalogued // of catalog; nil before the first
	targets    map[key]*target
	order      []*target // by service and probe
}

// New returns a harness without a catalogue.
func New(o Options) *Harness {
	if o.Build == nil {
		o.Build = probe.NewBuilder(probe.Options{}).New
	}
	h := &Harness{
		options:  o,
		logger:   o.Logger,
		metrics:  newHarnessMetrics(o.Registerer),
		limits:   newLimits(cmp.Or(o.MaxAttempts, maxAttempts), cmp.Or(o.MaxPerHost, maxPerHost), openFiles(maxOpen)),
		schedule: newSchedule(),
		targets:  make(map[key]*target),
	}
	if h.logger == nil {
		h.logger = log.NewNopLogger()
	}
	return h
}

// Locate chooses the location: the named one, or the first by name where none
// is named. An unknown name is an error that lists the known ones.
func Locate(c *catalog.Catalog, name string) (string, error) {
	known := slices.Sorted(maps.Keys(c.Locations))
	if name == "" && len(known) > 0 {
		return known[0], nil
	}
	if name == "" {
		return "default", nil
	}
	if _, ok := c.Locations[name]; !ok {
		return "", fmt.Errorf("location %q is not in the catalogue (have %s): name one of its locations with --location", name, cmp.Or(strings.Join(known, ", "), "none"))
	}
	return name, nil
}

// Update takes a catalogue over, wholly or, on an error, not at all. Probes
// whose specification is the same go on undisturbed; others start anew.
func (h *Harness) Update(c *catalog.Catalog) error {
	if _, known := c.Locations[h.options.Location]; !known && len(c.Locations) > 0 {
		_, err := Locate(c, h.options.Location)
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next, err := h.build(c)
	if err != nil {
		return err
	}
	h.replace(next)
	h.catalog, h.catalogued = c, newCatalogued(c)
	return nil
}

// build makes the new targets and keeps the unchanged ones. It changes nothing
// that is running.
func (h *Harness) build(c *catalog.Catalog) (map[key]*target, error) {
	next := make(map[key]*target)
	var faults []error
	for _, p := range h.mine(c) {
		k := key{p.Service, p.Name}
		if old := h.targets[k]; old != nil && old.fingerprint == fingerprint(p) {
			next[k] = old
			continue
		}
		built, err := h.options.Build(c, p)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		next[k] = newTarget(p, built, h.options.Location)
	}
	return next, errors.Join(faults...)
}

// mine lists the probes of the catalogue that run here, by name.
func (h *Harness) mine(c *catalog.Catalog) []*catalog.Probe {
	var list []*catalog.Probe
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		if !h.options.Shard.Owns(name) {
			continue
		}
		probes := c.Services[name].Probes
		for _, id := range slices.Sorted(maps.Keys(probes)) {
			p := probes[id]
			if len(p.Locations) == 0 || slices.Contains(p.Locations, h.options.Location) {
				list = append(list, p)
			}
		}
	}
	return list
}

// replace ends the targets that are not in next and schedules the new ones.
func (h *Harness) replace(next map[key]*target) {
	for k, old := range h.targets {
		if next[k] != old {
			old.leave()
		}
	}
	now := time.Now()
	h.order = h.order[:0:0]
	for k, t := range next {
		h.order = append(h.order, t)
		if h.targets[k] != t {
			h.schedule.add(t, firstDue(now, t.place, t.spec.Interval.Std()))
		}
	}
	slices.SortFunc(h.order, func(a, b *target) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.probe, b.probe))
	})
	h.targets = next
	h.metrics.probes.WithLabelValues(h.options.Location).Set(float64(len(next)))
}

// Run runs the probes until ctx ends and the attempts under way have been
// called off. It returns nil. It can be called once.
func (h *Harness) Run(ctx context.Context) error {
	h.started.Store(true)
	h.runs.Go(func() { h.pulse.run(ctx) })
	h.schedule.run(ctx, func(d due) {
		h.runs.Add(1) // until the run's end, which may come in another goroutine
		go h.execute(ctx, d)
	})
	h.runs.Wait()
	return nil
}

// Ready says whether probing has begun.
func (h *Harness) Ready() bool { return h.started.Load() }

// sees says whether a failure may be believed. Before a probe falls the
// references are looked at anew: a location that has just been cut off must
// not call a service down. For one that is down already, the last look will do.
func (h *Harness) sees(ctx context.Context, t *target) bool {
	if t.totals.Load().state == Down {
		return h.options.Sight.Sees()
	}
	return h.options.Sight.Look(ctx)
}

// nextDue is the slot after a run. When more than one has passed meanwhile, the
// last of them is run late and the others are counted as late.
func (h *Harness) nextDue(d due) time.Time {
	interval := d.target.spec.Interval.Std()
	place, now := d.target.place, time.Now()
	next := slotAfter(d.at, place, interval)
	if latest := slotAfter(now, place, interval).Add(-interval); latest.After(next) {
		h.metrics.lag.Observe(now.Sub(next).Seconds())
		return latest
	}
	return next
}

package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/agext/levenshtein"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// tryEvery bounds how often a probe may be tried by hand.
const tryEvery = time.Second

// Status is what is known of one probe that runs here.
type Status struct {
	Service, Probe string
	Kind           string
	Means          catalog.Means
	Interval       time.Duration
	State          State
	Attempts       []Attempt // the newest first; empty before the first
	// Newest and NewestFailure are the newest attempt and the newest that did
	// not succeed, with all that they found; nil where there is none. They are
	// read only.
	Newest, NewestFailure *Attempt
}

// Last is the newest attempt, or nil before the first.
func (s Status) Last() *Attempt {
	if len(s.Attempts) == 0 {
		return nil
	}
	return &s.Attempts[0]
}

// ErrBusy says that a probe was tried by hand a moment ago.
var ErrBusy = errors.New("this probe is being tried or was tried within the last second")

// UnknownProbeError says that no such probe runs here. Near lists names that
// look alike, as service/probe.
type UnknownProbeError struct {
	Service, Probe string
	Near           []string
}

// Error is the message for the person who asked.
func (e *UnknownProbeError) Error() string {
	return fmt.Sprintf("no probe %q of service %q runs here", e.Probe, e.Service)
}

// Statuses lists the probes that run here by service and name, each with at
// most limit attempts.
func (h *Harness) Statuses(limit int) []Status {
	h.mu.Lock()
	order := h.order
	h.mu.Unlock()
	list := make([]Status, len(order))
	for i, t := range order {
		list[i] = t.status(limit)
	}
	return list
}

// Status is that of one probe. The error is an *[UnknownProbeError].
func (h *Harness) Status(service, name string) (Status, error) {
	t, err := h.find(service, name)
	if err != nil {
		return Status{}, err
	}
	return t.status(kept), nil
}

// Location is where this harness probes from.
func (h *Harness) Location() string { return h.options.Location }

// Catalog is the catalogue in use, or nil before the first.
func (h *Harness) Catalog() *catalog.Catalog {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.catalog
}

// Try makes one attempt now. It counts nowhere and changes no state. The error
// is an *[UnknownProbeError], [ErrBusy] or ctx's.
func (h *Harness) Try(ctx context.Context, service, name string) (Attempt, error) {
	t, err := h.find(service, name)
	if err != nil {
		return Attempt{}, err
	}
	if !t.trying.CompareAndSwap(false, true) {
		return Attempt{}, ErrBusy
	}
	defer time.AfterFunc(tryEvery, func() { t.trying.Store(false) })
	release, err := h.limits.acquire(ctx, t.host)
	if err != nil {
		return Attempt{}, err
	}
	defer release()
	told := make(chan Attempt, 1)
	go h.attempt(ctx, t, t.spec.Timeout.Std(), func(_ context.Context, a Attempt) { told <- a })
	return <-told, ctx.Err()
}

func (h *Harness) find(service, probe string) (*target, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.targets[key{service, probe}]; t != nil {
		return t, nil
	}
	return nil, &UnknownProbeError{Service: service, Probe: probe, Near: near(h.order, service+"/"+probe)}
}

// near lists up to five names that look like name, the likest first.
func near(order []*target, name string) []string {
	const enough = 0.6
	type candidate struct {
		name  string
		likes float64
	}
	var list []candidate
	for _, t := range order {
		have := t.service + "/" + t.probe
		if likes := levenshtein.Match(have, name, nil); likes >= enough || t.service+"/" == name {
			list = append(list, candidate{have, likes})
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		if a.likes > b.likes {
			return -1
		}
		return 1
	})
	var names []string
	for _, c := range list[:min(5, len(list))] {
		names = append(names, c.name)
	}
	return names
}

func (t *target) status(limit int) Status {
	s := Status{
		Service:  t.service,
		Probe:    t.probe,
		Kind:     t.kind,
		Means:    t.spec.Means,
		Interval: t.spec.Interval.Std(),
		State:    t.totals.Load().state,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Attempts = t.history.all()
	s.Newest, s.NewestFailure = t.newest, t.newestFailure
	if s.Newest == nil {
		s.Newest = s.Last()
	}
	s.Attempts = s.Attempts[:min(limit, len(s.Attempts))]
	return s
}

package collector

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// key names a probe.
type key struct{ service, probe string }

// target is one probe that runs here, with all that is remembered of it.
type target struct {
	key
	spec        *catalog.Probe
	fingerprint uint64 // of the spec: another one is another target
	kind        string // of the probe
	host        string // what the limit per host counts by; empty for none
	make        probe.Func
	at          string                        // the location
	place       uint64                        // what the schedule spreads by
	steps       []string                      // names of a visitor's steps, each once
	trying      atomic.Bool                   // somebody tries the probe by hand, or has within the last second
	stuck       atomic.Pointer[chan struct{}] // closed when an abandoned attempt has ended; nil without one

	totals atomic.Pointer[totals] // never nil; replaced, never changed

	mu      sync.Mutex // of what follows, and of who replaces the totals
	history history
	newest  *Attempt // the newest, where it has more to say than the history

	newestFailure *Attempt           // the newest that did not succeed; nil without one
	left          bool               // the probe is not in the catalogue any more
	cancel        context.CancelFunc // of the run under way; nil without one
}

// totals is what is exported of a target.
type totals struct {
	state   State
	reason  probe.Reason              // why the last run did not succeed
	had     [len(probe.Phases{})]bool // the phases that happened in some run
	runs    [3]uint64                 // by outcome
	repeats uint64
	slow    uint64
	flaps   uint64
	last    probe.Result // of the last run; its text is not kept here
	lastRun time.Time    // zero before the first
}

// newTarget keeps one probe of a catalogue. It stands still until scheduled.
func newTarget(p *catalog.Probe, built probe.Built, location string) *target {
	t := &target{
		key:         key{p.Service, p.Name},
		spec:        p,
		fingerprint: fingerprint(p),
		kind:        built.Kind.Name,
		host:        built.Host,
		make:        built.Attempt,
		at:          location,
		place:       together(hash(p.Service+"/"+p.Name+"/"+location), cmp.Or(built.Kind.Together, probe.Awakening)),
	}
	t.totals.Store(new(totals))
	for _, step := range p.Journey {
		t.steps = appendNew(t.steps, step.Name)
	}
	for _, step := range p.Browser {
		t.steps = appendNew(t.steps, step.Name)
	}
	return t
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// leave ends the run under way and all later ones: the probe has left the
// catalogue.
func (t *target) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = true
	if t.cancel != nil {
		t.cancel()
	}
}

// gone says that the probe has left the catalogue.
func (t *target) gone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.left
}

// begin is the context of a run, which ends with ctx or when the probe leaves.
// The caller calls done after the run.
func (t *target) begin(ctx context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancel = cancel
	if t.left {
		cancel()
	}
	return ctx, func() {
		cancel()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.cancel = nil // a context that has ended is not worth its memory
	}
}

// The labels that all series of a target share.

func (t *target) location() label { return label{"location", t.at} }
func (t *target) name() label     { return label{"probe", t.key.probe} }
func (t *target) of() label       { return label{"service", t.service} }

// run is one scheduled run as it was confirmed.
type run struct {
	state    State
	attempts []Attempt // in order; the last decides
	unseen   bool      // the location is cut off: its failure says nothing about the service
}

// failed says that the service, as far as could be seen, is down.
func (r run) failed() bool {
	return r.state == Down && r.attempts[len(r.attempts)-1].Outcome == probe.Failure
}

// record takes a run over into the totals and the history.
func (t *target) record(r run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range r.attempts {
		t.remember(a)
		if a.Reason != probe.ReasonNone {
			t.newestFailure = new(Attempt)
			*t.newestFailure = a
		}
	}
	n := *t.totals.Load()
	n.count(r, t.spec.Slow.Std())
	t.totals.Store(&n)
}

// note remembers an attempt that counts for nothing.
func (t *target) note(a Attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remember(a)
}

// count takes a run over. A verdict of which we are the fault changes nothing
// but the reason, and the last run grows stale, which tells the platform team.
func (n *totals) count(r run, slow time.Duration) {
	last := r.attempts[len(r.attempts)-1]
	n.reason = last.Reason
	if blind(n.state, last.Result) {
		return
	}
	if r.unseen || last.Outcome == probe.Waiting {
		n.lastRun = last.At // probing goes on; nothing else is known
		return
	}
	if n.state != Unknown && r.state != n.state {
		n.flaps++
	}
	n.state = r.state
	n.runs[last.Outcome]++
	n.repeats += uint64(len(r.attempts) - 1)
	n.keep(&last.Result)
	n.last, n.lastRun = last.Result, last.At
	n.last.Text, n.last.Detail = "", nil
	for i, spent := range last.Phases {
		n.had[i] = n.had[i] || spent > 0
	}
	if last.Outcome == probe.Success && (last.Slow || slow > 0 && last.Duration > slow) {
		n.slow++
	}
}

// keep carries into a new result what stays true when nothing new was found: a
// refused connection does not renew a certificate.
func (n *totals) keep(r *probe.Result) {
	if r.CertificateExpiry.IsZero() {
		r.CertificateExpiry = n.last.CertificateExpiry
	}
	for _, old := range n.last.Measures {
		found := slices.ContainsFunc(r.Measures, func(m probe.Measured) bool { return m.Measure == old.Measure })
		if old.Lasting() && !found {
			r.Measures = append(r.Measures, old)
		}
	}
}

// remember adds an attempt to the history, and keeps the newest as a whole
// where a record of the history does not say everything. The caller locks.
func (t *target) remember(a Attempt) {
	t.history.add(a)
	t.newest = nil
	if a.Detail != nil || len(a.Measures)+len(a.Components)+len(a.Performance)+len(a.Steps) > 0 {
		t.newest = new(Attempt)
		*t.newest = a
	}
}

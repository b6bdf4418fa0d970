package collector

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// grace is what an attempt may take after its time is over, to say where it
// got stuck. One that takes longer is left behind.
const grace = 250 * time.Millisecond

// maxStarved bounds how often an attempt is made again that ran out of time
// because the exporter itself did not get to run.
const maxStarved = 3

// run makes one scheduled run: attempts until it is settled. It is incomplete
// and false when ctx ended, or when the exporter got to run too little to judge.
func (h *Harness) run(ctx context.Context, t *target) (run, bool) {
	c := confirmation{standing: t.totals.Load().state, need: max(1, t.spec.Confirm)}
	var r run
	for settled := false; !settled; {
		a, judged := h.judged(ctx, t)
		if !judged || ctx.Err() != nil {
			return r, false
		}
		a.Repeat = len(r.attempts) > 0
		r.attempts = append(r.attempts, a)
		r.state, settled = c.settle(a.Result)
	}
	return r, true
}

// judged makes an attempt that tells something about the target. One whose time
// ran out while the exporter did not get to run for a good part of it tells
// nothing: it is made again, and the time is made up for. A target that hangs is
// so found to hang by an exporter that has too little to run on, and a healthy
// one is not called down by it.
func (h *Harness) judged(ctx context.Context, t *target) (Attempt, bool) {
	timeout := t.spec.Timeout.Std()
	within := timeout
	for range maxStarved + 1 {
		before := h.pulse.lost.Load()
		a := h.attempt(ctx, t, within)
		lost := h.pulse.since(before)
		if a.Outcome == probe.Success && a.Duration-lost > timeout {
			a.Outcome, a.Reason, a.Text = probe.Failure, probe.ReasonTimeout, fmt.Sprintf("the answer took longer than %s", timeout)
		}
		const enough = 10 // parts of the time, of which one may be lost
		if a.Reason != probe.ReasonTimeout || lost < timeout/enough || a.Duration-lost >= timeout-timeout/enough || ctx.Err() != nil {
			return a, true
		}
		h.metrics.starved.Inc()
		a.Text = fmt.Sprintf("counts for nothing, because the exporter did not get to run for %s of it: %s", lost.Round(time.Millisecond), a.Text)
		t.note(a)
		within = min(timeout+2*lost, 4*timeout)
	}
	return Attempt{}, false
}

// attempt makes one attempt within a time, whether or not the kind keeps to it.
func (h *Harness) attempt(ctx context.Context, t *target, within time.Duration) Attempt {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	started := time.Now()
	r := h.guarded(ctx, t)
	ended := time.Now()
	r.Duration = cmp.Or(r.Duration, ended.Sub(started))
	return Attempt{At: ended, Result: r}
}

// guarded calls the kind in a goroutine of its own, and leaves it behind when
// it neither ends nor panics in time. A probe leaves at most one behind.
func (h *Harness) guarded(ctx context.Context, t *target) probe.Result {
	if stuck := t.stuck.Load(); stuck != nil {
		select {
		case <-*stuck:
			t.stuck.Store(nil)
		default:
			return broken(probe.ReasonTimeout, "an earlier attempt still hangs")
		}
	}
	result := make(chan probe.Result, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer h.recovered(t, result)
		result <- t.make(ctx)
	}()
	select {
	case r := <-result:
		return r
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case r := <-result:
		return r
	case <-late.C:
		t.stuck.Store(&ended)
		return broken(probe.ReasonTimeout, fmt.Sprintf("timeout after %s; the attempt does not end", t.spec.Timeout.Std()))
	}
}

// recovered turns a panic into a result.
func (h *Harness) recovered(t *target, result chan<- probe.Result) {
	p := recover()
	if p == nil {
		return
	}
	h.metrics.panics.Inc()
	level.Error(h.logger).Log("msg", "A probe panicked; please report this", "service", t.service, "probe", t.probe, "kind", t.kind, "stack", string(debug.Stack()))
	result <- broken(probe.ReasonInternal, "the probe panicked: this is a defect of Tocsin; its log has the stack")
}

func broken(reason probe.Reason, text string) probe.Result {
	return probe.Result{Outcome: probe.Failure, Reason: reason, Text: text}
}

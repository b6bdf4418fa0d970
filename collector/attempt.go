package collector

import (
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

// run makes one scheduled run: attempts until it is settled. It is incomplete
// and false when ctx ended.
func (h *Harness) run(ctx context.Context, t *target) (run, bool) {
	c := confirmation{standing: t.totals.Load().state, need: max(1, t.spec.Confirm)}
	var r run
	for settled := false; !settled; {
		a := h.attempt(ctx, t)
		if ctx.Err() != nil {
			return r, false
		}
		a.Repeat = len(r.attempts) > 0
		r.attempts = append(r.attempts, a)
		r.state, settled = c.settle(a.Result)
	}
	return r, true
}

// attempt makes one attempt within the probe's timeout, whether or not the
// kind keeps to it.
func (h *Harness) attempt(ctx context.Context, t *target) Attempt {
	timeout := t.spec.Timeout.Std()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	started := time.Now()
	r := h.guarded(ctx, t)
	r.Duration = time.Since(started)
	if r.Outcome == probe.Success && r.Duration > timeout {
		r.Outcome, r.Reason, r.Text = probe.Failure, probe.ReasonTimeout, fmt.Sprintf("the answer took longer than %s", timeout)
	}
	return Attempt{At: time.Now(), Result: r}
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
		result <- t.built.Attempt(ctx)
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
	level.Error(h.logger).Log("msg", "A probe panicked; please report this", "service", t.service, "probe", t.probe, "kind", t.built.Kind.Name, "stack", string(debug.Stack()))
	result <- broken(probe.ReasonInternal, "the probe panicked: this is a defect of Tocsin; its log has the stack")
}

func broken(reason probe.Reason, text string) probe.Result {
	return probe.Result{Outcome: probe.Failure, Reason: reason, Text: text}
}

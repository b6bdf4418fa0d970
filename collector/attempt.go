package collector

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// grace is what an attempt may take after its time is over, to say where it
// got stuck. One that takes longer is left behind.
const grace = 250 * time.Millisecond

// attempt makes one attempt within a time and tells of it once, whether or not
// the kind keeps to the time. It does so in its own goroutine, which spares a
// well-behaved kind the way through a second one; a kind that neither ends nor
// panics in time is left behind, and then is called from another. A probe
// leaves at most one behind.
func (h *Harness) attempt(ctx context.Context, t *target, within time.Duration, then func(context.Context, Attempt)) {
	limited, cancel := context.WithTimeout(ctx, within)
	started := time.Now()
	var told atomic.Bool
	tell := func(r probe.Result) {
		if told.Swap(true) {
			return
		}
		cancel()
		ended := time.Now()
		r.Duration = cmp.Or(r.Duration, ended.Sub(started)) // a kind knows better what of it was the target's
		then(ctx, Attempt{At: ended, Result: r})
	}
	if t.hangs() {
		tell(broken(probe.ReasonTimeout, "an earlier attempt still hangs"))
		return
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(limited, func() {
		if !endsWithin(grace, ended) {
			t.stuck.Store(&ended)
			tell(broken(probe.ReasonTimeout, fmt.Sprintf("timeout after %s; the attempt does not end", within)))
		}
	})
	r := h.call(limited, t)
	stop()
	close(ended)
	tell(r)
}

// hangs says that an attempt that was left behind has still not ended.
func (t *target) hangs() bool {
	stuck := t.stuck.Load()
	if stuck == nil {
		return false
	}
	select {
	case <-*stuck:
		t.stuck.Store(nil)
		return false
	default:
		return true
	}
}

func endsWithin(d time.Duration, ended <-chan struct{}) bool {
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-ended:
		return true
	case <-late.C:
		return false
	}
}

// call turns a panic into a result.
func (h *Harness) call(ctx context.Context, t *target) (r probe.Result) {
	defer func() {
		if p := recover(); p != nil {
			h.metrics.panics.Inc()
			level.Error(h.logger).Log("msg", "A probe panicked; please report this", "service", t.service, "probe", t.probe, "kind", t.kind, "stack", string(debug.Stack()))
			r = broken(probe.ReasonInternal, "the probe panicked: this is a defect of Tocsin; its log has the stack")
		}
	}()
	return t.make(ctx)
}

func broken(reason probe.Reason, text string) probe.Result {
	return probe.Result{Outcome: probe.Failure, Reason: reason, Text: text}
}

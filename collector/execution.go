package collector

import (
	"context"
	"fmt"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// maxStarved bounds how often an attempt is made again that ran out of time
// because the exporter itself did not get to run.
const maxStarved = 3

// execution is one run under way: attempts until it is settled. It goes on in
// whichever goroutine tells of an attempt.
type execution struct {
	harness       *Harness
	due           due
	done, release func()
	confirmation  confirmation
	run           run
	within        time.Duration // of the next attempt
	lost          int64         // the pulse's, when the attempt began
	starved       int           // attempts in a row that told nothing
}

// execute makes a run that is due and puts the next on the schedule.
func (h *Harness) execute(ctx context.Context, d due) {
	t := d.target
	ctx, done := t.begin(ctx)
	release, err := h.limits.acquire(ctx, t.host)
	if err != nil {
		done()
		h.runs.Done()
		return
	}
	h.metrics.lag.Observe(time.Since(d.at).Seconds())
	e := &execution{
		harness: h, due: d, done: done, release: release, within: t.spec.Timeout.Std(),
		confirmation: confirmation{standing: t.totals.Load().state, need: max(1, t.spec.Confirm)},
	}
	e.next(ctx)
}

// next makes an attempt. Nothing may follow it: when the attempt is left behind,
// the run goes on elsewhere.
func (e *execution) next(ctx context.Context) {
	e.lost = e.harness.pulse.lost.Load()
	e.harness.attempt(ctx, e.due.target, e.within, e.took)
}

// took takes an attempt over. It ends the run when ctx has ended, when enough is
// known, or when the exporter gets to run too little to know.
func (e *execution) took(ctx context.Context, a Attempt) {
	switch {
	case ctx.Err() != nil:
		e.end(ctx, false)
		return
	case e.tellsNothing(&a):
		if e.starved++; e.starved > maxStarved {
			e.end(ctx, false)
			return
		}
		e.next(ctx)
		return
	}
	e.within, e.starved = e.due.target.spec.Timeout.Std(), 0
	a.Repeat = len(e.run.attempts) > 0
	e.run.attempts = append(e.run.attempts, a)
	var settled bool
	if e.run.state, settled = e.confirmation.settle(a.Result); settled {
		e.end(ctx, true)
		return
	}
	e.next(ctx)
}

// tellsNothing says that an attempt ran out of time while the exporter did not
// get to run for a good part of it. The next one makes up for the time, so that
// a target that hangs is found to hang by an exporter that has too little to run
// on, and a healthy one is not called down by it.
func (e *execution) tellsNothing(a *Attempt) bool {
	const enough = 10 // parts of the time, of which one may be lost
	timeout, lost := e.due.target.spec.Timeout.Std(), e.harness.pulse.since(e.lost)
	if a.Outcome == probe.Success && a.Duration-lost > timeout {
		a.Outcome, a.Reason, a.Text = probe.Failure, probe.ReasonTimeout, fmt.Sprintf("the answer took longer than %s", timeout)
	}
	if a.Reason != probe.ReasonTimeout || lost < timeout/enough || a.Duration-lost >= timeout-timeout/enough {
		return false
	}
	e.harness.metrics.starved.Inc()
	a.Text = fmt.Sprintf("counts for nothing, because the exporter did not get to run for %s of it: %s", lost.Round(time.Millisecond), a.Text)
	e.due.target.note(*a)
	e.within = min(timeout+2*lost, 4*timeout)
	return true
}

// end gives back what the run held, takes over what it came to, and puts the
// next on the schedule.
func (e *execution) end(ctx context.Context, settled bool) {
	h, t := e.harness, e.due.target
	defer h.runs.Done()
	defer e.done()
	e.release()
	if settled && e.run.failed() {
		e.run.unseen = !h.sees(ctx, t)
	}
	if ctx.Err() != nil {
		return
	}
	if settled {
		h.explain(t, e.run)
		t.record(e.run)
	}
	h.schedule.add(t, h.nextDue(e.due))
}

// explain logs why a run did not succeed, for whoever asks for such detail.
func (h *Harness) explain(t *target, r run) {
	last := r.attempts[len(r.attempts)-1]
	if last.Outcome == probe.Success || last.Outcome == probe.Waiting {
		return
	}
	level.Debug(h.logger).Log("msg", "A run did not succeed", "service", t.service, "probe", t.probe, "attempts", len(r.attempts), "reason", last.Reason, "text", last.Text)
}

// Package schedule measures how late runs start when there are very many.
//
// It is one row of test/bench. What is read is the exporter's own
// tocsin_probe_lag_seconds: the time between when a run is due and when its
// first attempt starts, and every slot that was left out.
package schedule

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

const (
	targets  = 20_000
	interval = 30 * time.Second
	most     = 0.05 // seconds, for 99 of 100 runs
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "schedule", Title: "20,000 targets every 30 seconds", Measure: measure}
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	n := l.Number(targets)
	e, err := l.Exporter(ctx, lab.Catalogue{Interval: interval, Timeout: 5 * time.Second, Confirm: 2, Groups: []lab.Group{l.HTTP(n)}})
	if err != nil {
		return nil, err
	}
	defer e.End()
	// The first round comes three times as fast; a regular one follows.
	if err := l.Settle(ctx, 2*interval); err != nil {
		return nil, err
	}
	before, err := e.Page(ctx)
	if err != nil {
		return nil, err
	}
	cpu, err := e.CPU()
	if err != nil {
		return nil, err
	}
	if err := l.Wait(ctx, l.Length); err != nil {
		return nil, err
	}
	used, err := e.CPU()
	if err != nil {
		return nil, err
	}
	after, err := e.Page(ctx)
	if err != nil {
		return nil, err
	}
	runs := after.Runs("success") - before.Runs("success")
	p99 := lab.Deviation(before, after, 0.99)
	late := (1 - lab.Within(before, after, "1")) * runs
	failed := after.Runs("failure")
	why, err := e.Failures()
	if err != nil {
		return nil, err
	}
	return []lab.Row{{
		Case:     fmt.Sprintf("%d targets every %s, for %s", n, interval, l.Length),
		Measured: fmt.Sprintf("99 %% of %.0f runs at most %.0f ms late, %.0f more than a second; %.0f failed (%s); %.0f %% of one processor", runs, p99*1e3, late, failed, why, (used-cpu).Seconds()/l.Length.Seconds()*100),
		Wanted:   "99 % below 50 ms, none slips, none fails", Reached: p99 <= most && late < 0.5 && failed == 0,
	}}, nil
}

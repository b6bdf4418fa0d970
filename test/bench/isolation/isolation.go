// Package isolation measures what the others notice when every tenth target
// hangs until its timeout.
//
// It is one row of test/bench. The hanging targets are at other ports, as
// they would be other machines; each holds an attempt for its timeout, twice a run.
package isolation

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

const (
	targets  = 1000
	interval = 5 * time.Second
	timeout  = 2 * time.Second
	most     = 0.02 // seconds, for 99 of 100 runs
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "isolation", Title: "Every tenth target hangs", Measure: measure}
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	n := l.Number(targets)
	e, err := l.Exporter(ctx, lab.Catalogue{Interval: interval, Timeout: timeout, Confirm: 2, Groups: append(l.Hanging(n/10), l.HTTP(n-n/10))})
	if err != nil {
		return nil, err
	}
	defer e.End()
	if err := l.Settle(ctx, 15*time.Second); err != nil {
		return nil, err
	}
	before, err := e.Page(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := l.Wait(ctx, l.Length); err != nil {
		return nil, err
	}
	after, err := e.Page(ctx)
	if err != nil {
		return nil, err
	}
	healthy := after.Runs("success") - before.Runs("success")
	every := time.Since(began).Seconds() * float64(n-n/10) / healthy
	p99 := lab.Deviation(before, after, 0.99)
	return []lab.Row{{
		Case:     fmt.Sprintf("%d targets every %s, of which %d hang for %s, twice a run", n, interval, n/10, timeout),
		Measured: fmt.Sprintf("the healthy ones every %.2f s, 99 %% of all runs at most %.0f ms late; %.0f runs failed", every, p99*1e3, after.Runs("failure")-before.Runs("failure")),
		Wanted:   "every 5 s, 99 % below 20 ms", Reached: every < 1.02*interval.Seconds() && p99 <= most,
	}}, nil
}

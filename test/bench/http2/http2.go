// Package http2 measures whether memory stays flat while the exporter opens
// and closes 200 HTTP/2 connections a second.
//
// It is one row of test/bench: a known prober climbs to 690 MB, because the
// timers of closed connections keep them.
package http2

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

const (
	targets  = 1000
	interval = 5 * time.Second
	samples  = 20
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "http2", Title: "HTTPS with HTTP/2 at 200 probes a second", Measure: measure}
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	n := l.Number(targets)
	e, err := l.Exporter(ctx, lab.Catalogue{Interval: interval, Timeout: 2 * time.Second, Confirm: 2, Groups: []lab.Group{l.HTTPS(n)}})
	if err != nil {
		return nil, err
	}
	defer e.End()
	var resident []int
	for range samples {
		if err := l.Wait(ctx, l.Length/samples); err != nil {
			return nil, err
		}
		now, _, err := e.Resident()
		if err != nil {
			return nil, err
		}
		resident = append(resident, now)
		l.Logf("%d HTTPS targets: %s", n, lab.MB(now))
	}
	page, err := e.Page(ctx)
	if err != nil {
		return nil, err
	}
	// The first half fills the remembered results.
	half, last := highest(resident[:samples/2]), highest(resident[samples/2:])
	failed := page.Runs("failure")
	why, err := e.Failures()
	if err != nil {
		return nil, err
	}
	return []lab.Row{{
		Case:     fmt.Sprintf("%d HTTPS targets every %s over HTTP/2, for %s", n, interval, l.Length),
		Measured: fmt.Sprintf("at most %s in the first half, %s in the second; %.0f of %.0f runs failed (%s)", lab.MB(half), lab.MB(last), failed, page.Runs("success")+failed, why),
		Wanted:   "flat: the second half at most 10 % above the first", Reached: float64(last) <= 1.1*float64(half) && failed < 0.01*page.Runs("success"),
	}}, nil
}

func highest(of []int) int {
	most := 0
	for _, n := range of {
		most = max(most, n)
	}
	return most
}

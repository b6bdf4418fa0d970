// Package memory measures how much memory and processor time the exporter
// needs as the number of targets grows, with results and traces kept and a
// scrape every 15 seconds.
//
// It is one row of test/bench.
//
// What a reader would not guess: the figure is the most that the kernel ever saw
// of the process, its start included. An exporter remembers the last 50 results
// of each probe, so memory is flat only after 50 rounds; the rounds that were
// run stand beside the figure.
package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "memory", Title: "Memory and processor time as the number of targets grows", Measure: measure}
}

// load is one number of targets.
type load struct {
	targets  int
	interval time.Duration
	most     int // megabytes; 0 for no wish
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	var rows []lab.Row
	for _, load := range []load{{1000, 5 * time.Second, 40}, {5000, 5 * time.Second, 100}, {20_000, 30 * time.Second, 0}} {
		row, err := load.measure(ctx, l)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (w load) measure(ctx context.Context, l *lab.Lab) (lab.Row, error) {
	n := l.Number(w.targets)
	e, err := l.Exporter(ctx, lab.Catalogue{Interval: w.interval, Timeout: min(5*time.Second, w.interval*2/5), Confirm: 2, Groups: []lab.Group{l.HTTP(n)}})
	if err != nil {
		return lab.Row{}, err
	}
	defer e.End()
	first, err := e.Page(ctx)
	if err != nil {
		return lab.Row{}, err
	}
	before, err := e.CPU()
	if err != nil {
		return lab.Row{}, err
	}
	page, now, most := first, 0, 0
	scrapes := max(2, int(l.Length/(15*time.Second)))
	for range scrapes {
		if err := l.Wait(ctx, l.Length/time.Duration(scrapes)); err != nil {
			return lab.Row{}, err
		}
		if page, err = e.Page(ctx); err != nil {
			return lab.Row{}, err
		}
		if now, most, err = e.Resident(); err != nil {
			return lab.Row{}, err
		}
		l.Logf("%d targets: %s, at most %s", n, lab.MB(now), lab.MB(most))
	}
	after, err := e.CPU()
	runs := page.Runs("success") - first.Runs("success")
	row := lab.Row{
		Case:     fmt.Sprintf("%d targets every %s", n, w.interval),
		Measured: fmt.Sprintf("%s resident at any time since the start (%.1f kB a target), %s CPU a probe with its scrapes, after %.0f rounds", lab.MB(most), float64(most)/1e3/float64(n), lab.Micro(time.Duration(float64(after-before)/runs)), page.Runs("success")/float64(n)),
		Wanted:   fmt.Sprintf("at most %d MB", w.most), Reached: most <= w.most*1_000_000,
	}
	if w.most == 0 {
		row.Wanted, row.Untold = "linear", true
	}
	return row, err
}

// Package icmp measures what an echo request costs in processor time, and what
// it costs a bare loop that sends one, reads its answer and sleeps.
//
// It is one row of test/bench. Each run sends one packet, so that all that a
// run costs is in the figure. The two are measured one after the other: awakenings
// of one make those of the other dearer.
//
// What a reader would not guess: on a virtual machine most of the bare loop's
// time is the awakening, not the packet. It needs the right to send echo requests: root,
// or a group within net.ipv4.ping_group_range.
package icmp

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

const (
	targets  = 1000
	interval = 5 * time.Second
	most     = 200 * time.Microsecond
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "icmp", Title: "Pings", Measure: measure}
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	n := l.Number(targets)
	bare, err := measureLoop(ctx, l, n)
	if err != nil {
		return nil, err
	}
	e, err := l.Exporter(ctx, lab.Catalogue{
		Interval: interval, Timeout: 2 * time.Second, Confirm: 2,
		Groups: []lab.Group{{Name: "pinged", Count: n, Probe: "icmp: {host: 127.0.0.1, packets: 1}"}},
	})
	if err != nil {
		return nil, err
	}
	defer e.End()
	failed := 0.0
	each, done, err := measureEach(ctx, l, e.CPU, func() (float64, error) {
		page, err := e.Page(ctx)
		if err != nil {
			return 0, err
		}
		failed = page.Runs("failure")
		return page.Runs("success"), nil
	})
	if err != nil {
		return nil, err
	}
	why, err := e.Failures()
	return []lab.Row{{
		Case:     fmt.Sprintf("%d ICMP targets every %s, one packet each", n, interval),
		Measured: fmt.Sprintf("%s a ping, %.2f × the bare loop's %s; %.0f of %.0f runs failed (%s)", lab.Micro(each), float64(each)/float64(bare), lab.Micro(bare), failed, done+failed, why),
		Wanted:   "at most 200 µs", Reached: each > 0 && each <= most,
	}}, err
}

// measureLoop measures the bare loop.
func measureLoop(ctx context.Context, l *lab.Lab, n int) (time.Duration, error) {
	loop, err := l.Start(ctx, "bare", "-ping=127.0.0.1", "-targets="+strconv.Itoa(n), "-interval="+interval.String())
	if err != nil {
		return 0, err
	}
	defer loop.End()
	each, _, err := measureEach(ctx, l, loop.CPU, func() (float64, error) {
		done, _, err := loop.Done()
		return done, err
	})
	return each, err
}

// measureEach is the processor time of one of what a program does, and how many
// it has done in the end.
func measureEach(ctx context.Context, l *lab.Lab, cpu func() (time.Duration, error), done func() (float64, error)) (each time.Duration, did float64, err error) {
	if err := l.Settle(ctx, 2*interval); err != nil {
		return 0, 0, err
	}
	begun, err := done()
	if err != nil {
		return 0, 0, err
	}
	used, err := cpu()
	if err != nil {
		return 0, 0, err
	}
	if err := l.Wait(ctx, l.Length); err != nil {
		return 0, 0, err
	}
	did, err = done()
	if err != nil {
		return 0, 0, err
	}
	all, err := cpu()
	return time.Duration(float64(all-used) / max(1, did-begun)), did, err
}

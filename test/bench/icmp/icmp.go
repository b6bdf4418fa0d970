// Package icmp measures what an echo request costs in processor time, and what
// it costs a bare loop that sends one, reads its answer and sleeps.
//
// It is one row of test/bench. Each run sends one packet, so that all that a
// run costs is in the figure.
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
	e, err := l.Exporter(ctx, lab.Catalogue{
		Interval: interval, Timeout: 2 * time.Second, Confirm: 2,
		Groups: []lab.Group{{Name: "pinged", Count: n, Probe: "icmp: {host: 127.0.0.1, packets: 1}"}},
	})
	if err != nil {
		return nil, err
	}
	defer e.End()
	loop, err := l.Start(ctx, "bare", "-ping=127.0.0.1", "-targets="+strconv.Itoa(n), "-interval="+interval.String())
	if err != nil {
		return nil, err
	}
	defer loop.End()
	if err := l.Settle(ctx, 2*interval); err != nil {
		return nil, err
	}
	before, err := read(ctx, e, loop)
	if err != nil {
		return nil, err
	}
	if err := l.Wait(ctx, l.Length); err != nil {
		return nil, err
	}
	after, err := read(ctx, e, loop)
	if err != nil {
		return nil, err
	}
	why, err := e.Failures()
	each, bare := after.each(before, 0), after.each(before, 1)
	return []lab.Row{{
		Case:     fmt.Sprintf("%d ICMP targets every %s, one packet each", n, interval),
		Measured: fmt.Sprintf("%s a ping, %.2f × the bare loop's %s; %.0f of %.0f runs failed (%s)", lab.Micro(each), float64(each)/float64(bare), lab.Micro(bare), after.failed, after.done[0]+after.failed, why),
		Wanted:   "at most 200 µs", Reached: each > 0 && each <= most,
	}}, err
}

// reading is what the exporter and the loop have used and done so far.
type reading struct {
	cpu    [2]time.Duration
	done   [2]float64
	failed float64
}

func read(ctx context.Context, e *lab.Exporter, loop *lab.Process) (r reading, err error) {
	page, err := e.Page(ctx)
	if err != nil {
		return r, err
	}
	r.done[0], r.failed = page.Runs("success"), page.Runs("failure")
	if r.done[1], _, err = loop.Done(); err != nil {
		return r, err
	}
	if r.cpu[0], err = e.CPU(); err != nil {
		return r, err
	}
	r.cpu[1], err = loop.CPU()
	return r, err
}

// each is the processor time of one, since before.
func (r reading) each(before reading, i int) time.Duration {
	return time.Duration(float64(r.cpu[i]-before.cpu[i]) / max(1, r.done[i]-before.done[i]))
}

// Package icmp measures what an echo request costs in processor time.
//
// It is one row of test/bench. Each run sends one packet, so that all that a
// run costs is in the figure. It needs the right to send echo requests: root,
// or a group within net.ipv4.ping_group_range.
package icmp

import (
	"context"
	"fmt"
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
	if err := l.Settle(ctx, 2*interval); err != nil {
		return nil, err
	}
	var pages [2]lab.Page
	var cpu [2]time.Duration
	for i := range pages {
		if pages[i], err = e.Page(ctx); err != nil {
			return nil, err
		}
		if cpu[i], err = e.CPU(); err != nil {
			return nil, err
		}
		if i == 0 {
			if err := l.Wait(ctx, l.Length); err != nil {
				return nil, err
			}
		}
	}
	pings := pages[1].Runs("success") - pages[0].Runs("success")
	each := time.Duration(float64(cpu[1]-cpu[0]) / pings)
	failed := pages[1].Runs("failure")
	return []lab.Row{{
		Case:     fmt.Sprintf("%d ICMP targets every %s, one packet each", n, interval),
		Measured: fmt.Sprintf("%s a ping; %.0f of %.0f runs failed", lab.Micro(each), failed, pages[1].Runs("success")+failed),
		Wanted:   "at most 200 µs", Reached: pings > 0 && each <= most,
	}}, nil
}

// Package cost measures what a probe costs in processor time, against a bare
// loop that only makes the requests.
//
// It is one row of test/bench. The exporter and the loop ask the same server at
// the same rate at the same time, so that whatever else the machine does hits
// both; the ratio is the figure, not the microseconds.
package cost

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

// rounds is into how many parts the time is cut, to see how the ratio varies.
const rounds = 5

const (
	interval  = 5 * time.Second
	tolerated = 0.01 // share of failures that a busy machine may cause
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "cost", Title: "Processor time of a probe, against a bare loop of net/http at the same time", Measure: measure}
}

// pair is one case: what is asked, and how the loop asks it.
type pair struct {
	name   string
	probes func(n int) lab.Group
	loop   []string
	most   float64
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	var rows []lab.Row
	for _, p := range []pair{
		{"%d HTTP targets every 5 s", l.HTTP, []string{"-url=http://" + l.Target.HTTP + "/"}, 1.15},
		{"%d HTTPS targets every 5 s, both with HTTP/2", l.HTTPS, []string{"-url=https://" + l.Target.HTTPS + "/", "-ca=" + l.Target.Authority, "-http2"}, 0.6},
		{"%d HTTPS targets every 5 s, both with HTTP/1.1", l.HTTPS1, []string{"-url=https://" + l.Target.HTTPS + "/", "-ca=" + l.Target.Authority}, 0.6},
	} {
		row, err := p.measure(ctx, l)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// reading is what both have used and done so far.
type reading struct {
	cpu  [2]time.Duration // the exporter's, the loop's
	done [2]float64
}

func (p pair) measure(ctx context.Context, l *lab.Lab) (lab.Row, error) {
	n := l.Number(1000)
	name := fmt.Sprintf(p.name, n)
	exporter, err := l.Exporter(ctx, lab.Catalogue{Interval: interval, Timeout: 2 * time.Second, Confirm: 2, Groups: []lab.Group{p.probes(n)}})
	if err != nil {
		return lab.Row{}, err
	}
	defer exporter.End()
	loop, err := l.Start(ctx, "bare", append(p.loop, "-targets="+strconv.Itoa(n), "-interval="+interval.String())...)
	if err != nil {
		return lab.Row{}, err
	}
	defer loop.End()
	if err := l.Settle(ctx, 2*interval); err != nil { // every target twice
		return lab.Row{}, err
	}
	var ratios []float64
	first, err := read(ctx, exporter, loop)
	for last := first; err == nil && len(ratios) < rounds; {
		if err := l.Wait(ctx, l.Length/rounds); err != nil {
			return lab.Row{}, err
		}
		var next reading
		if next, err = read(ctx, exporter, loop); err == nil {
			ratios = append(ratios, ratio(last, next))
			last = next
		}
		l.Logf("%s: %.2f", name, ratios[len(ratios)-1])
	}
	if err != nil {
		return lab.Row{}, err
	}
	last, err := read(ctx, exporter, loop)
	total := ratio(first, last)
	return lab.Row{
		Case: name, Wanted: fmt.Sprintf("at most %.2f ×", p.most), Reached: total <= p.most,
		Measured: fmt.Sprintf("%.2f × (%s against %s; in %d rounds %s)", total, each(first, last, 0), each(first, last, 1), rounds, list(ratios)),
	}, err
}

// read takes the times last, so that the page it asked for is in the one before.
func read(ctx context.Context, exporter *lab.Exporter, loop *lab.Process) (r reading, err error) {
	page, err := exporter.Page(ctx)
	if err != nil {
		return r, err
	}
	var bad float64
	if r.done[1], bad, err = loop.Done(); err != nil {
		return r, err
	}
	r.done[0] = page.Runs("success")
	if bad+page.Runs("failure") > tolerated*r.done[0] {
		return r, fmt.Errorf("%.0f probes and %.0f requests of the loop failed: the figures would say nothing", page.Runs("failure"), bad)
	}
	if r.cpu[0], err = exporter.CPU(); err != nil {
		return r, err
	}
	r.cpu[1], err = loop.CPU()
	return r, err
}

func ratio(from, to reading) float64 {
	return float64(per(from, to, 0)) / float64(per(from, to, 1))
}

func per(from, to reading, i int) time.Duration {
	return time.Duration(float64(to.cpu[i]-from.cpu[i]) / (to.done[i] - from.done[i]))
}

func each(from, to reading, i int) string { return lab.Micro(per(from, to, i)) }

func list(ratios []float64) string {
	texts := make([]string, len(ratios))
	for i, r := range ratios {
		texts[i] = fmt.Sprintf("%.2f", r)
	}
	return strings.Join(texts, " ")
}

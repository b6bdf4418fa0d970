// Package scrape measures what /metrics of ten thousand probes costs.
//
// It is one row of test/bench. The page is asked for as Prometheus asks: as
// OpenMetrics, compressed.
package scrape

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

const (
	probes = 10_000
	// accept is what Prometheus 3 sends.
	accept   = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	mostEach = time.Microsecond
	mostWall = 150 * time.Millisecond
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "scrape", Title: "/metrics of 10,000 probes", Measure: measure}
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	n := l.Number(probes)
	// Every probe runs once within the first ten seconds and then hardly ever,
	// so that the time is the scrapes'.
	e, err := l.Exporter(ctx, lab.Catalogue{Interval: 10 * time.Minute, Timeout: 5 * time.Second, Confirm: 2, Groups: []lab.Group{l.HTTP(n)}})
	if err != nil {
		return nil, err
	}
	defer e.End()
	if err := l.Settle(ctx, 15*time.Second); err != nil {
		return nil, err
	}
	page, err := e.Page(ctx)
	if err != nil {
		return nil, err
	}
	var rows []lab.Row
	for _, coding := range []string{"gzip", "identity"} {
		row, err := times(ctx, l, e, page, n, coding)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func times(ctx context.Context, l *lab.Lab, e *lab.Exporter, page lab.Page, n int, coding string) (lab.Row, error) {
	idle, err := spend(e, func() error { return l.Wait(ctx, l.Length/10) })
	if err != nil {
		return lab.Row{}, err
	}
	var walls []float64
	size, began := int64(0), time.Now()
	used, err := spend(e, func() error {
		for time.Since(began) < l.Length/2 {
			from := time.Now()
			if size, err = scrape(ctx, e.URL, coding); err != nil {
				return err
			}
			walls = append(walls, time.Since(from).Seconds())
		}
		return nil
	})
	series := page.Series()
	used -= time.Duration(float64(idle) * time.Since(began).Seconds() / (l.Length / 10).Seconds())
	each := used / time.Duration(len(walls)*series)
	wall := time.Duration(lab.Median(walls) * float64(time.Second))
	return lab.Row{
		Case:     fmt.Sprintf("%d probes, %d series, %.1f for each probe and %.1f with the catalogue's, %s", n, series, float64(page.OfProbes())/float64(n), float64(series)/float64(n), coding),
		Measured: fmt.Sprintf("%.2f µs CPU a series, %.0f ms (median of %d), %.1f MB", float64(each.Nanoseconds())/1e3, wall.Seconds()*1e3, len(walls), float64(size)/1e6),
		Wanted:   "at most 1 µs and 150 ms", Reached: each <= mostEach && wall <= mostWall,
	}, err
}

// spend is the processor time that the exporter uses meanwhile.
func spend(e *lab.Exporter, do func() error) (time.Duration, error) {
	before, err := e.CPU()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := e.CPU()
	return after - before, err
}

func scrape(ctx context.Context, url, coding string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", coding)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return io.Copy(io.Discard, resp.Body)
}

package collector

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// BenchmarkScrape is what one scrape of 10,000 http probes costs in the classic
// text format, uncompressed.
func BenchmarkScrape(b *testing.B) {
	const services, probes = 1000, 10
	var text strings.Builder
	for i := range services {
		fmt.Fprintf(&text, "  service-%d: {team: crew, probes: {", i)
		for j := range probes {
			fmt.Fprintf(&text, "page-%d: {http: {url: http://shop.example.org/}}, ", j)
		}
		text.WriteString("}}\n")
	}
	h := New(Options{Location: "here", Build: newWorld().build})
	require.NoError(b, h.Update(parse(b, text.String())))
	for _, t := range h.order {
		t.record(run{state: Up, attempts: []Attempt{{At: time.Now(), Result: probe.Result{Duration: 12345 * time.Microsecond, Phases: probe.Phases{1e6, 2e6, 0, 4_123_456, 5e6}}}}})
	}
	all := Scrape{Harness: h, Others: prometheus.NewRegistry()}
	for b.Loop() {
		require.NoError(b, all.Write(io.Discard, false))
	}
	page := written(b, all)
	series := strings.Count("\n"+page, "\ntocsin_")
	b.ReportMetric(float64(len(page)), "B/scrape")
	b.ReportMetric(float64(series), "series")
	b.ReportMetric(float64(strings.Count(page, `service="service-7"}`+" ")-9)/probes, "series/probe")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
}

// BenchmarkRecord is what keeping one run costs.
func BenchmarkRecord(b *testing.B) {
	h := New(Options{Location: "here", Build: newWorld().build})
	require.NoError(b, h.Update(parse(b, oneProbe)))
	r := run{state: Up, attempts: []Attempt{{At: time.Now(), Result: probe.Result{Duration: 12 * time.Millisecond, Phases: probe.Phases{1e6, 2e6, 3e6, 4e6, 5e6}, Address: "192.0.2.1:443"}}}}
	for b.Loop() {
		h.order[0].record(r)
	}
}

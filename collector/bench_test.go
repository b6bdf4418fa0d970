package collector

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// BenchmarkScrape is what one scrape of 10,000 http probes costs in the classic
// text format, uncompressed.
func BenchmarkScrape(b *testing.B) {
	const probes = 10_000
	var services strings.Builder
	for i := range probes {
		fmt.Fprintf(&services, "  service-%d: {team: crew, probes: {home: {http: {url: http://shop.example.org/}}}}\n", i)
	}
	h := New(Options{Location: "here", Build: newWorld().build})
	require.NoError(b, h.Update(parse(b, services.String())))
	for _, t := range h.order {
		t.record(run{state: Up, attempts: []Attempt{{At: time.Now(), Result: probe.Result{Duration: 12 * time.Millisecond, Phases: probe.Phases{1e6, 2e6, 3e6, 4e6, 5e6}}}}})
	}
	handler := promhttp.HandlerFor(Gatherers{h}, promhttp.HandlerOpts{DisableCompression: true})
	size := 0
	for b.Loop() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", nil))
		size = w.Body.Len()
		_, _ = io.Copy(io.Discard, w.Body)
	}
	b.ReportMetric(float64(size), "B/scrape")
	families, err := h.Gather()
	require.NoError(b, err)
	n := 0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			n++
			if m.GetHistogram() != nil {
				n += len(m.GetHistogram().GetBucket()) + 2 // +Inf and the sum; the count is the metric
			}
		}
	}
	b.ReportMetric(float64(n), "series")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/series")
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

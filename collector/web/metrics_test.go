package web

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector"
)

func scraped(t *testing.T) (collector.Scrape, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	h := collector.New(collector.Options{Location: "default", Registerer: registry})
	require.NoError(t, h.Update(newFake(t).catalog))
	return collector.Scrape{Harness: h, Others: registry}, registry
}

func TestMetricsAreNegotiated(t *testing.T) {
	all, registry := scraped(t)
	server := httptest.NewServer(Metrics(all, registry, log.NewNopLogger()))
	defer server.Close()
	const prometheus3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	const delimited = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	for _, test := range []struct{ name, accept, encoding, query, kind, packed string }{
		{name: "nothing said", kind: "text/plain; version=0.0.4", packed: ""},
		{name: "classic text", accept: "text/plain;version=0.0.4", kind: "text/plain; version=0.0.4"},
		{name: "what Prometheus sends", accept: prometheus3, encoding: "gzip", kind: "application/openmetrics-text; version=1.0.0", packed: "gzip"},
		{name: "with native histograms", accept: delimited + ";q=0.7," + prometheus3, kind: "application/vnd.google.protobuf"},
		{name: "gzip among others", encoding: "br, GZIP;q=0.5", kind: "text/plain", packed: "gzip"},
		{name: "gzip ruled out", encoding: "gzip;q=0, br", kind: "text/plain"},
		{name: "an unknown coding", encoding: "zstd", kind: "text/plain"},
		{name: "one family", query: "?name[]=tocsin_probe_runs_total", kind: "text/plain"},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/metrics"+test.query, nil)
			require.NoError(t, err)
			req.Header.Set("Accept", test.accept)
			req.Header.Set("Accept-Encoding", test.encoding)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			require.Contains(t, resp.Header.Get("Content-Type"), test.kind)
			require.Equal(t, test.packed, resp.Header.Get("Content-Encoding"))
			body := io.Reader(resp.Body)
			if test.packed != "" {
				body, err = gzip.NewReader(resp.Body)
				require.NoError(t, err)
			}
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			require.Contains(t, string(text), "tocsin_probe_runs_total")
			require.Equal(t, test.query == "", strings.Contains(string(text), "tocsin_probe_info"))
			if expfmt.ResponseFormat(resp.Header).FormatType() == expfmt.TypeOpenMetrics {
				require.True(t, strings.HasSuffix(string(text), "\n# EOF\n"))
			}
		})
	}
}

// endless never ends to write.
type endless struct {
	collector.Scrape
	ended chan<- error
}

func (e endless) Write(out io.Writer, _ bool) error {
	for {
		if _, err := io.WriteString(out, strings.Repeat("x", 1<<16)); err != nil {
			e.ended <- err
			return err
		}
	}
}

func TestAScraperThatDoesNotReadIsHungUpOn(t *testing.T) {
	all, registry := scraped(t)
	ended := make(chan error, 1)
	server := httptest.NewServer(Metrics(endless{all, ended}, registry, log.NewNopLogger()))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.1\r\n\r\n")
	require.NoError(t, err)
	_, err = bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	var timeout net.Error
	require.True(t, errors.As(<-ended, &timeout) && timeout.Timeout())
}

func TestScrapesAreLimited(t *testing.T) {
	all, _ := scraped(t)
	full := &metrics{all: all, logger: log.NewNopLogger(), slots: make(chan struct{})}
	w := httptest.NewRecorder()
	full.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "Too many scrapes are under way.\n", w.Body.String())
}

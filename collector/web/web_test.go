package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/discovery"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
)

// fake is a harness and a reloader with given answers.
type fake struct {
	statuses []collector.Status
	catalog  *catalog.Catalog
	tryErr   error
	ready    bool
	reload   error
	status   reload.Status
	sources  sources
}

// sources are what discovery says of itself.
type sources []discovery.Status

func (s sources) Statuses() []discovery.Status { return s }

func (f *fake) Statuses(int) []collector.Status { return f.statuses }

func (f *fake) Status(service, name string) (collector.Status, error) {
	for _, s := range f.statuses {
		if s.Service == service && s.Probe == name {
			return s, nil
		}
	}
	return collector.Status{}, &collector.UnknownProbeError{Service: service, Probe: name, Near: []string{"shop/home"}}
}

func (f *fake) Try(_ context.Context, service, name string) (collector.Attempt, error) {
	s, err := f.Status(service, name)
	if err != nil {
		return collector.Attempt{}, err
	}
	return s.Attempts[0], f.tryErr
}

func (f *fake) Catalog() *catalog.Catalog { return f.catalog }
func (f *fake) Location() string          { return "london" }
func (f *fake) Ready() bool               { return f.ready }
func (f *fake) Reload() error             { return f.reload }

// config is the reloader's face of a fake.
type config struct{ *fake }

func (c config) Status() reload.Status { return c.status }

const estate = `
links: {prometheus: http://prometheus.example.org, board: http://board.example.org}
monitoring: {team: crew}
teams: {crew: {channels: {github: {repository: example/crew}}}}
services:
  cart: {team: crew, probes: {home: {http: {url: http://cart.example.org/}}}}
  shop: {team: crew, url: "https://shop.example.org/", probes: {home: {http: {url: http://shop.example.org/}}, login: {means: degraded, journey: [{get: http://shop.example.org/}]}}}
  elsewhere: {team: crew}
`

func newFake(t *testing.T) *fake {
	t.Helper()
	c, err := catalog.Parse("tocsin.yml", []byte(estate))
	require.NoError(t, err)
	at := time.Date(2026, 11, 22, 13, 14, 15, 0, time.UTC)
	good := collector.Attempt{At: at, Result: probe.Result{Status: 200, Address: "192.0.2.1:80", Duration: 12 * time.Millisecond, Phases: probe.Phases{1e6, 2e6, 0, 8e6, 1e6}, CertificateExpiry: at.Add(time.Hour)}}
	bad := collector.Attempt{At: at, Repeat: true, Result: probe.Result{Outcome: probe.Failure, Reason: probe.ReasonStatus, Step: "POST /login", Text: "step 2 POST /login: status 500, want 302; found <script>alert(1)</script>"}}
	statuses := []collector.Status{
		{Service: "cart", Probe: "home", Kind: "http", Means: catalog.MeansDown, State: collector.Up, Attempts: []collector.Attempt{good}, Newest: &good},
		{Service: "shop", Probe: "home", Kind: "http", Means: catalog.MeansDown, State: collector.Unknown},
		{Service: "shop", Probe: "login", Kind: "journey", Means: catalog.MeansDegraded, State: collector.Down, Attempts: []collector.Attempt{bad, good}, Newest: &bad, NewestFailure: &bad},
	}
	return &fake{catalog: c, ready: true, status: reload.Status{Catalog: c, At: at}, statuses: statuses}
}

// ask sends a request with headers, each as a name and a value.
func ask(t *testing.T, f *fake, method, target string, headers ...string) (int, string, http.Header) {
	t.Helper()
	handler := New(Options{
		Prober: f, Config: config{f}, Discovery: f.sources, Version: "1.2.3", Metrics: http.NotFoundHandler(),
		Pipelines: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "pipeline "+r.URL.Path) }),
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	handler.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

func TestLandingPage(t *testing.T) {
	f := newFake(t)
	code, page, header := ask(t, f, "GET", "/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, page, "1 of 2 services has a problem seen from here.")
	require.Contains(t, page, "1 services of the catalogue are not probed from here.")
	require.Contains(t, page, `href="results?service=shop&amp;probe=login"`)
	require.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
	require.NotContains(t, page, "<script>")
	require.Less(t, strings.Index(page, "shop</a></h2>"), strings.Index(page, "cart</h2>"), "problems first")
	require.NotContains(t, page, "bad down", "the catalogue is good")
	wellFormed(t, page)

	f.status.Err = errors.New("tocsin.yml:1:2: no such thing")
	f.status.Stored = true
	_, page, _ = ask(t, f, "GET", "/")
	require.Contains(t, page, "tocsin.yml:1:2: no such thing")
	require.Contains(t, page, "the last good one of an earlier start")
	f.statuses, f.catalog = nil, nil
	_, page, _ = ask(t, f, "GET", "/")
	require.Contains(t, page, "No probe runs here.")
}

// wellFormed checks what a screen reader and an isolated network need.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	tree, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		require.NotContains(t, []string{"script", "link", "iframe"}, n.Data, "external assets")
		for _, a := range n.Attr {
			if a.Key == "src" {
				require.Regexp(t, `^(screenshot\?|data:image/png;base64,)`, a.Val, "external assets")
			}
			if n.Data == "html" {
				require.Equal(t, "lang", a.Key)
			}
		}
		if n.Data == "th" {
			require.Equal(t, "scope", n.Attr[0].Key)
		}
	}
}

func TestResultsPage(t *testing.T) {
	code, page, _ := ask(t, newFake(t), "GET", "/results?service=shop&probe=login")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, page, "status 500, want 302")
	require.Contains(t, page, "(repeat)")
	require.Contains(t, page, "192.0.2.1:80")
	require.Contains(t, page, "2026-11-22 14:14:15 UTC")
	wellFormed(t, page)
	code, _, _ = ask(t, newFake(t), "GET", "/results?service=shop&probe=no")
	require.Equal(t, http.StatusNotFound, code)
}

func TestTry(t *testing.T) {
	f := newFake(t)
	code, text, _ := ask(t, f, "GET", "/probe?service=cart&probe=home")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, `probe        cart/home
at           2026-11-22T13:14:15Z
outcome      success
status       200
address      192.0.2.1:80
certificate  valid until 2026-11-22T14:14:15Z
resolve      0.001000 s
connect      0.002000 s
first_byte   0.008000 s
transfer     0.001000 s
total        0.012000 s
`, text)

	code, text, header := ask(t, f, "GET", "/probe?service=shop&probe=login&format=json")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "application/json", header.Get("Content-Type"))
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Equal(t, "failure", got["outcome"])
	require.Equal(t, "status", got["reason"])
	require.Equal(t, "POST /login", got["step"])

	code, text, _ = ask(t, f, "GET", "/probe?service=shp&probe=home&target=http://evil.example.org/")
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, "no probe \"home\" of service \"shp\" runs here. Names that look alike:\n  shop/home\n", text)

	f.tryErr = collector.ErrBusy
	code, _, header = ask(t, f, "GET", "/probe?service=cart&probe=home")
	require.Equal(t, http.StatusTooManyRequests, code)
	require.Equal(t, "1", header.Get("Retry-After"))
	f.tryErr = context.Canceled
	code, _, _ = ask(t, f, "GET", "/probe?service=cart&probe=home")
	require.Equal(t, http.StatusServiceUnavailable, code)
}

func TestLifecycle(t *testing.T) {
	f := newFake(t)
	for _, test := range []struct {
		method, path string
		want         int
		text         string
	}{
		{"GET", "/-/healthy", 200, "healthy"},
		{"GET", "/-/ready", 200, "running"},
		{"POST", "/-/reload", 200, "Took over"},
		{"GET", "/-/reload", 405, ""},
		{"GET", "/api/v1/pipelines/shop/deploy", 200, "pipeline /api/v1/pipelines/shop/deploy"},
		{"GET", "/nothing", 404, ""},
	} {
		code, text, _ := ask(t, f, test.method, test.path)
		require.Equal(t, test.want, code, test.path)
		require.Contains(t, text, test.text)
	}
	f.ready, f.reload = false, errors.New("tocsin.yml:1:2: no such thing")
	code, _, _ := ask(t, f, "GET", "/-/ready")
	require.Equal(t, http.StatusServiceUnavailable, code)
	code, text, _ := ask(t, f, "POST", "/-/reload")
	require.Equal(t, http.StatusInternalServerError, code)
	require.Contains(t, text, "no such thing")
}

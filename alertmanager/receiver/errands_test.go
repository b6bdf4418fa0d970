package receiver_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/evidence"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// sights is a Prometheus and an exporter in one, which may be away or silent.
type sights struct {
	url      string
	away     atomic.Bool
	hang     chan struct{} // closed when it answers again; nil for never silent
	queries  atomic.Int64
	blind    atomic.Bool  // a browser had no time for a picture
	failedAt atomic.Int64 // when the shop's probe failed last, in microseconds
}

func newSights(t *testing.T) *sights {
	t.Helper()
	s := &sights{}
	s.failedAt.Store(time.Now().UnixMicro())
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *sights) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.hang != nil {
		<-s.hang
	}
	if s.away.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	switch r.URL.Path {
	case "/results":
		w.Header().Set("Content-Type", "application/json")
		if s.blind.Load() {
			fmt.Fprintf(w, `{"kind": "browser", "newest_failure": {"at": %q}}`, time.UnixMicro(s.failedAt.Load()).UTC().Format(time.RFC3339Nano))
			return
		}
		fmt.Fprintf(w, `{"location": "london", "newest_failure": {"at": %q, "reason": "body", "text": "no welcome", "screenshot": "yes"}}`,
			time.UnixMicro(s.failedAt.Load()).UTC().Format(time.RFC3339Nano))
	case "/screenshot":
		w.Header().Set("Content-Type", "image/png")
		_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 30, 20)))
	default:
		s.queries.Add(1)
		kind, result := "matrix", "[]"
		if strings.HasSuffix(r.URL.Path, "/query") {
			kind = "vector"
		} else if strings.Contains(r.FormValue("query"), "tocsin_probe_up:min") && !strings.Contains(r.FormValue("query"), "objective") {
			result = fmt.Sprintf(`[{"metric":{"service":"shop"},"values":[[%s,"0"]]}]`, r.FormValue("end"))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":%s}}`, kind, result)
	}
}

func (h *house) seeing(s *sights) {
	h.catalog(strings.Replace(estate, "links: {", fmt.Sprintf("links: {prometheus: %q, exporters: [%q], ", s.url, s.url), 1))
	h.reload()
}

// errands runs them until the test's end or the next life.
func (h *house) errands() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.receiver.RunErrands(ctx) }()
	before := h.stop
	h.stop = func() {
		cancel()
		<-ended
		before()
	}
}

// figured waits until the figures of the first incident are as wanted.
func (h *house) figured(ok func(figures.Figures) bool) figures.Figures {
	h.t.Helper()
	var found figures.Figures
	require.Eventually(h.t, func() bool {
		f, err := h.receiver.Figures(h.t.Context(), 1)
		found = f
		return err == nil && ok(f)
	}, 20*time.Second, 5*time.Millisecond)
	return found
}

func TestFiguresAreKeptAtTheBeginningAndTheEnd(t *testing.T) {
	h, s := newHouse(t), newSights(t)
	h.seeing(s)
	h.errands()
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, http.StatusOK, h.post(down))
	first := h.figured(func(f figures.Figures) bool { return !f.ReadAt.IsZero() })
	require.Equal(t, "shop", first.Service)
	require.Equal(t, figures.Objective{Availability: 0.999, Window: 30 * 24 * time.Hour}, first.Objective)
	require.WithinDuration(t, first.ReadAt.Add(-time.Hour), first.From, time.Minute, "an hour before the incident")
	require.Nil(t, first.Problem)
	c, ok := first.Chart("service")
	require.True(t, ok)
	require.Equal(t, []float64{0}, c.Series[0].Value)

	h.later(2 * time.Minute)
	h.figured(func(f figures.Figures) bool { return f.ReadAt.Sub(first.ReadAt) > time.Minute })
	require.Equal(t, http.StatusOK, h.post(h.ended(down)))
	h.settled(1, func(i incident.Incident) bool { return !i.Open() })
	h.later(6 * time.Minute)
	last := h.figured(func(f figures.Figures) bool { return f.ReadAt.Sub(first.ReadAt) > 7*time.Minute })
	c, _ = last.Chart("service")
	require.GreaterOrEqual(t, len(c.Series[0].At), 3, "what was read before stays")

	asked := s.queries.Load()
	h.stop()
	h.open()
	h.errands()
	h.later(time.Hour)
	next, err := h.store.NextErrand(t.Context(), "figures")
	require.NoError(t, err)
	require.Zero(t, next, "nothing is read any more")
	require.Equal(t, asked, s.queries.Load())
	require.Equal(t, last, h.figured(func(figures.Figures) bool { return true }))
}

func TestFiguresOutliveAReopening(t *testing.T) {
	h, s := newHouse(t), newSights(t)
	h.seeing(s)
	h.errands()
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, http.StatusOK, h.post(down))
	first := h.figured(func(f figures.Figures) bool { return !f.ReadAt.IsZero() })
	require.Equal(t, http.StatusOK, h.post(h.ended(down)))
	h.settled(1, func(i incident.Incident) bool { return !i.Open() })
	h.later(20 * time.Minute)
	h.figured(func(f figures.Figures) bool { return f.ReadAt.Sub(first.ReadAt) > 19*time.Minute })
	require.Equal(t, http.StatusOK, h.post(h.firing("ServiceDown", "critical", "users")))
	h.settled(1, func(i incident.Incident) bool { return i.Reopened == 1 })
	again := h.figured(func(f figures.Figures) bool {
		c, _ := f.Chart("service")
		return len(c.Series) == 1 && len(c.Series[0].At) > 2
	})
	require.Equal(t, first.From, again.From)
	c, _ := again.Chart("service")
	old, _ := first.Chart("service")
	require.InDelta(t, old.Series[0].At[0], c.Series[0].At[0], 60, "what was read of the first time stays, or what was read at its end")
}

func TestFiguresWaitForPrometheus(t *testing.T) {
	h, s := newHouse(t), newSights(t)
	h.seeing(s)
	s.away.Store(true)
	h.errands()
	require.Equal(t, http.StatusOK, h.post(h.firing("ServiceDown", "critical", "users")))
	away := h.figured(func(f figures.Figures) bool { return f.Problem != nil })
	require.Contains(t, away.Problem.Text, "asking Prometheus: ")
	require.GreaterOrEqual(t, away.Problem.Next.Sub(away.Problem.Since), 10*time.Second)
	require.True(t, away.ReadAt.IsZero())

	h.stop() // a life ends while Prometheus is away
	h.open()
	h.errands()
	h.later(15 * time.Second)
	still := h.figured(func(f figures.Figures) bool { return f.Problem != nil && f.Problem.Next.After(away.Problem.Next) })
	require.Equal(t, away.Problem.Since, still.Problem.Since)
	s.away.Store(false)
	h.later(30 * time.Second)
	h.figured(func(f figures.Figures) bool { return f.Problem == nil && !f.ReadAt.IsZero() })
}

func TestASilentPrometheusHoldsNoPageBack(t *testing.T) {
	h, s := newHouse(t), newSights(t)
	s.hang = make(chan struct{})
	defer close(s.hang)
	h.seeing(s)
	h.errands()
	require.Equal(t, http.StatusOK, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("pat@example.org", 1)
	require.Equal(t, http.StatusOK, h.post(h.firing("JourneyFailing", "warning", "users")))
	h.settled(1, func(i incident.Incident) bool { return len(i.Alerts) == 2 })
}

func TestTheFailingProbesTraceAndPictureAreKept(t *testing.T) {
	h, s := newHouse(t), newSights(t)
	h.seeing(s)
	h.errands()
	require.Equal(t, http.StatusOK, h.post(h.firing("ServiceDown", "critical", "users")))
	var traces []evidence.Trace
	kept := func(want int) {
		t.Helper()
		require.Eventually(t, func() bool {
			var err error
			traces, err = h.receiver.Evidence(t.Context(), 1)
			return err == nil && len(traces) == want
		}, 20*time.Second, 5*time.Millisecond)
	}
	kept(1)
	require.Equal(t, "home", traces[0].Probe)
	require.Equal(t, "london", traces[0].Location)
	require.Equal(t, "no welcome", traces[0].Text)
	require.True(t, traces[0].Picture)
	picture, err := h.receiver.Picture(t.Context(), 1, traces[0].Name())
	require.NoError(t, err)
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	require.NoError(t, err)
	require.Equal(t, 30, size.Width)

	s.failedAt.Add(1e6)
	login := h.firing("JourneyFailing", "warning", "users")
	login.Labels["probe"] = "login"
	require.Equal(t, http.StatusOK, h.post(login))
	kept(3) // the newer failure of home, and login's
	next, err := h.store.NextErrand(t.Context(), "evidence")
	require.NoError(t, err)
	require.Zero(t, next)
}

func TestABrowsersNextPictureIsKeptWhereTheFirstIsMissing(t *testing.T) {
	h, s := newHouse(t), newSights(t)
	s.blind.Store(true)
	h.seeing(s)
	h.errands()
	kept := func(want int) {
		t.Helper()
		require.Eventually(t, func() bool {
			traces, err := h.receiver.Evidence(t.Context(), 1)
			return err == nil && len(traces) == want && traces[want-1].Picture == (want == 2)
		}, 20*time.Second, 5*time.Millisecond)
	}
	require.Equal(t, http.StatusOK, h.post(h.firing("ServiceDown", "critical", "users")))
	kept(1)
	s.blind.Store(false)
	s.failedAt.Add(1e6)
	h.later(31 * time.Second)
	kept(2)
}

func TestExportersAreAskedOnlyAboutProbes(t *testing.T) {
	h, s := newHouse(t), newSights(t)
	h.seeing(s)
	require.Equal(t, http.StatusOK, h.post(h.firing("MemoryHigh", "warning", "developers")))
	next, err := h.store.NextErrand(t.Context(), "evidence")
	require.NoError(t, err)
	require.Zero(t, next)
	h.catalog(estate) // names no exporter
	h.reload()
	require.Equal(t, http.StatusOK, h.post(h.firing("ServiceDown", "critical", "users")))
	next, err = h.store.NextErrand(t.Context(), "evidence")
	require.NoError(t, err)
	require.Zero(t, next)
}

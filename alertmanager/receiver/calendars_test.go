package receiver_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"
)

// secretPath stands in the address of a calendar and nowhere else.
const secretPath = "private-0123456789abcdef"

// provider publishes a calendar of leave, in which asha is away or not, under an
// address that is a secret.
type provider struct {
	server *httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	asked  atomic.Int64
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		(*p.answer.Load())(w, r)
	}))
	t.Cleanup(p.server.Close)
	return p
}

func (p *provider) address() string { return p.server.URL + "/" + secretPath + "/basic.ics" }

func (p *provider) answers(handler http.HandlerFunc) { p.answer.Store(&handler) }

func (p *provider) says(text string) {
	p.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"`+strings.Repeat("x", len(text)%100)+`"`)
		if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, text)
	})
}

func (p *provider) fails(code int) {
	p.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

// away is a calendar in which somebody is away for some days around now.
func away(now time.Time, summary string) string {
	day := now.UTC().AddDate(0, 0, -3).Format("20060102")
	return "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:" + summary + "\r\nDTSTART;VALUE=DATE:" + day + "\r\nDURATION:P30D\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
}

// lines are a log that may be read while it is written.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(text)
}

func (l *lines) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// subscribed is a house whose rota has a calendar that is fetched.
func subscribed(t *testing.T, p *provider) (*house, *lines) {
	t.Helper()
	h, logged := newHouse(t), &lines{}
	h.logger = log.NewLogfmtLogger(logged)
	h.write("leave", p.address()+"\n")
	h.catalog(strings.Replace(estate, "people: [asha], backup: [ben]}", "people: [asha, ben], backup: [mo], absences: [{url_file: leave, every: 20m}]}", 1))
	h.stop()
	h.open()
	return h, logged
}

// fetches has the receiver look at its calendars some time later.
func (h *house) fetches(after time.Duration) {
	h.t.Helper()
	h.later(after)
	h.receiver.FetchCalendars(h.t.Context())
}

// readable is what the metrics say of the calendar.
func (h *house) readable() float64 {
	h.t.Helper()
	families, err := h.registry.Gather()
	require.NoError(h.t, err)
	for _, family := range families {
		if family.GetName() == "tocsin_rota_calendar_readable" {
			require.Len(h.t, family.GetMetric(), 1)
			require.Equal(h.t, "rotas.shop.absences[0]", family.GetMetric()[0].GetLabel()[0].GetValue())
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	h.t.Fatal("there is no such metric")
	return 0
}

// Who is away stays away, whatever becomes of the provider, and over a restart.
func TestACalendarThatIsFetched(t *testing.T) {
	p := newProvider(t)
	p.fails(http.StatusServiceUnavailable)
	h, logged := subscribed(t, p)
	h.fetches(0)
	require.Zero(t, h.readable(), "nothing is known yet")
	h.request(http.MethodGet, "/oncall", "", 200, "the calendar cannot be fetched, and nothing is known of it: the server answers 503 Service Unavailable")

	p.says(away(h.now(), "Asha Rao: leave"))
	h.fetches(4 * time.Minute)
	require.Zero(t, h.readable(), "it is too early")
	h.fetches(2 * time.Minute)
	require.Equal(t, "ben", h.onCall().Person)
	require.InDelta(t, 1, h.readable(), 0)
	series, err := testutil.GatherAndCount(h.registry, "tocsin_rota_calendar_last_success_timestamp_seconds")
	require.NoError(t, err)
	require.Equal(t, 1, series)
	asked := p.asked.Load()
	h.fetches(10 * time.Minute)
	require.Equal(t, asked, p.asked.Load(), "it is fetched every 20 minutes")
	h.fetches(11 * time.Minute)
	require.Equal(t, asked+1, p.asked.Load())
	require.InDelta(t, 1, h.readable(), 0, "it has not changed")

	whole := away(h.now(), "Asha Rao: leave")
	for name, wrong := range map[string]http.HandlerFunc{
		"it is broken":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"it is gone":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) },
		"it wants login": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<!doctype html><p>Log in</p>") },
		"it is empty":    func(http.ResponseWriter, *http.Request) {},
		"it breaks off":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, whole[:len(whole)-40]) },
		"it redirects":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
	} {
		p.answers(wrong)
		h.fetches(21 * time.Minute)
		require.Equal(t, "ben", h.onCall().Person, name)
		require.Zero(t, h.readable(), name)
	}
	h.stop()
	h.open()
	require.Equal(t, "ben", h.onCall().Person, "it is known from before the start")
	h.fetches(0)
	require.Equal(t, "ben", h.onCall().Person)
	require.Zero(t, h.readable())
	h.request(http.MethodGet, "/oncall", "", 200, "(going on with what stood there before)")

	p.says(away(h.now(), "Somebody Else: leave"))
	h.fetches(6 * time.Minute)
	require.InDelta(t, 1, h.readable(), 0)
	h.request(http.MethodGet, "/oncall", "", 200, "1 of 1 events name nobody of the rota")
	h.keepsTheSecret(logged)
}

// keepsTheSecret looks for the address where people look.
func (h *house) keepsTheSecret(logged *lines) {
	h.t.Helper()
	require.Contains(h.t, logged.String(), "the server answers 500 Internal Server Error")
	require.NotContains(h.t, logged.String(), secretPath)
	require.NotContains(h.t, h.request(http.MethodGet, "/oncall", "", 200, ""), secretPath)
	families, err := h.registry.Gather()
	require.NoError(h.t, err)
	var metrics bytes.Buffer
	for _, family := range families {
		_, err := expfmt.MetricFamilyToText(&metrics, family)
		require.NoError(h.t, err)
	}
	require.NotContains(h.t, metrics.String(), secretPath)
	var stored bytes.Buffer
	_, err = h.store.Export(h.t.Context(), &stored)
	require.NoError(h.t, err)
	require.NotContains(h.t, stored.String(), secretPath)
}

// An address that was renewed is read anew, and until it gives something what
// the old one gave goes on. A file without one is told.
func TestAnAddressThatIsRenewed(t *testing.T) {
	p, renewed := newProvider(t), newProvider(t)
	p.says(away(time.Now(), "Asha Rao"))
	renewed.fails(404)
	h, _ := subscribed(t, p)
	h.fetches(0)
	require.Equal(t, "ben", h.onCall().Person)
	h.write("leave", "no address\n")
	h.fetches(time.Minute)
	require.Zero(t, h.readable())
	h.request(http.MethodGet, "/oncall", "", 200, "the file of the address holds none with https://, http:// or webcal:// (going on with what stood there before)")
	h.write("leave", renewed.address())
	h.fetches(time.Minute)
	require.EqualValues(t, 1, renewed.asked.Load())
	require.Equal(t, "ben", h.onCall().Person)
	renewed.says(away(h.now(), "Ben Carter"))
	h.fetches(6 * time.Minute)
	require.Equal(t, "asha", h.onCall().Person)
	require.InDelta(t, 1, h.readable(), 0)
}

package receiver_test

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/internal/inbox"
)

func TestAMailServerThatIsAwayIsTriedAgain(t *testing.T) {
	h := newHouse(t)
	h.catalog(strings.Replace(estate, "SMTP", "127.0.0.1:1", 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("MemoryHigh", "warning", "developers")))
	h.settled(1, func(i incident.Incident) bool { return len(i.Messages[0].Deliveries) == 2 })
	h.catalog(estate)
	h.reload()
	h.mail("asha@example.org", 1)
	h.mail("ben@example.org", 1)
	i := h.settled(1, sent("ben", "email"))
	require.Len(t, i.Messages, 1)
}

func TestAWayThatFailsIsFollowedByTheNext(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refusing.Close()
	h := newHouse(t)
	h.catalog(strings.Replace(estate, "PUSH", refusing.URL, 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.later(time.Minute)
	page := h.mail("asha@example.org", 2)
	require.Contains(t, page.Subject, "PLEASE ACKNOWLEDGE", "push was refused, so the page came by mail")
	h.request(http.MethodGet, "/incidents/1", "", 200, "Could not tell Asha Rao by push")
}

// TestNobodyWaitsForAnOverloadedProvider: a page takes the next way when one asks
// to be left alone.
func TestNobodyWaitsForAnOverloadedProvider(t *testing.T) {
	overloaded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer overloaded.Close()
	h := newHouse(t)
	h.catalog(strings.Replace(estate, "PUSH", overloaded.URL, 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.later(time.Minute)
	require.Contains(t, h.mail("asha@example.org", 2).Subject, "PLEASE ACKNOWLEDGE")
	h.request(http.MethodGet, "/incidents/1", "", 200, "Could not tell Asha Rao by push")
}

func TestSomebodyWithoutAnAddressIsADeadEndThatIsSaid(t *testing.T) {
	h := newHouse(t)
	h.write("asha.yml", "{}\n")
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.settled(1, func(i incident.Incident) bool { return len(i.Messages) > 0 && len(i.Messages[0].Unreached) == 1 })
	h.request(http.MethodGet, "/incidents/1", "", 200, "Reached nobody for Asha Rao")
	h.later(time.Minute)
	h.mail("ben@example.org", 1) // the page moves on to the backup at once
}

func TestNothingIsAnsweredWithSuccessThatIsNotStored(t *testing.T) {
	h := newHouse(t)
	down := h.firing("ServiceDown", "critical", "users")
	require.NoError(t, h.store.Close())
	require.Equal(t, 503, h.post(down))
	require.Empty(t, h.inbox.Messages(""))
	h.stop()
	h.open()
	require.Equal(t, 200, h.post(down))
	h.mail("asha@example.org", 1)
}

// More pages than are claimed at once, to a push server that takes them and
// does not answer, keep no mail, and none of them is lost.
func TestASlowChannelHoldsUpNobodyElse(t *testing.T) {
	const pages = 80
	push := newPatience(t)
	h := newHouse(t)
	services := ""
	for n := range pages {
		services += fmt.Sprintf("  shop%d: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}\n", n)
	}
	h.catalog(strings.Replace(estate, "PUSH", push.URL, 1) + services)
	h.reload()
	for n := range pages {
		down := h.firing("ServiceDown", "critical", "users")
		down.Labels["service"], down.Fingerprint = fmt.Sprint("shop", n), fmt.Sprint("f", n)
		require.Equal(t, 200, h.post(down))
	}
	push.has(t, pages) // that it is down
	answer := push.hang()
	defer answer()
	h.later(time.Minute)
	push.has(t, pages+8)
	require.Eventually(t, func() bool {
		waiting, _, _, err := h.store.Waiting(t.Context())
		return err == nil && waiting == pages
	}, 2*time.Minute, 10*time.Millisecond)
	require.Equal(t, 200, h.post(h.firing("MemoryHigh", "warning", "developers")))
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(h.inbox.Messages("ben@example.org"), func(m *inbox.Message) bool { return strings.Contains(m.Text, "MemoryHigh") })
	}, 20*time.Second, 10*time.Millisecond, "the mail waits for the push server")
	require.LessOrEqual(t, push.most(), 2*8, "of whom half may have given up just now")
	answer()
	for n := range pages {
		h.settled(incident.ID(n+1), paged)
	}
}

// paged says whether a page was sent.
func paged(i incident.Incident) bool {
	return slices.ContainsFunc(i.Messages, func(m incident.Message) bool {
		return m.Kind == incident.MessagePage && slices.ContainsFunc(m.Deliveries, func(d incident.Delivery) bool { return d.State == incident.DeliverySent })
	})
}

// patience is a push server whose answers can wait.
type patience struct {
	*httptest.Server

	mu          sync.Mutex
	begun       map[string]bool // what was pushed
	gate        chan struct{}
	now, atOnce int
}

func newPatience(t *testing.T) *patience {
	t.Helper()
	p := &patience{begun: map[string]bool{}, gate: make(chan struct{})}
	close(p.gate)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		gate := p.enters(string(body), 1)
		select {
		case <-gate:
		case <-r.Context().Done():
		}
		p.enters(string(body), -1)
		_, _ = io.WriteString(w, `{"id":"taken"}`)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *patience) enters(body string, by int) (gate chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun[body] = true
	p.now += by
	p.atOnce = max(p.atOnce, p.now)
	return p.gate
}

// most is how many waited at once at most.
func (p *patience) most() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.atOnce
}

// hang keeps all that come from now on waiting, until they are answered.
func (p *patience) hang() (answer func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gate := make(chan struct{})
	p.gate = gate
	return sync.OnceFunc(func() { close(gate) })
}

// has waits for so many different pushes.
func (p *patience) has(t *testing.T, count int) {
	t.Helper()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.begun) >= count
	}, 2*time.Minute, 10*time.Millisecond)
}

// One incident whose row is damaged is told of in the log, and keeps no other
// from being told and escalated.
func TestADamagedIncidentHoldsUpNobodyElse(t *testing.T) {
	h := newHouse(t)
	h.catalog(estate + "  till: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}\n")
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.mail("pat@example.org", 1)
	h.settled(1, func(i incident.Incident) bool {
		return !slices.ContainsFunc(i.Messages, func(m incident.Message) bool {
			return len(m.Deliveries) == 0 || slices.ContainsFunc(m.Deliveries, func(d incident.Delivery) bool { return d.State != incident.DeliverySent })
		})
	})
	h.damage(1)
	down := h.firing("ServiceDown", "critical", "users")
	down.Labels["service"], down.Fingerprint = "till", "f2"
	require.Equal(t, 200, h.post(down))
	h.mail("asha@example.org", 2)
	h.later(time.Minute)
	h.settled(2, paged)
}

// damage makes the row of an incident unreadable of which something is to be
// sent.
func (h *house) damage(id incident.ID) {
	h.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.folder, "data", "receiver.db"))
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, db.Close()) }()
	_, err = db.ExecContext(h.t.Context(), `PRAGMA busy_timeout = 10000; UPDATE incidents SET state = '{' WHERE id = ?;
		INSERT INTO outbox (incident_id, message, recipient, way, attempts, created_at, due_at) VALUES (?, 1, '', '', 0, 0, 0)`, id, id)
	require.NoError(h.t, err)
}

package receiver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/inbox"
)

// house is a whole receiver with its doors: real SQLite, real SMTP, a real
// push server, real HTTP.
type house struct {
	t        *testing.T
	folder   string
	inbox    *inbox.Inbox
	store    *store.Store
	receiver *receiver.Receiver
	registry *prometheus.Registry
	url      string
	now      func() time.Time
	logger   log.Logger // nil for none

	mu     sync.Mutex
	offset time.Duration
	stop   func()
}

// estate is the catalogue of these tests. SMTP, PUSH, BOARD and ALERTMANAGER
// are replaced.
const estate = `
links: {board: http://board.example.org, alertmanager: [ALERTMANAGER]}
delivery:
  smtp: {host: SMTP, from: tocsin@example.org}
  ntfy: {url: PUSH}
  receiver: {url: http://127.0.0.1:10211, token_file: token}
monitoring: {team: platform, break_glass: [{email: {to: [platform@example.org]}}]}
people:
  asha: {name: Asha Rao, contacts: {file: asha.yml}}
  ben: {name: Ben Carter, contacts: {file: ben.yml}}
  pat: {name: Pat Quinn, contacts: {file: pat.yml}}
  mo: {name: Mo Haddad, contacts: {file: mo.yml}}
teams:
  shop: {members: [asha, ben], product_manager: pat, manager: mo, rota: shop, escalation: page, channels: {email: {to: [shop@example.org]}}}
  platform: {members: [mo], channels: {email: {to: [platform@example.org]}}}
rotas:
  shop: {timezone: Europe/London, handover: monday 09:30, people: [asha], backup: [ben]}
escalations:
  page:
    - {notify: on_call, by: [push], for: 15m}
    - {notify: backup, by: [push, email], every: 5m}
services:
  shop: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}
`

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, folder: t.TempDir()}
	h.now = func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return time.Now().Add(h.offset)
	}
	box, err := inbox.New(inbox.Options{SMTP: "127.0.0.1:0", Web: "127.0.0.1:0"})
	require.NoError(t, err)
	h.inbox = box
	h.background(box.Run)
	for _, person := range []string{"asha", "ben", "pat", "mo"} {
		h.write(person+".yml", fmt.Sprintf("email: %s@example.org\nntfy: %s\n", person, person))
	}
	h.write("token", "secret\n")
	h.catalog(estate)
	h.open()
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) write(name, text string) {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(filepath.Join(h.folder, name), []byte(text), 0o600))
}

func (h *house) catalog(text string) {
	h.t.Helper()
	if !strings.Contains(text, "ALERTMANAGER") {
		h.t.Fatal("the catalogue names no Alertmanager")
	}
	h.write("tocsin.yml", strings.NewReplacer(
		"SMTP", h.inbox.SMTPAddr(), "PUSH", h.inbox.URL()+"/push", "ALERTMANAGER", "http://127.0.0.1:1",
	).Replace(text))
}

// background runs something until the test's end.
func (h *house) background(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		require.NoError(h.t, <-ended)
	})
}

// open starts a life of the receiver over the folder; stop ends it.
func (h *house) open() {
	h.t.Helper()
	kept, err := store.Open(h.t.Context(), filepath.Join(h.folder, "data"))
	require.NoError(h.t, err)
	h.store, h.registry = kept, prometheus.NewRegistry()
	h.receiver, err = receiver.New(h.t.Context(), receiver.Options{Store: kept, Registerer: h.registry, Now: h.now, Logger: h.logger})
	require.NoError(h.t, err)
	h.reload()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{h.receiver.RunClock, h.receiver.RunOutbox, h.receiver.RunForgetting, h.receiver.RunRotas} {
		running.Go(func() { _ = run(ctx) })
	}
	people, err := board.New(board.Options{Desk: h.receiver, Now: h.now})
	require.NoError(h.t, err)
	mux := http.NewServeMux()
	mux.Handle("/", people)
	door := webhook.New(webhook.Options{Sink: h.receiver, Tokens: h.receiver.Tokens, Count: h.receiver.Count})
	for _, path := range webhook.Paths() {
		mux.Handle(path, door)
	}
	server := httptest.NewServer(mux)
	h.url = server.URL
	h.stop = func() {
		server.CloseClientConnections()
		server.Close()
		cancel()
		running.Wait()
		_ = kept.Close()
	}
}

func (h *house) reload() {
	h.t.Helper()
	c, err := catalog.Load(filepath.Join(h.folder, "tocsin.yml"))
	require.NoError(h.t, err)
	require.NoError(h.t, h.receiver.Update(c))
}

// later moves the receiver's clock.
func (h *house) later(d time.Duration) {
	h.mu.Lock()
	h.offset += d
	h.mu.Unlock()
	h.receiver.Wake()
}

type alertJSON struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
	Fingerprint string            `json:"fingerprint"`
}

func (h *house) firing(name, severity, audience string) alertJSON {
	return alertJSON{
		Status: "firing", StartsAt: h.now().Add(-5 * time.Second).Truncate(time.Millisecond), Fingerprint: name,
		Labels:      map[string]string{"alertname": name, "severity": severity, "audience": audience, "service": "shop", "team": "shop"},
		Annotations: map[string]string{"summary": "shop has " + name, "impact": "Users cannot buy.", "description": "Measured 3, the threshold is 2."},
	}
}

func (h *house) ended(a alertJSON) alertJSON {
	a.Status, a.EndsAt = "resolved", h.now()
	return a
}

// post gives the status of the answer.
func (h *house) post(alerts ...alertJSON) int {
	h.t.Helper()
	body, err := json.Marshal(map[string]any{"version": "4", "groupKey": "g", "receiver": "r", "alerts": alerts})
	require.NoError(h.t, err)
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url+"/api/v1/alertmanager", bytes.NewReader(body))
	require.NoError(h.t, err)
	request.Header.Set("Authorization", "Bearer secret")
	response, err := http.DefaultClient.Do(request)
	require.NoError(h.t, err)
	require.NoError(h.t, response.Body.Close())
	return response.StatusCode
}

// mail waits until so many messages came for a mailbox and gives the newest.
func (h *house) mail(mailbox string, count int) *inbox.Message {
	h.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		changed := h.inbox.Changed()
		if found := h.inbox.Messages(mailbox); len(found) >= count {
			require.Lenf(h.t, found, count, "the newest is %q", found[0].Subject)
			return found[0]
		}
		select {
		case <-changed:
		case <-deadline:
			h.t.Fatalf("no %d. message for %s", count, mailbox)
		}
	}
}

// settled waits until the incident is as wanted.
func (h *house) settled(id incident.ID, ok func(incident.Incident) bool) incident.Incident {
	h.t.Helper()
	var found incident.Incident
	require.Eventually(h.t, func() bool {
		i, err := h.store.Incident(h.t.Context(), id)
		found = i
		return err == nil && ok(i)
	}, 20*time.Second, 5*time.Millisecond, "incident %d", id)
	return found
}

func sent(recipient, way string) func(incident.Incident) bool {
	return func(i incident.Incident) bool {
		for _, m := range i.Messages {
			for _, d := range m.Deliveries {
				if d.Recipient == recipient && d.Way == way && d.State == incident.DeliverySent {
					return true
				}
			}
		}
		return false
	}
}

func TestFromANotificationToPeopleAndBack(t *testing.T) {
	h := newHouse(t)
	login, down := h.firing("JourneyFailing", "warning", "users"), h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(login))
	first := h.mail("asha@example.org", 1)
	require.Equal(t, "WARNING: shop has JourneyFailing", first.Subject)
	for _, want := range []string{
		"Users cannot buy.", "Since ", "Measured 3, the threshold is 2.", "http://board.example.org/incidents/1", "http://board.example.org/acknowledge/",
	} {
		require.Contains(t, first.Text, want)
		require.Contains(t, first.HTML, want)
	}
	require.NotContains(t, h.mail("pat@example.org", 1).Text, "/acknowledge/", "the product manager does not stop the phones")
	require.Contains(t, h.mail("push:asha", 1).Text, "Users cannot buy.", "pushed too")

	// The second fault: the same incident, and told at once.
	require.Equal(t, 200, h.post(down))
	require.Equal(t, "CRITICAL (update): shop: shop has ServiceDown; now critical, was warning", h.mail("asha@example.org", 2).Subject)
	h.mail("pat@example.org", 2)

	// The phone rings a minute after the start, and the link on it answers.
	h.later(time.Minute)
	h.mail("push:asha", 3)
	h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() })
	link := h.link(first.Text)
	h.request(http.MethodGet, link, "", 200, "Acknowledge as Asha Rao")
	require.Empty(t, h.settled(1, func(incident.Incident) bool { return true }).Owner, "looking at a link does nothing")
	h.request(http.MethodPost, link, "", 200, "it is yours")
	require.Equal(t, "asha", h.settled(1, func(i incident.Incident) bool { return i.Owner != "" }).Owner)
	h.later(40 * time.Minute)
	h.mail("pat@example.org", 3) // somebody has it

	require.Equal(t, 200, h.post(h.ended(login), h.ended(down)))
	require.Contains(t, h.mail("asha@example.org", 3).Subject, "RESOLVED after 41 min")
	require.Contains(t, h.mail("pat@example.org", 4).Text, "shop has recovered")
	require.Empty(t, h.inbox.Messages("ben@example.org"))
	require.Empty(t, h.inbox.Messages("mo@example.org"))
	h.request(http.MethodPost, link, "", 200, "It is over")
}

// link takes the acknowledging path out of a mail.
func (h *house) link(text string) string {
	h.t.Helper()
	_, rest, found := strings.Cut(text, "http://board.example.org/acknowledge/")
	require.True(h.t, found, text)
	return "/acknowledge/" + strings.Fields(rest)[0]
}

func (h *house) request(method, path, body string, code int, text string) string {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	require.NoError(h.t, err)
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(h.t, err)
	var answer bytes.Buffer
	_, err = answer.ReadFrom(response.Body)
	require.NoError(h.t, err)
	require.NoError(h.t, response.Body.Close())
	require.Equal(h.t, code, response.StatusCode, answer.String())
	require.Contains(h.t, answer.String(), text)
	return answer.String()
}

func TestDevelopersIncidentsTellDevelopers(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("MemoryHigh", "warning", "developers")))
	h.mail("asha@example.org", 1)
	h.mail("ben@example.org", 1)
	h.settled(1, sent("ben", "email"))
	require.Empty(t, h.inbox.Messages("pat@example.org"))
	require.Empty(t, h.inbox.Messages("push:asha"), "no phone")
}

func TestLeavingTheCatalogueClosesTheIncident(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.catalog(strings.Replace(estate, "  shop: {team: shop, probes", "  market: {team: shop, probes", 1))
	h.reload()
	i := h.settled(1, func(i incident.Incident) bool { return !i.Open() })
	require.Equal(t, incident.ReasonRemoved, i.ClosedBy)
	h.mail("asha@example.org", 2)
}

func TestABadCatalogueChangesNothing(t *testing.T) {
	h := newHouse(t)
	h.catalog(strings.Replace(estate, "from: tocsin@example.org", "from: tocsin@example.org, username: u, password_file: nowhere", 1))
	c, err := catalog.Load(filepath.Join(h.folder, "tocsin.yml"))
	require.NoError(t, err)
	require.ErrorContains(t, h.receiver.Update(c), "delivery.smtp.password_file")
	require.Equal(t, 200, h.post(h.firing("MemoryHigh", "warning", "developers")))
	h.mail("asha@example.org", 1)
}

// TestANewLifeGoesOnWhereTheOldOneEnded: open incidents, planned pages and
// unsent messages are in the store, nowhere else.
func TestANewLifeGoesOnWhereTheOldOneEnded(t *testing.T) {
	h := newHouse(t)
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(down))
	link := h.link(h.mail("asha@example.org", 1).Text)
	h.settled(1, sent("asha", "push"))
	h.stop()
	h.later(time.Minute)
	h.open()
	h.mail("push:asha", 2)
	h.request(http.MethodPost, link, "", 200, "it is yours") // the key was kept
	require.Equal(t, 200, h.post(h.ended(down)))
	h.mail("asha@example.org", 2)
}

// measured are the values of all series, by name and labels' values; of a
// histogram, how many observations there were.
func (h *house) measured() map[string]float64 {
	families, err := h.registry.Gather()
	require.NoError(h.t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.settled(1, sent("asha", "email"))
	h.settled(1, sent("asha", "push"))
	// A handover is counted after it was stored, which is what has settled.
	require.Eventually(t, func() bool { return h.measured()["tocsin_receiver_handover_duration_seconds"] > 1 }, time.Minute, 10*time.Millisecond, "several messages")
	values := h.measured()
	require.InDelta(t, 1, values["tocsin_receiver_notifications_total stored"], 0)
	require.InDelta(t, 1, values["tocsin_receiver_open_incidents critical"], 0)
	require.InDelta(t, 1, values["tocsin_receiver_unacknowledged_incidents critical"], 0)
	require.InDelta(t, 1, values["tocsin_receiver_incident_events_total opened"], 0)
	require.InDelta(t, 1, values["tocsin_receiver_first_message_duration_seconds"], 0, "one incident")
	require.InDelta(t, 0, values["tocsin_receiver_pages_total 2"], 0, "nobody had to escalate")
	for _, name := range []string{
		"tocsin_receiver_notifications_total not_stored", "tocsin_receiver_deliveries_total temporary github", "tocsin_receiver_dead_ends_total",
		"tocsin_receiver_oldest_unsent_age_seconds", "tocsin_receiver_outbox_messages", "tocsin_receiver_pages_total 1",
	} {
		require.Contains(t, values, name, "a series exists from the start")
	}
}

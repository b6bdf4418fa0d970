package receiver_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
)

// pager is a PagerDuty: it keeps the state of each alert by its key, and posts
// back every change of it, its own people's and ours alike.
type pager struct {
	h    *house
	url  string
	door http.Handler

	mu     sync.Mutex
	states map[string]string
	events []string // "action key" of everything that came
	fail   int      // how many requests are answered 500
	notes  []string // that were written here
	sent   []string // what was posted
}

func newPager(h *house) *pager { return newPagerOf(h, "", "", "") }

// newPagerOf is one whose catalogue has more of PagerDuty, and of the team.
func newPagerOf(h *house, channel, team, hours string) *pager {
	p := &pager{h: h, states: map[string]string{}, door: callback.New(callback.Options{Desk: h.receiver.Callbacks()})}
	server := httptest.NewServer(p)
	h.t.Cleanup(server.Close)
	p.url = server.URL
	h.write("webhook", "wh-secret\n")
	h.catalog(strings.Replace(estate, "shop@example.org]}}}", "shop@example.org]}, pagerduty: {routing_key_file: token, webhook_secret_file: webhook, url: '"+p.url+"'"+channel+"}}"+team+"}", 1) + hours)
	h.reload()
	return p
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v2/enqueue" {
		p.rest(w, r)
		return
	}
	var event struct {
		RoutingKey string `json:"routing_key"`
		Action     string `json:"event_action"`
		Key        string `json:"dedup_key"`
	}
	if json.NewDecoder(r.Body).Decode(&event) != nil || event.RoutingKey != "secret" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	if p.fail > 0 {
		p.fail--
		p.mu.Unlock()
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	p.events = append(p.events, event.Action+" "+event.Key)
	before := p.states[event.Key]
	after := map[string]string{"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}[event.Action]
	switch {
	case before == "" && after != "triggered", before == "resolved" && after != "triggered", before == "acknowledged" && after == "triggered":
		after = before // dropped, or noted only
	}
	p.states[event.Key] = after
	p.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprint(w, `{"status":"success","message":"Event processed"}`)
	if after != before {
		p.post("incident."+after, event.Key, `{"type":"service_reference","summary":"API Service"}`)
	}
}

// rest is the REST API as far as notes and ends of acknowledgements need it.
func (p *pager) rest(w http.ResponseWriter, r *http.Request) {
	_, key := p.came()
	id := "P" + key[max(len(key)-4, 0):]
	if r.Header.Get("Authorization") != "Token token=secret" || r.Header.Get("From") != "tocsin@example.org" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p.mu.Lock()
	status := p.states[key]
	p.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "GET /incidents":
		_, _ = fmt.Fprintf(w, `{"incidents":[{"id":%q,"status":%q}]}`, id, status)
	case "POST /incidents/" + id + "/snooze":
		_, _ = fmt.Fprint(w, `{}`)
		p.by("", "triggered", key)
	case "POST /incidents/" + id + "/notes":
		var said struct{ Note struct{ Content string } }
		_ = json.NewDecoder(r.Body).Decode(&said)
		p.mu.Lock()
		p.notes = append(p.notes, said.Note.Content)
		p.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
		p.annotate("Tocsin", said.Note.Content)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// annotate posts back a note of somebody.
func (p *pager) annotate(person, text string) {
	_, key := p.came()
	p.send(fmt.Sprintf(`{"event":{"id":%q,"event_type":"incident.annotated","occurred_at":%q,"agent":{"type":"user_reference","summary":%q},"data":{"id":"N1","type":"incident_note","content":%q,"incident":{"id":"P%s","type":"incident_reference"}}}}`,
		rand.Text(), p.h.now().Format(time.RFC3339Nano), person, text, key[len(key)-4:]))
}

// by is what a person does in PagerDuty.
func (p *pager) by(person, state, key string) {
	p.mu.Lock()
	p.states[key] = state
	p.mu.Unlock()
	p.post("incident."+state, key, fmt.Sprintf(`{"type":"user_reference","summary":%q}`, person))
}

// post posts twice, as PagerDuty may.
func (p *pager) post(kind, key, agent string) {
	body := fmt.Sprintf(`{"event":{"id":%q,"event_type":%q,"occurred_at":%q,"agent":%s,"data":{"id":"P%s","incident_key":%q}}}`,
		rand.Text(), kind, p.h.now().Format(time.RFC3339Nano), agent, key[len(key)-4:], key)
	p.send(body)
}

func (p *pager) send(body string) {
	p.mu.Lock()
	p.sent = append(p.sent, body)
	p.mu.Unlock()
	sum := hmac.New(sha256.New, []byte("wh-secret"))
	sum.Write([]byte(body))
	for range 2 {
		r := httptest.NewRequestWithContext(p.h.t.Context(), http.MethodPost, "/callback/pagerduty/shop", strings.NewReader(body))
		r.Header.Set("X-PagerDuty-Signature", "v1="+hex.EncodeToString(sum.Sum(nil)))
		w := httptest.NewRecorder()
		p.door.ServeHTTP(w, r)
		if p.h.t.Context().Err() != nil {
			return // the receiver is closing
		}
		require.Equal(p.h.t, http.StatusNoContent, w.Code)
	}
}

// came are the actions so far, and the key of the last.
func (p *pager) came() (actions []string, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, event := range p.events {
		action, of, _ := strings.Cut(event, " ")
		actions, key = append(actions, action), of
	}
	return actions, key
}

func (p *pager) reaches(state string) string {
	p.h.t.Helper()
	found := ""
	require.Eventually(p.h.t, func() bool {
		_, key := p.came()
		p.mu.Lock()
		defer p.mu.Unlock()
		found = key
		return p.states[key] == state
	}, 20*time.Second, 5*time.Millisecond, state)
	return found
}

// quiet waits until nothing is left to be sent.
func (h *house) quiet() {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		count, _, _, err := h.store.Waiting(h.t.Context())
		return err == nil && count == 0
	}, 20*time.Second, 5*time.Millisecond)
}

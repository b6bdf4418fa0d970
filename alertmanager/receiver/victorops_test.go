package receiver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// splunk is a Splunk On-Call: it keeps each alert's phase by its entity, and
// posts every change of it with the token, twice.
type splunk struct {
	h    *house
	url  string
	door http.Handler

	mu     sync.Mutex
	phases map[string]string
	came   []string // types of messages
	key    string   // of the last alert
	refuse bool
}

func newSplunk(h *house) *splunk {
	s := &splunk{h: h, phases: map[string]string{}, door: callback.New(callback.Options{Desk: h.receiver.Callbacks(), Now: h.now})}
	server := httptest.NewServer(s)
	h.t.Cleanup(server.Close)
	s.url = server.URL
	h.write("webhook", "hook-token\n")
	h.write("ben.yml", "email: ben@example.org\nntfy: ben\nvictorops: bcarter\n")
	h.catalog(strings.Replace(estate, "shop@example.org]}}}", "shop@example.org]}, victorops: {api_key_file: token, routing_key: night, webhook_token_file: webhook, url: '"+s.url+"'}}}", 1))
	h.reload()
	return s
}

func (s *splunk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var alert struct {
		Type   string `json:"message_type"`
		ID     string `json:"entity_id"`
		Author string `json:"ack_author"`
		Words  string `json:"ack_msg"`
	}
	if r.URL.Path != "/secret/night" || json.NewDecoder(r.Body).Decode(&alert) != nil || alert.ID == "" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.mu.Lock()
	s.came, s.key = append(s.came, alert.Type), alert.ID
	refuse, before := s.refuse, s.phases[alert.ID]
	after := map[string]string{"CRITICAL": "UNACKED", "ACKNOWLEDGEMENT": "ACKED", "RECOVERY": "RESOLVED"}[alert.Type]
	if after == "" || refuse || before == "ACKED" && after == "UNACKED" {
		after = before
	}
	s.phases[alert.ID] = after
	s.mu.Unlock()
	if refuse {
		_, _ = fmt.Fprint(w, `{"result":"failure","messages":"the key is not valid"}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"result":"success","entity_id":%q}`, alert.ID)
	if after != before {
		s.post("hook-token", http.StatusNoContent, map[string]any{"STATE.CURRENT_ALERT_PHASE": after, "STATE.ACK_USER": alert.Author, "STATE.ACK_MSG": alert.Words, "STATE.RESOLVED_BY": "SYSTEM"})
	}
}

// by is what somebody does there.
func (s *splunk) by(phase string, fields map[string]any) {
	fields["STATE.CURRENT_ALERT_PHASE"] = phase
	s.mu.Lock()
	s.phases[s.key] = phase
	s.mu.Unlock()
	s.post("hook-token", http.StatusNoContent, fields)
}

func (s *splunk) post(token string, code int, fields map[string]any) {
	s.mu.Lock()
	fields["STATE.ENTITY_ID"], fields["STATE.LAST_TIMESTAMP"] = s.key, s.h.now().UnixMilli()
	s.mu.Unlock()
	text, err := json.Marshal(fields)
	require.NoError(s.h.t, err)
	for range 2 {
		r := httptest.NewRequestWithContext(s.h.t.Context(), http.MethodPost, "/callback/victorops/shop", strings.NewReader(string(text)))
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.door.ServeHTTP(w, r)
		if s.h.t.Context().Err() == nil {
			require.Equal(s.h.t, code, w.Code)
		}
	}
}

// reaches waits until the last alert is in a phase, and gives the types of what
// came.
func (s *splunk) reaches(phase string) []string {
	s.h.t.Helper()
	var came []string
	require.Eventually(s.h.t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		came = append([]string(nil), s.came...)
		return s.phases[s.key] == phase
	}, soon, often, phase)
	s.h.quiet()
	return came
}

// TestSplunkOnCallBothWays: what pages rings there too; what is done there is
// done here, in the person's name; what is done here is done there, and nothing
// goes round.
func TestSplunkOnCallBothWays(t *testing.T) {
	h := newHouse(t)
	s := newSplunk(h)
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(down))
	link := h.link(h.mail("asha@example.org", 1).Text)
	h.later(time.Minute)
	require.Equal(t, []string{"CRITICAL"}, s.reaches("UNACKED"))

	s.post("guessed", http.StatusForbidden, map[string]any{"STATE.CURRENT_ALERT_PHASE": "ACKED", "STATE.ACKED_BY": "bcarter"})
	require.Empty(t, h.settled(1, whatever).Owner)
	s.by("ACKED", map[string]any{"STATE.ACKED_BY": "BCarter"})
	i := h.settled(1, func(i incident.Incident) bool { return i.Owner != "" })
	require.Equal(t, "ben victorops", i.Owner+" "+i.Via)
	require.True(t, i.Paging.Due.IsZero(), "no phone rings any more")
	h.request(http.MethodGet, "/incidents/1", "", 200, "Ben Carter took it on, by victorops")

	h.later(time.Minute)
	s.by("UNACKED", map[string]any{})
	h.settled(1, func(i incident.Incident) bool { return i.Owner == "" })
	h.request(http.MethodGet, "/incidents/1", "", 200, "Ben Carter gave it back, by victorops: nobody owns it")

	h.later(time.Minute)
	h.request(http.MethodPost, link, "", 200, "it is yours")
	came := s.reaches("ACKED")
	require.Equal(t, "ACKNOWLEDGEMENT", came[len(came)-1])
	require.Equal(t, "asha", h.settled(1, whatever).Owner, "our own word, told back, changes nothing")

	h.later(time.Minute)
	s.by("RESOLVED", map[string]any{"STATE.RESOLVED_BY": "bcarter"})
	require.Equal(t, "ben resolved it by hand", h.settled(1, func(i incident.Incident) bool { return !i.Open() }).ClosedBy)
	h.request(http.MethodGet, "/incidents/1", "", 200, "Closed: ben resolved it by hand")
}

// TestSplunkOnCallRefusesThePage: the timeline says so, and people here ring all
// the same.
func TestSplunkOnCallRefusesThePage(t *testing.T) {
	h := newHouse(t)
	s := newSplunk(h)
	s.mu.Lock()
	s.refuse = true
	s.mu.Unlock()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(time.Minute)
	h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() && sent("asha", "push")(i) })
	h.quiet()
	h.request(http.MethodGet, "/incidents/1", "", 200, "Splunk On-Call refused the alert")
}

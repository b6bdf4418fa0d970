package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// pagerDutyAccount is an account with both APIs and one incident; it keeps what
// was asked of it.
type pagerDutyAccount struct {
	url string

	mu     sync.Mutex
	status string // of the incident; empty for none
	refuse int    // what the REST API answers; 0 for what was asked
	notes  []string
	asked  []string
}

func newPagerDutyAccount(t *testing.T) *pagerDutyAccount {
	a := &pagerDutyAccount{status: "acknowledged"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/enqueue", func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			Action string `json:"event_action"`
		}
		_ = json.NewDecoder(r.Body).Decode(&event)
		a.note("event " + event.Action)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"status":"success","message":"Event processed"}`)
	})
	mux.HandleFunc("GET /incidents", a.rest(func(r *http.Request, _ []byte) string {
		q := r.URL.Query()
		if a.status == "" || !strings.HasPrefix(q.Get("incident_key"), "tocsin-7-") || len(q["statuses[]"]) != 3 {
			return `{"incidents":[]}`
		}
		return fmt.Sprintf(`{"incidents":[{"id":"PT4KHLK","status":%q}]}`, a.status)
	}))
	mux.HandleFunc("POST /incidents/PT4KHLK/snooze", a.rest(func(_ *http.Request, body []byte) string {
		a.asked = append(a.asked, "snooze "+string(body))
		return `{"incident":{}}`
	}))
	mux.HandleFunc("GET /incidents/PT4KHLK/notes", a.rest(func(*http.Request, []byte) string {
		listed := []map[string]string{}
		for _, text := range a.notes {
			listed = append(listed, map[string]string{"content": text})
		}
		text, _ := json.Marshal(map[string]any{"notes": listed})
		return string(text)
	}))
	mux.HandleFunc("POST /incidents/PT4KHLK/notes", a.rest(func(_ *http.Request, body []byte) string {
		var posted struct{ Note struct{ Content string } }
		_ = json.Unmarshal(body, &posted)
		a.notes = append(a.notes, posted.Note.Content)
		return `{"note":{}}`
	}))
	mux.HandleFunc("GET /users/PLH1HKV", a.rest(func(*http.Request, []byte) string { return `{"user":{"email":"asha@example.org"}}` }))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func (a *pagerDutyAccount) note(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, text)
}

// rest wants what every request to the REST API has.
func (a *pagerDutyAccount) rest(take func(*http.Request, []byte) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.refuse == 0 && (r.Header.Get("Authorization") != "Token token="+secret || r.Header.Get("From") != "tocsin@example.org" || !strings.Contains(r.Header.Get("Accept"), "version=2")) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if a.refuse != 0 {
			w.WriteHeader(a.refuse)
			return
		}
		_, _ = io.WriteString(w, take(r, body))
	}
}

// channel is that of a team with a login, or without.
func (a *pagerDutyAccount) channel(t *testing.T, login string) notify.Channel {
	p := &toolServer{fake: newFake(t), channel: "pagerduty: {routing_key_file: secret, url: '" + a.url + "'" + login + "}"}
	return channels(t, p)[incident.WayPagerDuty]
}

const pagerDutyLogin = ", api_token_file: secret, api_user: tocsin@example.org"

// An acknowledgement that ends here ends there: a trigger alone would change
// nothing of an incident that somebody has.
func TestAnAcknowledgementEndsInPagerDutyToo(t *testing.T) {
	anew := []string{"event resolve", "event trigger"}
	for _, c := range []struct {
		name, login, status string
		refuse              int
		want                []string
		problem             string
	}{
		{"without a login", "", "acknowledged", 0, anew, ""},
		{"with one", pagerDutyLogin, "acknowledged", 0, []string{`snooze {"duration":1}`}, ""},
		{"it rings already", pagerDutyLogin, "triggered", 0, nil, ""},
		{"it was closed there", pagerDutyLogin, "resolved", 0, anew, ""},
		{"it is not there", pagerDutyLogin, "", 0, anew, ""},
		{"the login is refused", pagerDutyLogin, "acknowledged", http.StatusForbidden, anew, ""},
		{"the API is away", pagerDutyLogin, "acknowledged", http.StatusServiceUnavailable, nil, "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newPagerDutyAccount(t)
			a.status, a.refuse = c.status, c.refuse
			m := message(kind(t, incident.WayPagerDuty))
			m.Kind = incident.MessageDisowned
			_, err := a.channel(t, c.login).Send(t.Context(), m)
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				require.False(t, notify.IsPermanent(err))
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, c.want, a.asked)
		})
	}
	t.Run("somebody was faster", func(t *testing.T) {
		a := newPagerDutyAccount(t)
		m := message(kind(t, incident.WayPagerDuty))
		m.Kind, m.Incident.Owner = incident.MessageDisowned, "ben"
		_, err := a.channel(t, pagerDutyLogin).Send(t.Context(), m)
		require.NoError(t, err)
		require.Equal(t, []string{"event acknowledge"}, a.asked)
	})
}

// A note is written once, also when the answer was lost.
func TestANoteIsWrittenToPagerDuty(t *testing.T) {
	a := newPagerDutyAccount(t)
	m := message(kind(t, incident.WayPagerDuty))
	m.Kind, m.News, m.Thread = incident.MessageNote, "Asha Rao: restarted the queue", notify.IncidentKey(m.Incident)+" PT4KHLK"
	for range 2 {
		receipt, err := a.channel(t, pagerDutyLogin).Send(t.Context(), m)
		require.NoError(t, err)
		require.Equal(t, m.Thread, receipt.Thread)
		m.Attempt++
	}
	require.Equal(t, []string{"Asha Rao: restarted the queue\n" + notify.OwnWord}, a.notes)
	require.Empty(t, a.asked, "a note changes nothing of the incident")

	a.status = ""
	_, err := a.channel(t, pagerDutyLogin).Send(t.Context(), m)
	require.True(t, notify.IsPermanent(err))
	_, err = a.channel(t, "").Send(t.Context(), m)
	require.True(t, notify.IsPermanent(err))
}

func TestWhoAUserOfPagerDutyIs(t *testing.T) {
	a := newPagerDutyAccount(t)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(secret), 0o600))
	spec := &catalog.PagerDutyChannel{URL: a.url, APITokenFile: file, APIUser: "tocsin@example.org"}
	address, err := notify.PagerDutyMail(t.Context(), notify.NewHTTPClient(), spec, "PLH1HKV")
	require.NoError(t, err)
	require.Equal(t, "asha@example.org", address)
	_, err = notify.PagerDutyMail(t.Context(), notify.NewHTTPClient(), spec, "../incidents")
	require.ErrorContains(t, err, "404")
	spec.APITokenFile = ""
	address, err = notify.PagerDutyMail(t.Context(), notify.NewHTTPClient(), spec, "PLH1HKV")
	require.NoError(t, err)
	require.Empty(t, address)
}

// What Splunk On-Call has no word for is said with the words that it has.
func TestWhatSplunkOnCallIsToldBesides(t *testing.T) {
	p := newVictorOpsServer(t)
	p.answer(p.good)
	channel := channels(t, p)[incident.WayVictorOps]
	m := message(kind(t, incident.WayVictorOps))
	m.Kind = incident.MessageDisowned
	_, err := channel.Send(t.Context(), m)
	require.NoError(t, err)
	m.Kind, m.News = incident.MessageNote, "Asha Rao: restarted the queue"
	_, err = channel.Send(t.Context(), m)
	require.NoError(t, err)
	var types []string
	for _, body := range p.got() {
		var alert struct {
			Type string `json:"message_type"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &alert))
		types = append(types, alert.Type)
	}
	require.Equal(t, []string{"RECOVERY", "CRITICAL", "INFO"}, types)
	require.Contains(t, p.got()[2], "Asha Rao: restarted the queue")
}

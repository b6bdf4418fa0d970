package notify_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify/slacktest"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

// place is what team t has beside us, and what it was told of the suite's
// incident.
type place struct {
	t    *testing.T
	way  string
	sent []incident.Message
}

// next is the incident's next message.
func (p *place) next(kind incident.MessageKind, news, thread string) notify.Message {
	m := message(notify.Kind{Way: p.way})
	m.Kind, m.News, m.Thread, m.To, m.Number = kind, news, thread, notify.Recipient{ID: notify.Place(p.way, "t")}, len(p.sent)+1
	m.ID = notify.MessageID(7, m.Number, m.To.ID, p.way)
	m.At = m.Incident.Since.Add(time.Duration(m.Number) * time.Minute)
	m.Incident.Team = "t"
	p.sent = append(p.sent, incident.Message{
		Number: m.Number, Kind: kind, At: m.At, To: []incident.Role{incident.RoleTools},
		Deliveries: []incident.Delivery{{Message: m.Number, Recipient: m.To.ID, Way: p.way, State: incident.DeliverySending}},
	})
	m.Incident.Messages = p.sent
	return m
}

// closed has the incident over.
func closed(m notify.Message) notify.Message {
	m.Incident.Closed, m.Incident.ClosedBy = m.At, "all its alerts have resolved"
	m.Incident.Alerts[0].Resolved, m.Incident.Alerts[0].EndsAt = true, m.At
	return m
}

// workspace is a Slack in the conformance suite.
type workspace struct{ *slacktest.Server }

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{slacktest.New(t)}
	w.Accept(secret)
	return w
}

func (w *workspace) catalogue() string {
	return fmt.Sprintf("slack: {channel: %q, bot_token_file: secret, signing_secret_file: secret, api: %q}", slacktest.Channel, w.URL())
}

func (w *workspace) answer(code int) {
	w.Behave()
	switch code {
	case stalls:
		w.Misbehave("", slacktest.Fault{Stall: true, Always: true})
	case cuts:
		w.Misbehave("", slacktest.Fault{Done: true, Always: true})
	case cutsEnd:
		w.Misbehave("", slacktest.Fault{Status: http.StatusOK, Body: `{"ok":true,"chan`, Done: true, Always: true})
	case http.StatusForbidden:
		f := slacktest.Refusal("invalid_auth")
		f.Always = true
		w.Misbehave("", f)
	case http.StatusServiceUnavailable:
		w.Misbehave("", slacktest.Fault{Status: code, Body: secret, Always: true})
	}
}

func (w *workspace) taken() string {
	var all []string
	for _, m := range w.Messages() {
		all = append(all, m.Text+string(m.Blocks))
	}
	return strings.Join(all, "\n")
}

func (w *workspace) markup() string { return w.taken() } // nothing may look like any

func (w *workspace) code(meaning string) int {
	return map[string]int{"success": http.StatusOK, "temporary": http.StatusServiceUnavailable, "permanent": http.StatusForbidden}[meaning]
}

func (w *workspace) says() []string { return toldInPlaces("CRITICAL: shop is down") }

// toldInPlaces is what a place is told of the suite's incident.
func toldInPlaces(more ...string) []string {
	return append(more, "Users cannot use shop.", "Mon 23 Nov 22:10:00 UTC", "Probe home fails in 1 of 1 locations.", "payments",
		"https://board.example.org/incidents/7", "https://wiki.example.org/shop")
}

// hosting is a GitHub in the conformance suite.
type hosting struct{ *githubtest.Server }

func newHosting(t *testing.T) *hosting {
	t.Helper()
	h := &hosting{githubtest.New(t)}
	h.RequireToken(secret)
	return h
}

func (h *hosting) accounts() string {
	return fmt.Sprintf("accounts: {github: {api: %q, token: {file: secret}}}\n", h.URL())
}

func (h *hosting) catalogue() string { return "github: {repository: example/shop, issues: true}" }

func (h *hosting) answer(code int) {
	h.Behave()
	switch code {
	case stalls:
		h.Misbehave("", "", githubtest.Reply{Stall: true, Always: true})
	case cuts:
		h.Misbehave("", "", githubtest.Reply{Done: true, Always: true})
	case cutsEnd:
		h.Misbehave("", "", githubtest.Reply{Status: http.StatusOK, Body: `{"numb`, Done: true, Always: true})
	case http.StatusForbidden, http.StatusServiceUnavailable:
		h.Misbehave("", "", githubtest.Reply{Status: code, Body: "no", Always: true})
	}
}

func (h *hosting) taken() string {
	var all []string
	for _, i := range h.Issues() {
		all = append(all, i.Title+"\n"+i.Body)
	}
	for _, c := range h.Comments() {
		all = append(all, c.Body)
	}
	return strings.Join(all, "\n")
}

func (h *hosting) markup() string {
	if all := h.Issues(); len(all) > 0 {
		return all[0].Body
	}
	return ""
}

func (h *hosting) code(meaning string) int {
	return map[string]int{"success": http.StatusOK, "temporary": http.StatusServiceUnavailable, "permanent": http.StatusForbidden}[meaning]
}

func (h *hosting) says() []string { return toldInPlaces("**CRITICAL** shop is down") }

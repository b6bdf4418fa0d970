package callback_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify/slacktest"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// slackDesk is a desk whose team shop has a bot, and a message of incident 3
// in its channel. Another team has a bot of another app.
func slackDesk(t *testing.T) (*desk, *slacktest.Server, http.Handler) {
	t.Helper()
	s, folder := slacktest.New(t), t.TempDir()
	for name, text := range map[string]string{"token": slacktest.Token, "signing": slacktest.SignedBy, "other": "another app's"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text+"\n"), 0o600))
	}
	c, err := catalog.Parse(filepath.Join(folder, "tocsin.yml"), fmt.Appendf(nil, `
links: {board: 'https://board.example.org'}
delivery: {receiver: {url: 'http://127.0.0.1:10211', token_file: token}}
monitoring: {team: shop}
teams:
  shop: {channels: {slack: {channel: '#alerts', bot_token_file: token, signing_secret_file: signing, api: %[1]q}}}
  apply: {channels: {slack: {channel: '#alerts', bot_token_file: token, signing_secret_file: other, api: %[1]q}}}
services: {s: {team: shop, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}
`, s.URL()))
	require.NoError(t, err)
	d := &desk{catalog: c, open: []incident.Incident{told(3, "shop", 0), told(4, "apply", 0)}}
	d.open[0].Team, d.open[1].Team = "shop", "apply"
	opened, err := notify.Open(notify.Settings{Catalog: c})
	require.NoError(t, err)
	for _, i := range d.open {
		_, err = opened[incident.WaySlack].Send(t.Context(), notify.Message{
			Kind: incident.MessageOpened, To: notify.Recipient{ID: "slack/" + i.Team}, Incident: i, Attempt: 1, Number: 1,
			Board: fmt.Sprintf("https://board.example.org/incidents/%d", i.ID),
		})
		require.NoError(t, err)
	}
	return d, s, callback.New(callback.Options{Desk: d, Now: func() time.Time { return now }})
}

// did is what the desk was asked for.
func did(d *desk) string {
	var all []string
	for _, in := range d.inputs {
		a := in.(incident.Acknowledge)
		text := fmt.Sprintf("%d %s %s", a.Incident, a.Person, a.Via)
		if !a.Until.IsZero() {
			text += " until " + a.Until.Format("15:04")
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func TestButtonsInSlack(t *testing.T) {
	cases := []struct {
		name  string
		press slacktest.Press
		done  string
		said  string
	}{
		{"acknowledge", slacktest.Press{User: "U0123ASHA", Name: "asha.r", Action: notify.SlackAcknowledge}, "3 asha slack", "Thank you, Asha. Incident 3 is yours."},
		{"posted three times", slacktest.Press{User: "U0123ASHA", Action: notify.SlackAcknowledge, Times: 3}, "3 asha slack", "Thank you, Asha. Incident 3 is yours."},
		{"snooze", slacktest.Press{User: "U0123ASHA", Action: notify.SlackSnooze, Choice: "for 1 h", Times: 2}, "3 asha slack until 23:15", "Thank you, Asha. Incident 3 is yours, and you are asked again in 1 h 0 min."},
		{"a stranger", slacktest.Press{User: "U0999WHO", Name: "who", Action: notify.SlackAcknowledge}, "3 who (Slack) slack", "Thank you, Who (Slack). Incident 3 is yours."},
		{"a stranger who takes somebody's name", slacktest.Press{User: "U0999WHO", Name: "asha\n", Action: notify.SlackAcknowledge}, "3 asha (Slack) slack", "Thank you, Asha (Slack). Incident 3 is yours."},
		{"a link", slacktest.Press{User: "U0123ASHA", Action: "tocsin_link_board"}, "", ""},
		{"no choice", slacktest.Press{User: "U0123ASHA", Action: notify.SlackSnooze}, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, s, to := slackDesk(t)
			c.press.At = now
			require.Equal(t, http.StatusOK, s.Press(t.Context(), to, s.Messages()[0], c.press))
			require.Equal(t, c.done, did(d))
			var said []string
			for _, w := range s.Whispers() {
				require.Equal(t, c.press.User, w.User)
				said = append(said, w.Text)
			}
			require.Equal(t, c.said, strings.Join(said, "; "))
		})
	}
}

func TestWhoHasItInSlack(t *testing.T) {
	d, s, to := slackDesk(t)
	d.open[0].Owner = "ben"
	press := slacktest.Press{User: "U0123ASHA", Action: notify.SlackAcknowledge, At: now}
	require.Equal(t, http.StatusOK, s.Press(t.Context(), to, s.Messages()[0], press))
	d.open[0].Owner, d.open[0].Closed = "", now
	press.Action, press.Choice = notify.SlackSnooze, "for 4 h"
	require.Equal(t, http.StatusOK, s.Press(t.Context(), to, s.Messages()[0], press))
	require.Empty(t, did(d))
	require.Equal(t, "Ben has incident 3 already.", s.Whispers()[0].Text)
	require.Equal(t, "Incident 3 is over.", s.Whispers()[1].Text)
}

func TestOnlySlackPressesButtons(t *testing.T) {
	press := func(change func(*slacktest.Press)) slacktest.Press {
		p := slacktest.Press{User: "U0123ASHA", Action: notify.SlackAcknowledge, At: now}
		change(&p)
		return p
	}
	cases := map[string]slacktest.Press{
		"another secret":          press(func(p *slacktest.Press) { p.Secret = "guessed" }),
		"too old":                 press(func(p *slacktest.Press) { p.At = now.Add(-5*time.Minute - time.Second) }),
		"from the future":         press(func(p *slacktest.Press) { p.At = now.Add(5*time.Minute + time.Second) }),
		"of another team's app":   press(func(p *slacktest.Press) { p.Secret = "another app's" }),
		"an empty secret":         press(func(p *slacktest.Press) { p.Secret = "\n" }),
		"another team's incident": press(func(p *slacktest.Press) { p.Name = "apply" }),
	}
	for name, p := range cases {
		t.Run(name, func(t *testing.T) {
			d, s, to := slackDesk(t)
			m := s.Messages()[0]
			if p.Name == "apply" {
				m = s.Messages()[1]
			}
			require.Equal(t, http.StatusForbidden, s.Press(t.Context(), to, m, p))
			require.Empty(t, did(d))
			require.Empty(t, s.Whispers())
		})
	}
}

// TestTheSignatureIsThePublishedClients holds our check to the published
// client's, over what somebody on the way could change.
func TestTheSignatureIsThePublishedClients(t *testing.T) {
	d, _, _ := slackDesk(t)
	at := time.Now()
	to := callback.New(callback.Options{Desk: d, Now: func() time.Time { return at }})
	body := "payload=%7B%22type%22%3A%22other%22%7D"
	changes := map[string]func(r *http.Request) string{
		"nothing":  func(*http.Request) string { return body },
		"the body": func(*http.Request) string { return body + "&x=1" },
		"the time": func(r *http.Request) string {
			r.Header.Set("X-Slack-Request-Timestamp", fmt.Sprint(at.Unix()-1))
			return body
		},
		"no time":            func(r *http.Request) string { r.Header.Del("X-Slack-Request-Timestamp"); return body },
		"no signature":       func(r *http.Request) string { r.Header.Del("X-Slack-Signature"); return body },
		"an empty signature": func(r *http.Request) string { r.Header.Set("X-Slack-Signature", "v0="); return body },
		"half the signature": func(r *http.Request) string {
			r.Header.Set("X-Slack-Signature", r.Header.Get("X-Slack-Signature")[:35])
			return body
		},
		"no hexadecimal": func(r *http.Request) string {
			r.Header.Set("X-Slack-Signature", "v0="+strings.Repeat("x", 64))
			return body
		},
		"a time with letters": func(r *http.Request) string { r.Header.Set("X-Slack-Request-Timestamp", "soon"); return body },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			signed := slacktest.Sign(t.Context(), "/callback/slack", body, slacktest.SignedBy, at)
			sent := change(signed)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/callback/slack", strings.NewReader(sent))
			r.Header = signed.Header
			w := httptest.NewRecorder()
			to.ServeHTTP(w, r)
			verifier, err := slack.NewSecretsVerifier(signed.Header, slacktest.SignedBy)
			if err == nil {
				_, _ = verifier.Write([]byte(sent))
				err = verifier.Ensure()
			}
			require.Equal(t, err == nil, w.Code == http.StatusOK, "%d, %v", w.Code, err)
			require.Equal(t, name == "nothing", w.Code == http.StatusOK)
		})
	}
}

func TestAPressThatCannotBeStoredIsPostedAgain(t *testing.T) {
	d, s, to := slackDesk(t)
	d.err = fmt.Errorf("the disk is full")
	press := slacktest.Press{User: "U0123ASHA", Action: notify.SlackAcknowledge, At: now}
	require.Equal(t, http.StatusServiceUnavailable, s.Press(t.Context(), to, s.Messages()[0], press))
	d.err = nil
	require.Equal(t, http.StatusOK, s.Press(t.Context(), to, s.Messages()[0], press))
	require.Equal(t, "3 asha slack", did(d))
}

// TestSlackIsAnsweredBeforeThePersonIs: what the person is told goes out after
// the whole answer, so that a slow Slack does not make its own button fail.
func TestSlackIsAnsweredBeforeThePersonIs(t *testing.T) {
	_, s, to := slackDesk(t)
	s.Misbehave("chat.postEphemeral", slacktest.Fault{Stall: true})
	server := httptest.NewServer(to)
	defer server.CloseClientConnections()
	r := s.Request(t.Context(), s.Messages()[0], slacktest.Press{User: "U0123ASHA", Action: notify.SlackAcknowledge, At: now})
	r.RequestURI = ""
	var err error
	r.URL, err = r.URL.Parse(server.URL + "/callback/slack")
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Empty(t, s.Whispers())
	s.End()
	server.Close()
}

func TestNoBotNoCallback(t *testing.T) {
	d := newDesk(t, "{}")
	code, _ := answered(t, d, "/callback/slack", nil, "payload={}")
	require.Equal(t, http.StatusNotFound, code)
}

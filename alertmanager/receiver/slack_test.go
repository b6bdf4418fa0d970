package receiver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify/slacktest"
)

// How long a test waits for what happens by itself, and how often it looks.
const (
	soon  = time.Minute
	often = 5 * time.Millisecond
)

// workspace is a house whose team shop has a bot in Slack.
type workspace struct {
	*house
	slack *slacktest.Server
	door  http.Handler
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{house: newHouse(t), slack: slacktest.New(t)}
	w.write("slack-token", slacktest.Token)
	w.write("slack-signing", slacktest.SignedBy)
	w.write("asha.yml", "email: asha@example.org\nntfy: asha\nslack: U0123ASHA\n")
	w.catalog(strings.Replace(estate, "channels: {email: {to: [shop@example.org]}}",
		"channels: {slack: {channel: '#alerts', bot_token_file: slack-token, signing_secret_file: slack-signing, api: '"+w.slack.URL()+"'}}", 1))
	w.reload()
	w.door = callback.New(callback.Options{Desk: w.receiver.Callbacks(), Now: w.now})
	return w
}

// told waits until so many messages were handed over to Slack, and gives what
// is in the channel.
func (w *workspace) told(handedOver int) []slacktest.Message {
	w.t.Helper()
	w.settled(1, func(i incident.Incident) bool {
		n := 0
		for _, m := range i.Messages {
			for _, d := range m.Deliveries {
				if d.Way == incident.WaySlack && d.State == incident.DeliverySent {
					n++
				}
			}
		}
		return n == handedOver
	})
	return w.slack.Messages()
}

func (w *workspace) press(m slacktest.Message, p slacktest.Press) {
	w.t.Helper()
	p.At = w.now()
	require.Equal(w.t, http.StatusOK, w.slack.Press(w.t.Context(), w.door, m, p))
}

// TestAnIncidentInSlack: message, button, edited message, thread, end, and back
// again.
func TestAnIncidentInSlack(t *testing.T) {
	w := newWorkspace(t)
	down := w.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, w.post(down))
	first := w.told(1)[0]
	require.Contains(t, first.Text, "CRITICAL: shop has ServiceDown")

	w.press(first, slacktest.Press{User: "U0123ASHA", Name: "asha", Action: notify.SlackAcknowledge, Times: 3})
	require.Equal(t, "asha", w.settled(1, func(i incident.Incident) bool { return i.Owner != "" }).Owner)
	require.Equal(t, []slacktest.Whisper{{User: "U0123ASHA", Text: "Thank you, Asha Rao. Incident 1 is yours."}}, w.slack.Whispers())
	messages := w.told(2)
	require.Len(t, messages, 2)
	require.Contains(t, string(messages[0].Blocks), "CRITICAL (Asha Rao has it)")
	require.Equal(t, "Asha Rao has taken it on.", messages[1].Text)

	w.press(messages[0], slacktest.Press{User: "U0123ASHA", Action: notify.SlackSnooze, Choice: "for 4 h"})
	snoozed := w.settled(1, func(i incident.Incident) bool { return i.Snoozed })
	require.WithinDuration(t, w.now().Add(4*time.Hour), snoozed.OwnedUntil, time.Minute)
	require.Contains(t, string(w.told(3)[0].Blocks), "asked again", "the message shows until when")

	require.Equal(t, 200, w.post(w.ended(down)))
	messages = w.told(4)
	require.Len(t, messages, 4)
	require.Contains(t, string(messages[0].Blocks), "RESOLVED")
	require.Contains(t, messages[3].Text, "This thread is closed")
	w.press(first, slacktest.Press{User: "U0123ASHA", Action: notify.SlackAcknowledge})
	require.Equal(t, "Incident 1 is over.", w.slack.Whispers()[2].Text)

	w.later(time.Minute)
	require.Equal(t, 200, w.post(w.firing("ServiceDown", "critical", "users")))
	messages = w.told(5)
	require.True(t, messages[4].Broadcast)
	require.Equal(t, messages[0].TS, messages[4].Thread, "one message for one incident")
}

// TestSomebodyInSlackWhomTheCatalogueDoesNotHave takes an incident on under
// the account's name: nobody is rung up, and that is asked again in time.
func TestSomebodyInSlackWhomTheCatalogueDoesNotHave(t *testing.T) {
	w := newWorkspace(t)
	require.Equal(t, 200, w.post(w.firing("ServiceDown", "critical", "users")))
	first := w.told(1)[0]
	w.press(first, slacktest.Press{User: "U0999", Name: "jo.b", Action: notify.SlackAcknowledge})
	require.Equal(t, "jo.b (Slack)", w.settled(1, func(i incident.Incident) bool { return i.Owner != "" }).Owner)
	require.Contains(t, string(w.told(2)[0].Blocks), "jo.b (Slack) has it")
	w.later(10 * time.Minute)
	i := w.settled(1, func(incident.Incident) bool { return true })
	require.False(t, sent("asha", incident.WayPush)(i) && i.Paging.Last.After(i.Acknowledged), "nobody is rung up")
	w.later(4 * time.Hour)
	w.settled(1, func(i incident.Incident) bool { return i.Owner == "" && !i.Paging.Last.IsZero() })
}

// TestSlackHasABadDay: everything that Slack can do to one message, and it is
// there once, in the end.
func TestSlackHasABadDay(t *testing.T) {
	w := newWorkspace(t)
	w.slack.Misbehave("chat.postMessage", slacktest.Cut(), slacktest.Refusal("internal_error"))
	w.slack.Misbehave("conversations.history", slacktest.Refusal("fatal_error"), slacktest.Fault{Status: 502})
	require.Equal(t, 200, w.post(w.firing("ServiceDown", "critical", "users")))
	for range 4 { // the waits between the attempts
		calls := len(w.slack.Calls())
		w.later(time.Minute)
		require.Eventually(t, func() bool {
			return len(w.slack.Calls()) > calls || sent("slack/shop", incident.WaySlack)(w.settled(1, whatever))
		}, soon, often)
	}
	w.told(1)
	require.Len(t, w.slack.Messages(), 1)

	w.slack.Misbehave("chat.update", slacktest.Busy(120))
	w.press(w.slack.Messages()[0], slacktest.Press{User: "U0123ASHA", Action: notify.SlackAcknowledge})
	require.Eventually(t, func() bool { return strings.Count(strings.Join(w.slack.Calls(), " "), "chat.update") >= 2 }, soon, often)
	require.NotContains(t, string(w.slack.Messages()[0].Blocks), "Asha Rao has it", "it waits as long as Slack asked for")
}

func whatever(incident.Incident) bool { return true }

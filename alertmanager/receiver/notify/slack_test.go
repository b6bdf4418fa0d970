package notify_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify/slacktest"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// bot is the Slack channel of team t before a fake Slack.
type bot struct {
	*slacktest.Server
	notify.Channel
	*place
	folder string
}

func newBot(t *testing.T) *bot {
	t.Helper()
	b := &bot{Server: slacktest.New(t), place: &place{t: t, way: incident.WaySlack}, folder: t.TempDir()}
	for name, text := range map[string]string{"token": slacktest.Token, "signing": slacktest.SignedBy} {
		require.NoError(t, os.WriteFile(filepath.Join(b.folder, name), []byte(text+"\n"), 0o600))
	}
	b.open("#" + slacktest.Name)
	return b
}

// open begins another life of the channel.
func (b *bot) open(channel string) {
	b.t.Helper()
	c, err := catalog.Parse(filepath.Join(b.folder, "tocsin.yml"), fmt.Appendf(nil, `
links: {board: 'https://board.example.org'}
delivery: {receiver: {url: 'http://127.0.0.1:10211', token_file: token}}
monitoring: {team: t}
teams: {t: {channels: {slack: {channel: %q, bot_token_file: token, signing_secret_file: signing, api: %q}}}}
services: {s: {team: t, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}
`, channel, b.URL()))
	require.NoError(b.t, err)
	opened, err := notify.Open(notify.Settings{Catalog: c})
	require.NoError(b.t, err)
	b.Channel = opened[incident.WaySlack]
}

func (b *bot) send(m notify.Message) string {
	b.t.Helper()
	receipt, err := b.Send(b.t.Context(), m)
	require.NoError(b.t, err)
	return receipt.Thread
}

func (b *bot) fails(m notify.Message) *notify.Error {
	b.t.Helper()
	_, err := b.Send(b.t.Context(), m)
	var refusal *notify.Error
	require.ErrorAs(b.t, err, &refusal)
	require.NotContains(b.t, err.Error(), slacktest.Token)
	require.NotContains(b.t, err.Error(), "http://")
	return refusal
}

func TestOneSlackMessageAndItsThread(t *testing.T) {
	b := newBot(t)
	at := b.send(b.next(incident.MessageOpened, "shop is down", ""))
	require.Equal(t, slacktest.Channel, strings.Fields(at)[0])
	first := b.Messages()[0]
	require.Contains(t, first.Text, "CRITICAL: shop is down")
	for _, want := range []string{
		"🔴 CRITICAL: shop is down", "Users cannot use shop.", "payments", "nobody yet", "Acknowledge", "Snooze", "for 30 min", "for 4 h",
		"https://wiki.example.org/shop", "https://grafana.example.org/d/1", "https://board.example.org/incidents/7", "Incident 7 · users · team t",
	} {
		require.Contains(t, string(first.Blocks), want)
	}

	m := b.next(incident.MessageAcknowledged, "has taken it on", at)
	m.Owner, m.Incident.Owner, m.Incident.Acknowledged = "Ben Carter", "ben", m.At
	require.Equal(t, at, b.send(m))
	messages := b.Messages()
	require.Len(t, messages, 2)
	require.Equal(t, 1, messages[0].Edits)
	require.Contains(t, string(messages[0].Blocks), "👤 CRITICAL (Ben Carter has it): shop is down")
	require.Contains(t, string(messages[0].Blocks), "Ben Carter, since Mon 23 Nov 22:13:00 UTC")
	require.Equal(t, messages[0].TS, messages[1].Thread)
	require.Equal(t, "Ben Carter has taken it on.", messages[1].Text)
	require.False(t, messages[1].Broadcast)

	b.send(closed(b.next(incident.MessageResolved, "all its alerts have resolved", at)))
	messages = b.Messages()
	require.Len(t, messages, 3)
	require.Contains(t, string(messages[0].Blocks), "✅ RESOLVED after 4 min: shop is down")
	require.NotContains(t, string(messages[0].Blocks), notify.SlackAcknowledge, "there is nothing to acknowledge any more")
	require.Contains(t, messages[2].Text, "This thread is closed")

	b.send(b.next(incident.MessageReopened, "it is back; shop is down", at))
	messages = b.Messages()
	require.Len(t, messages, 4)
	require.Contains(t, string(messages[0].Blocks), notify.SlackAcknowledge)
	require.True(t, messages[3].Broadcast, "the channel hears that it is back")
}

func TestAStepOfTheEscalationIsShownInTheChannelOnce(t *testing.T) {
	b := newBot(t)
	at := b.send(b.next(incident.MessageOpened, "", ""))
	for _, step := range []int{0, 0, 1, 1, 1} {
		b.sent = append(b.sent, incident.Message{
			Number: len(b.sent) + 1, Kind: incident.MessagePage, Step: step, Ways: []string{"push"},
			At: time.Date(2026, 11, 23, 22, 30, 0, 0, time.UTC), To: []incident.Role{incident.RoleOnCall},
		})
		b.send(b.next(incident.MessagePage, "nobody has acknowledged it yet", at))
	}
	var loud []bool
	for _, reply := range b.Messages()[1:] {
		loud = append(loud, reply.Broadcast)
	}
	require.Equal(t, []bool{true, false, true, false, false}, loud)
}

func TestASlackMessageIsWrittenOnce(t *testing.T) {
	for _, channel := range []string{"#" + slacktest.Name, slacktest.Channel} {
		t.Run(channel, func(t *testing.T) {
			b := newBot(t)
			b.open(channel)
			m := b.next(incident.MessageOpened, "", "")
			b.Misbehave("chat.postMessage", slacktest.Cut()) // Slack took it, and nobody knows
			require.False(t, b.fails(m).Permanent)
			b.open(channel) // another life
			m.Attempt = 2
			at := b.send(m)
			require.Len(t, b.Messages(), 1)
			require.Equal(t, 1, b.Messages()[0].Edits)

			news := b.next(incident.MessageUpdate, "payments is down", at)
			b.Misbehave("chat.postMessage", slacktest.Cut())
			require.False(t, b.fails(news).Permanent)
			b.open(channel)
			news.Attempt = 2
			b.send(news)
			require.Len(t, b.Messages(), 2, "the reply is there already")
		})
	}
}

func TestOtherIncidentsOfTheChannelAreNotMistaken(t *testing.T) {
	b := newBot(t)
	for range 3 {
		b.send(b.next(incident.MessageOpened, "", ""))
		b.open("#" + slacktest.Name)
		b.sent = nil
	}
	require.Len(t, b.Messages(), 3)
	m := b.next(incident.MessageOpened, "", "")
	m.Attempt, m.Incident.ID, m.Board = 2, 8, "https://board.example.org/incidents/8"
	b.send(m)
	require.Len(t, b.Messages(), 4, "the others are of another incident")
	b.open("#" + slacktest.Name)
	at := b.send(m)
	require.Len(t, b.Messages(), 4)
	require.Contains(t, at, b.Messages()[3].TS)
}

// TestWhatWasGivenUpIsFoundByTheNext: Slack took the first message, and
// nobody ever knew.
func TestWhatWasGivenUpIsFoundByTheNext(t *testing.T) {
	b := newBot(t)
	b.Misbehave("chat.postMessage", slacktest.Cut())
	b.fails(b.next(incident.MessageOpened, "", ""))
	b.send(b.next(incident.MessageUpdate, "payments is slow", ""))
	require.Len(t, b.Messages(), 2)
	require.NotEmpty(t, b.Messages()[1].Thread)
}

func TestADeletedSlackMessageIsWrittenAgain(t *testing.T) {
	b := newBot(t)
	at := b.send(b.next(incident.MessageOpened, "", ""))
	b.Delete(b.Messages()[0].TS)
	again := b.send(b.next(incident.MessageUpdate, "worse", at))
	require.NotEqual(t, at, again)
	require.Len(t, b.Messages(), 1)
	b.Misbehave("chat.update", slacktest.Refusal("edit_window_closed"))
	b.send(b.next(incident.MessageUpdate, "worse still", again))
	require.Len(t, b.Messages(), 2, "the thread goes on where the message cannot be edited")
}

func TestWhatSlackAnswers(t *testing.T) {
	cases := []struct {
		name      string
		fault     slacktest.Fault
		permanent bool
		wait      time.Duration
		text      string
	}{
		{"over the limit", slacktest.Busy(17), false, 17 * time.Second, "429"},
		{"a fault of theirs", slacktest.Refusal("internal_error"), false, 0, "Slack refused: internal_error"},
		{"something new", slacktest.Refusal("moon_phase"), false, 0, "moon_phase"},
		{"an injection", slacktest.Refusal("<!channel> \n&"), false, 0, "Slack refused: channel"},
		{"a token that is revoked", slacktest.Refusal("token_revoked"), true, 0, "teams.t.channels.slack.bot_token_file holds no token that is good"},
		{"no such channel", slacktest.Refusal("channel_not_found"), true, 0, "teams.t.channels.slack.channel names no channel"},
		{"not invited", slacktest.Refusal("not_in_channel"), true, 0, "invite the bot to the channel"},
		{"a scope", slacktest.Refusal("missing_scope"), true, 0, "docs/slack.md"},
		{"no JSON", slacktest.Fault{Status: 200, Body: "<html>"}, false, 0, "did not come whole"},
		{"no answer", slacktest.Fault{}, false, 0, "the connection broke; the message may have arrived"},
		{"down", slacktest.Fault{Status: 503}, false, 0, "503"},
		{"a proxy's no", slacktest.Fault{Status: 403}, true, 0, "403"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBot(t)
			b.Misbehave("chat.postMessage", c.fault)
			m := b.next(incident.MessageOpened, "", "")
			refusal := b.fails(m)
			require.Equal(t, c.permanent, refusal.Permanent)
			require.Equal(t, c.wait, refusal.RetryAfter)
			require.Contains(t, refusal.Error(), c.text)
			if c.wait > 0 {
				m.Attempt = 2
				require.NotZero(t, b.fails(m).RetryAfter)
				require.Len(t, b.Calls(), 1, "Slack is left alone until then")
				return
			}
			m.Attempt = 2
			b.send(m)
		})
	}
}

func TestABotThatMayNotReadStillWrites(t *testing.T) {
	b := newBot(t)
	b.Misbehave("users.conversations", slacktest.Refusal("missing_scope"))
	m := b.next(incident.MessageOpened, "", "")
	m.Attempt = 2
	b.send(m)
	b.open(slacktest.Channel)
	b.Misbehave("conversations.history", slacktest.Refusal("missing_scope"))
	b.send(m)
	require.Len(t, b.Messages(), 2, "twice rather than never")
}

// TestHostileTextInSlack: the fake refuses what Slack would read as its own.
func TestHostileTextInSlack(t *testing.T) {
	b := newBot(t)
	hostile := "<!channel> <!here> @channel <@U1|x> <https://evil.example.org|Acknowledge> *b* _i_ ~s~ `c` :fire: &amp; > quote"
	m := b.next(incident.MessageOpened, "", "")
	for name := range m.Incident.Alerts[0].Annotations {
		m.Incident.Alerts[0].Annotations[name] = strings.Repeat(hostile+"\n&<>", 200)
	}
	for n := range 40 {
		other := m.Incident.Alerts[0]
		other.Fingerprint = fmt.Sprint(n)
		m.Incident.Alerts = append(m.Incident.Alerts, other)
		also := m.Incident
		also.Service = hostile
		m.Also = append(m.Also, also)
	}
	m.Owner, m.Works = hostile, []string{strings.Repeat(hostile, 50)}
	at := b.send(m)
	next := b.next(incident.MessageUpdate, strings.Repeat(hostile, 100), at)
	next.Owner = hostile
	b.send(next)
	for _, sent := range b.Messages() {
		var blocks []struct {
			Type string
			Text *struct {
				Type  string
				Emoji *bool
			}
			Fields []struct{ Type, Text string }
		}
		require.NoError(t, json.Unmarshal(sent.Blocks, &blocks))
		for _, block := range blocks {
			if block.Text != nil {
				require.Equal(t, "plain_text", block.Text.Type)
				require.NotNil(t, block.Text.Emoji)
			}
			for n, field := range block.Fields {
				if field.Type != "plain_text" {
					require.Zero(t, n%2)
					require.Regexp(t, `^\*[A-Z][a-z ]+\*$`, field.Text, "only our own words are formatted")
				}
			}
		}
	}
}

func TestABotWithoutASecretHasOnlyLinks(t *testing.T) {
	b := newBot(t)
	c, err := catalog.Parse(filepath.Join(b.folder, "tocsin.yml"), fmt.Appendf(nil, `
delivery: {receiver: {url: 'http://127.0.0.1:10211', token_file: token}}
monitoring: {team: t}
teams: {t: {channels: {slack: {channel: C0123ALERTS, bot_token_file: token, api: %q}}}}
services: {s: {team: t, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}
`, b.URL()))
	require.NoError(t, err)
	opened, err := notify.Open(notify.Settings{Catalog: c})
	require.NoError(t, err)
	b.Channel = opened[incident.WaySlack]
	b.send(b.next(incident.MessageOpened, "", ""))
	require.NotContains(t, string(b.Messages()[0].Blocks), notify.SlackAcknowledge)
	require.Contains(t, string(b.Messages()[0].Blocks), "Runbook")
	m := b.next(incident.MessageOpened, "", "")
	m.To.ID = "slack/gone"
	require.True(t, b.fails(m).Permanent)
}

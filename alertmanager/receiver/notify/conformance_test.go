package notify_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The one suite over all channels that reach people and teams' tools: what every
// provider may answer, what must never be told, how a send ends that nobody
// answers.

const (
	secret  = "s3cr3t-t0ken"
	address = "asha-the-topic"
	mailbox = "asha.the.person@example.org"
)

// provider is a fake of one kind of server.
type provider interface {
	catalogue() string       // of delivery, or of a team's channels for a tool, with the secret in a file named "secret"
	answer(code int)         // from now on; or one of stalls, cuts and cutsEnd
	taken() string           // what the last message said: headers and texts
	markup() string          // the part of it that is HTML
	code(meaning string) int // of "success", "temporary", "permanent"
	says() []string          // what the message of the suite must say
}

// everything is what a channel says that has the room.
var everything = []string{
	"CRITICAL: shop is down", "Users cannot use shop.", "Mon 23 Nov 22:10:00 UTC", "Probe home fails in 1 of 1 locations.", "payments",
	"https://board.example.org/acknowledge/abc.def", "https://board.example.org/incidents/7", "https://wiki.example.org/shop",
}

func providers(t *testing.T) map[string]provider {
	return map[string]provider{
		"email/smtp": newMailServer(t), "push/ntfy": newPushServer(t), "push/pushover": newPushoverServer(t),
		"sms/govuk_notify": newGovukServer(t, "sms"), "email/govuk_notify": newGovukServer(t, "email"),
		"sms/twilio": newTwilioServer(t, "sms"), "voice/twilio": newTwilioServer(t, "voice"),
		"pagerduty/pagerduty": newPagerDutyServer(t), "victorops/victorops": newVictorOpsServer(t),
		"slack/slack": newWorkspace(t), "issue/github": newHosting(t),
		"webhook/webhook": newWebhookServer(t),
	}
}

// hidden is what no error may tell.
var hidden = []string{secret, address, mailbox, phone, dialled, pushoverUser, "http://"}

func channels(t *testing.T, p provider) notify.Channels {
	t.Helper()
	return channelsAt(t, p, "", nil)
}

// fakeAddress is where a fake serves, in the catalogue.
var fakeAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// channelsAt has the channels look for the provider at another address, unless
// it is empty.
func channelsAt(t *testing.T, p provider, base string, client *http.Client) notify.Channels {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secret"), []byte(secret+"\n"), 0o600))
	delivery, team, accounts := p.catalogue(), "slack: {channel: '#x', webhook_file: secret}", ""
	switch own := p.(type) {
	case *toolServer:
		delivery, team = "", team+", "+delivery
	case *workspace:
		delivery, team = "", delivery
	case *hosting:
		delivery, team, accounts = "", delivery, own.accounts()
	}
	if base != "" {
		delivery, team, accounts = fakeAddress.ReplaceAllString(delivery, base), fakeAddress.ReplaceAllString(team, base), fakeAddress.ReplaceAllString(accounts, base)
	}
	c, err := catalog.Parse(filepath.Join(folder, "tocsin.yml"), []byte(accounts+
		"links: {board: 'https://board.example.org'}\ndelivery: {receiver: {url: 'http://127.0.0.1:10211', token_file: secret}, "+delivery+"}\nmonitoring: {team: t, break_glass: [{slack: {channel: '#x', webhook_file: secret}}]}\nteams: {t: {channels: {"+team+"}}}\nservices: {s: {team: t, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}\n"))
	require.NoError(t, err)
	opened, err := notify.Open(notify.Hurried(notify.Settings{Catalog: c, HTTP: client}))
	require.NoError(t, err)
	return opened
}

// suiteStart is when the fault of the suite's message began.
var suiteStart = time.Date(2026, 11, 23, 22, 10, 0, 0, time.UTC)

func message(kind notify.Kind) notify.Message {
	start := suiteStart
	m := notify.Message{
		ID: "7.1.asha." + kind.Way, Number: 1, Attempt: 1, Callback: "https://board.example.org/callback", Kind: incident.MessageOpened, At: start.Add(time.Minute), Zone: time.UTC,
		To:    notify.Recipient{ID: "asha", Name: "Asha Rao"},
		Board: "https://board.example.org/incidents/7", AcknowledgeURL: "https://board.example.org/acknowledge/abc.def",
		Incident: incident.Incident{
			ID: 7, Key: incident.Key{Service: "shop", Audience: incident.AudienceUsers}, Team: "shop", Severity: incident.SeverityCritical,
			Opened: start.Add(time.Minute), Since: start.Add(time.Minute),
			Alerts: []incident.Alert{{
				Fingerprint: "f", StartsAt: start, ReceivedAt: start.Add(time.Minute), Labels: map[string]string{"alertname": "ServiceDown", "severity": "critical", "dependency": "payments"},
				Annotations: map[string]string{
					"summary": "shop is down", "impact": "Users cannot use shop.", "description": "Probe home fails in 1 of 1 locations.",
					"runbook_url": "https://wiki.example.org/shop", "dashboard_url": "https://grafana.example.org/d/1",
				},
			}},
		},
	}
	m.To.Contacts = notify.Contacts{Email: mailbox, Ntfy: address, Phone: phone, Pushover: pushoverUser}
	if kind.Tool != nil {
		m.To, m.AcknowledgeURL, m.Kind = notify.Recipient{ID: notify.Place(kind.Way, "t")}, "", incident.MessagePage
	}
	return m
}

// each runs a test for every channel that reaches people or a team's tool.
func each(t *testing.T, test func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider)) {
	fakes := providers(t)
	for _, kind := range notify.Kinds() {
		if kind.Address == nil && kind.Tool == nil {
			continue // comments have a suite of their own
		}
		p := fakes[kind.Way+"/"+kind.Name]
		require.NotNilf(t, p, "the conformance suite has no fake for %s", kind.Name)
		t.Run(kind.Way+"/"+kind.Name, func(t *testing.T) {
			test(t, kind, channels(t, p)[kind.Way], p)
		})
	}
}

func TestEveryAnswerHasAMeaning(t *testing.T) {
	each(t, func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider) {
		for _, meaning := range []string{"success", "temporary", "permanent"} {
			t.Run(meaning, func(t *testing.T) {
				p.answer(p.code(meaning))
				receipt, err := channel.Send(t.Context(), message(kind))
				if meaning == "success" {
					require.NoError(t, err)
					require.NotEmpty(t, receipt.Thread)
					return
				}
				require.Error(t, err)
				require.Equal(t, meaning == "permanent", notify.IsPermanent(err), err.Error())
			})
		}
	})
}

func TestNoErrorTellsASecretOrAnAddress(t *testing.T) {
	each(t, func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider) {
		for _, meaning := range []string{"temporary", "permanent"} {
			p.answer(p.code(meaning))
			_, err := channel.Send(t.Context(), message(kind))
			for _, text := range hidden {
				require.NotContains(t, err.Error(), text)
			}
		}
		p.answer(0)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := channel.Send(ctx, message(kind))
		require.Error(t, err)
		for _, text := range hidden {
			require.NotContains(t, err.Error(), text)
		}
	})
}

// TestAConnectionThatIsCut: what was not answered may not have been taken, so
// it is sent again, as the same message; what was answered well was taken.
func TestAConnectionThatIsCut(t *testing.T) {
	each(t, func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider) {
		m := message(kind)
		p.answer(cuts)
		_, err := channel.Send(t.Context(), m)
		require.Error(t, err)
		require.False(t, notify.IsPermanent(err), err.Error())
		for _, text := range hidden {
			require.NotContains(t, err.Error(), text)
		}
		if kind.Name != "smtp" && kind.Name != "slack" && kind.Name != "github" { // whose answers say what was made
			p.answer(cutsEnd)
			_, err = channel.Send(t.Context(), m)
			require.NoError(t, err)
		}
		before := p.taken()
		p.answer(p.code("success"))
		_, err = channel.Send(t.Context(), m)
		require.NoError(t, err)
		if _, ok := p.(*toolServer); ok {
			require.Equal(t, before, p.taken(), "it is the same message")
		}
	})
}

func TestARefusalSaysWhenToComeBack(t *testing.T) {
	each(t, func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider) {
		if _, ok := p.(*toolServer); !ok {
			return
		}
		p.answer(http.StatusTooManyRequests)
		_, err := channel.Send(t.Context(), message(kind))
		refusal, ok := errors.AsType[*notify.Error](err)
		require.True(t, ok)
		require.Equal(t, 7*time.Second, refusal.RetryAfter)
	})
}

func TestASendEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider) {
		p.answer(0)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := channel.Send(ctx, message(kind))
			ended <- err
		}()
		cancel()
		select {
		case err := <-ended:
			require.Error(t, err)
			require.False(t, notify.IsPermanent(err))
		case <-time.After(10 * time.Second):
			t.Fatal("Send goes on after its context has ended")
		}
	})
}

func TestAMessageSaysWhatPeopleNeed(t *testing.T) {
	each(t, func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider) {
		p.answer(p.code("success"))
		_, err := channel.Send(t.Context(), message(kind))
		require.NoError(t, err)
		for _, want := range p.says() {
			require.Contains(t, p.taken(), want)
		}
		require.NotContains(t, p.taken(), secret)
	})
}

// TestHostileTextStaysText sends what an attacker who controls labels and
// annotations would.
func TestHostileTextStaysText(t *testing.T) {
	each(t, func(t *testing.T, kind notify.Kind, channel notify.Channel, p provider) {
		p.answer(p.code("success"))
		m := message(kind)
		m.News, m.Kind = "a\r\nBcc: victim@example.org", incident.MessageUpdate
		m.To.Name = "Asha\r\nBcc: victim@example.org"
		m.Incident.Alerts[0].Annotations = map[string]string{
			"summary": "down\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>\u202e\u0000", "description": "\r\n.\r\nMAIL FROM:<x>\r\n<img src=x onerror=1>" + strings.Repeat("ж", 10_000),
			"runbook_url": "javascript:alert(1)", "dashboard_url": "https://x.example.org/\r\nX-Injected: 1",
		}
		_, err := channel.Send(t.Context(), m)
		require.NoError(t, err)
		wire := p.taken()
		headers, _, _ := strings.Cut(wire, "\n\n")
		for line := range strings.Lines(headers) {
			require.NotRegexp(t, `(?i)^(Bcc|X-Injected|MAIL FROM)`, line)
		}
		require.NotContains(t, wire, "\u202e")
		require.NotContains(t, wire, "javascript:")
		require.NotContains(t, p.markup(), "<script")
		require.NotContains(t, p.markup(), "<img")
	})
}

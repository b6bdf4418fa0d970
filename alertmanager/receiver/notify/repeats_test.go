package notify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// TestNoTwoTextMessagesAreTheSame: networks block a number for an hour after 20
// of the same content (GOV.UK Notify's documentation), so that every repetition
// differs, also of what is no incident's.
func TestNoTwoTextMessagesAreTheSame(t *testing.T) {
	for name, p := range map[string]provider{"twilio": newTwilioServer(t, "sms"), "govuk_notify": newGovukServer(t, "sms")} {
		t.Run(name, func(t *testing.T) {
			p.answer(p.code("success"))
			channel := channels(t, p)[incident.WaySMS]
			seen := map[string]bool{}
			send := func(m notify.Message) {
				t.Helper()
				_, err := channel.Send(t.Context(), m)
				require.NoError(t, err)
				require.False(t, seen[p.taken()], p.taken())
				seen[p.taken()] = true
			}
			m := message(kind(t, incident.WaySMS))
			m.Incident.Alerts[0].Annotations["summary"] = strings.Repeat("shop is down ", 100) // what is cut may not take the difference with it
			for _, k := range []incident.MessageKind{incident.MessagePage, incident.MessageReminder} {
				for range 10 {
					m.Kind, m.Number = k, m.Number+1
					for attempt := range 2 {
						m.Attempt = attempt + 1
						send(m)
					}
				}
			}
			m.Said, m.Attempt = &notify.Text{State: "TEST", Subject: "TEST: Tocsin reaches you", Lead: "Asha asked for it."}, 1
			for range 10 {
				m.At = m.At.Add(time.Second)
				send(m)
			}
			require.Len(t, seen, 50)
		})
	}
}

// TestATextMessageIsNotPaidThreeTimes for a mark that an alert's author or an
// editor put there, or because it had to be cut.
func TestATextMessageIsNotPaidThreeTimes(t *testing.T) {
	p := newTwilioServer(t, "sms")
	p.answer(http.StatusCreated)
	m := message(kind(t, incident.WaySMS))
	m.Incident.Alerts[0].Annotations["summary"] = "🔥 “shop” isn’t there… " + strings.Repeat("x", 600)
	_, err := channels(t, p)[incident.WaySMS].Send(t.Context(), m)
	require.NoError(t, err)
	text := p.sent("Body")
	require.Regexp(t, `^[ -~]+$`, text)
	require.LessOrEqual(t, len(text), 459)
	require.Contains(t, text, `CRITICAL: "shop" isn't there...`)
	require.Contains(t, text, "Reply ACK 7.")
}

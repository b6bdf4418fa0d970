package callback_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

const (
	ashas, bens = "+447700900123", "+447700900124"
	stop        = "undelivered asha by sms: the person replied STOP to Twilio, which sends them no text messages until START comes from the phone"
	helps       = "Tocsin understands"
)

// replied is what the desk did after a text, and the answer to it.
func replied(t *testing.T, d *desk, from, text, id string) (did, answer string) {
	t.Helper()
	d.log = nil
	code, answer := fromTwilio(t, d, "/callback/twilio/sms", board, secret, "From", from, "Body", text, "MessageSid", id)
	require.Equal(t, http.StatusOK, code)
	return strings.Join(d.log, ";"), answer
}

// Asha was told of incidents 3 and 4, of 4 last; Ben of none.
func TestReplies(t *testing.T) {
	cases := []struct{ from, text, did, answer string }{
		{ashas, "ack", "acknowledge 4 asha sms", "Incident 4 is yours. Also open: ACK 3 (shop)."},
		{ashas, "ACK 3  ", "acknowledge 3 asha sms", "Incident 3 is yours.</Message>"},
		{ashas, " ack #3.\n", "acknowledge 3 asha sms", "Incident 3 is yours."},
		{ashas, "Ack3", "acknowledge 3 asha sms", "Incident 3 is yours."},
		{ashas, "ACK!!!", "acknowledge 4 asha sms", "Incident 4 is yours."},
		{ashas, "“Ack: 3”", "acknowledge 3 asha sms", "Incident 3 is yours."},
		{ashas, "ack-3 👍", "acknowledge 3 asha sms", "Incident 3 is yours."},
		{ashas, "A 3", "acknowledge 3 asha sms", "Incident 3 is yours."},
		{ashas, "RES 3!", "resolve 3 asha sms", "Incident 3 is closed."},
		{ashas, "res", "", "Which one? Reply RES 4 (market), RES 3 (shop)."},
		{ashas, "res 99", "", "You were not told of incident 99."},
		{ashas, "ack 99", "", "You were not told of incident 99."},
		{ashas, "ack 3?", "", helps},
		{ashas, "ack 3 4", "", helps},
		{ashas, "ack 3.5", "", helps},
		{ashas, "ack 12345678901234567890", "", helps},
		{ashas, "don't ack 3", "", helps},
		{ashas, "cancel 3", "", helps},
		{ashas, "what is this <about>?", "", helps},
		{ashas, "", "", helps},
		{ashas, " \n\u200b", "", helps},
		{ashas, "3", "", helps},
		{bens, "ack", "", "No open incident waits"},
		{bens, "ack 3", "", "You were not told of incident 3."},
		{bens, "res 3", "", "You were not told of incident 3."},
		{"+447700900999", "ack 3", "", "<Response/>"},
		{"", "ack 3", "", "<Response/>"},
		{ashas, "STOP", stop + ";" + stop, "<Response/>"},
		{ashas, "Stop.", stop + ";" + stop, "<Response/>"},
	}
	for n, c := range cases {
		t.Run(c.text+" from "+c.from, func(t *testing.T) {
			d := newDesk(t, deliveries)
			did, answer := replied(t, d, c.from, c.text, fmt.Sprint("SM", n))
			require.Equal(t, c.did, did)
			require.Contains(t, answer, c.answer)
		})
	}
}

// What somebody else has is not meant, nor what one has oneself while others
// wait; to close, it is.
func TestWhichIncidentAReplyMeans(t *testing.T) {
	for _, c := range []struct {
		name, third, fourth, text, did, answer string
	}{
		{"somebody has the last", "", "ben", "ack", "acknowledge 3 asha sms", "Incident 3 is yours.</Message>"},
		{"one has the last oneself", "", "asha", "ack", "acknowledge 3 asha sms", "Incident 3 is yours.</Message>"},
		{"one has both", "asha", "asha", "ack", "acknowledge 4 asha sms", "Incident 4 is yours.</Message>"},
		{"somebody has the one that is named", "ben", "", "ack 3", "", "Ben has incident 3 already."},
		{"somebody has all", "ben", "ben", "ack", "", "No open incident waits"},
		{"to close one's own", "asha", "", "res", "resolve 3 asha sms", "Incident 3 is closed."},
		{"to close the only one", "", "ben", "res", "resolve 3 asha sms", "Incident 3 is closed."},
		{"to close one of one's own", "asha", "asha", "res", "", "Which one?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, deliveries)
			d.open[0].Owner, d.open[1].Owner = c.third, c.fourth
			did, answer := replied(t, d, ashas, c.text, "SM1")
			require.Equal(t, c.did, did)
			require.Contains(t, answer, c.answer)
		})
	}
	d := newDesk(t, deliveries)
	d.open[0].Closed = now
	did, answer := replied(t, d, ashas, "ack 3", "SM1")
	require.Empty(t, did)
	require.Contains(t, answer, "Incident 3 is over.")
	d.open[1].Messages[0].Deliveries[0].Way = incident.WayVoice
	_, answer = replied(t, d, ashas, "ack 4", "SM2")
	require.Contains(t, answer, "Incident 4 is yours.", "told by a call is told")
}

// A telephone that a team passes on belongs to several people: whoever was told
// is meant, and of several the one who was told last.
func TestTwoPeopleWithOneNumber(t *testing.T) {
	d := newDesk(t, deliveries)
	d.numbers = map[string]string{"ben": ashas, "asha": ashas}
	d.open[0].Messages[0].Deliveries[0].Recipient = "ben"
	did, _ := replied(t, d, ashas, "ack 3", "SM1")
	require.Equal(t, "acknowledge 3 ben sms", did)
	did, _ = replied(t, d, ashas, "ack", "SM2")
	require.Equal(t, "acknowledge 4 asha sms", did)
	later := d.open[1].Messages[0]
	later.Number, later.At = 2, later.At.Add(time.Minute)
	later.Deliveries = []incident.Delivery{{Message: 2, Recipient: "ben", Way: incident.WaySMS, State: incident.DeliverySent}}
	d.open[1].Messages = append(d.open[1].Messages, later)
	did, _ = replied(t, d, ashas, "ack", "SM3")
	require.Equal(t, "acknowledge 4 ben sms", did)
}

// Twilio's signature has no time in it: what somebody has recorded does nothing
// when it is sent again, whatever it did or did not do at first.
func TestARecordedReplyDoesNothing(t *testing.T) {
	for _, text := range []string{"ack", "ack 3", "res 3", "res", "ack 99", "hello", "STOP"} {
		t.Run(text, func(t *testing.T) {
			d := newDesk(t, deliveries)
			before := d.open
			if text == "ack" || text == "STOP" {
				d.open = nil // there is nothing to be done yet
			}
			_, _ = replied(t, d, ashas, text, "SM1")
			d.open = append(before, told(99, "new", 2*time.Minute))
			did, answer := replied(t, d, ashas, text, "SM1")
			require.Empty(t, did)
			require.Contains(t, answer, "<Response/>")
			if did, _ = replied(t, d, ashas, "ack 99", "SM2"); did != "acknowledge 99 asha sms" {
				t.Fatalf("another message does something, not %q", did)
			}
		})
	}
}

// What could not be stored is no end of it: the provider is told so, and what it
// posts again is taken.
func TestAReplyThatCannotBeStored(t *testing.T) {
	d := newDesk(t, deliveries)
	d.err = errors.New("the disk is full")
	for _, text := range []string{"ack", "ack 3", "res 3", "STOP", "hello"} {
		code, _ := fromTwilio(t, d, "/callback/twilio/sms", board, secret, "From", ashas, "Body", text, "MessageSid", "SM1")
		require.Equal(t, http.StatusServiceUnavailable, code, text)
	}
	d.err = nil
	did, _ := replied(t, d, ashas, "ack 3", "SM1")
	require.Equal(t, "acknowledge 3 asha sms", did)
}

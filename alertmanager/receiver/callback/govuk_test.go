package callback_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const govuk = `{govuk_notify: {api_key_file: secret, callback_token_file: secret, sms_template: 01234567-89ab-cdef-0123-456789abcdef}}`

func TestCallbacksOfGovukNotify(t *testing.T) {
	cases := []struct {
		name, path, token, body string
		code                    int
		want                    string
	}{
		{"delivered", "status", secret, `{"reference":"3.1.asha.sms","status":"delivered","to":"x"}`, 204, "delivered asha by sms: "},
		{"failed", "status", secret, `{"reference":"3.1.asha.sms","status":"temporary-failure"}`, 204, "undelivered asha by sms: Notify says temporary-failure"},
		{"on its way", "status", secret, `{"reference":"3.1.asha.sms","status":"sending"}`, 204, "sent asha by sms: Notify: sending"},
		{"of a kind that nobody knows", "status", secret, `{"reference":"3.1.asha.sms","status":"x"}`, 204, ""},
		{"of others", "status", secret, `{"reference":null,"status":"delivered"}`, 204, ""},
		{"a wrong token", "status", "wrong", `{"reference":"3.1.asha.sms","status":"delivered"}`, 403, ""},
		{"no token", "text", "", `{"source_number":"447700900123","message":"ack 3"}`, 403, ""},
		{"no JSON", "status", secret, `reference=3`, 400, ""},
		{"a reply", "text", secret, `{"source_number":"447700900123","message":"Ack 3 "}`, 204, "acknowledge 3 asha sms;govuk_notify answers +447700900123: Thank you, Asha. Incident 3 is yours."},
		{"a word that nobody understands", "text", secret, `{"source_number":"447700900123","message":"Ok thanks"}`, 204, "govuk_notify answers +447700900123: Tocsin understands: ACK or ACK 3 (the incident's number) to take it on, RES 3 to close it."},
		{"STOP, while no text went out through Notify", "text", secret, `{"source_number":"447700900123","message":"STOP"}`, 204, ""},
		{"a stranger", "text", secret, `{"source_number":"447700900999","message":"ack 3"}`, 204, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, govuk)
			code, _ := answered(t, d, "/callback/govuk_notify/"+c.path, map[string]string{"Authorization": "Bearer " + c.token}, c.body)
			require.Equal(t, c.code, code)
			require.Equal(t, c.want, strings.Join(d.log, ";"))
		})
	}
	code, _ := answered(t, newDesk(t, "{}"), "/callback/govuk_notify/status", nil, "{}")
	require.Equal(t, http.StatusNotFound, code)
}

// TestSTOPToNotify is no word to Twilio: whoever had a text of each loses one.
func TestSTOPToNotify(t *testing.T) {
	d := newDesk(t, govuk)
	d.open[1].Messages[0].Deliveries[0].Thread = "govuk_notify:740e5834-3a29-46b4-9a6f-16142fde533a"
	for range 2 {
		code, _ := answered(t, d, "/callback/govuk_notify/text", map[string]string{"Authorization": "Bearer " + secret}, `{"id":"n1","source_number":"447700900123","message":" Stop. "}`)
		require.Equal(t, http.StatusNoContent, code)
	}
	require.Equal(t, []string{"undelivered asha by sms: the person replied STOP to GOV.UK Notify: more text messages through it may not arrive"}, d.log)
}

// TestAnAnswerThroughNotifyIsSentOnce however often the text comes, and one that
// cannot be sent undoes nothing.
func TestAnAnswerThroughNotifyIsSentOnce(t *testing.T) {
	d := newDesk(t, govuk)
	post := func(id, text string) {
		code, _ := answered(t, d, "/callback/govuk_notify/text", map[string]string{"Authorization": "Bearer " + secret}, `{"id":"`+id+`","source_number":"447700900123","message":"`+text+`"}`)
		require.Equal(t, http.StatusNoContent, code)
	}
	for range 2 {
		post("n1", "what?")
	}
	require.Len(t, d.log, 1)
	d.mute = errors.New("Notify is down")
	post("n2", "ack 3")
	require.Equal(t, []string{"acknowledge 3 asha sms"}, d.log[1:])
}

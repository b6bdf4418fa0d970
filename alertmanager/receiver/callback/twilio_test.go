package callback_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fromTwilio posts a form as Twilio does: signed for an address with a key.
func fromTwilio(t *testing.T, d *desk, path, address, key string, fields ...string) (int, string) {
	t.Helper()
	form := url.Values{"AccountSid": {"AC0123456789abcdef0123456789abcdef"}}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	var names []string
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	signed := address + path
	for _, name := range names {
		signed += name + form.Get(name)
	}
	sum := hmac.New(sha1.New, []byte(key))
	sum.Write([]byte(signed))
	return answered(t, d, path, map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": base64.StdEncoding.EncodeToString(sum.Sum(nil)),
	}, form.Encode())
}

const board = "https://board.example.org"

// TestTwilioSignatures signs for the public address, which is not the one that
// the request reaches us by.
func TestTwilioSignatures(t *testing.T) {
	cases := []struct {
		name, address, key string
		code               int
	}{
		{"good", board, secret, http.StatusNoContent},
		{"with the usual port", board + ":443", secret, http.StatusNoContent},
		{"with another port", board + ":8443", secret, http.StatusForbidden},
		{"another address", "http://127.0.0.1:10211", secret, http.StatusForbidden},
		{"another key", board, "another", http.StatusForbidden},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, deliveries)
			code, _ := fromTwilio(t, d, "/callback/twilio/text/3.1.asha.sms", c.address, c.key, "MessageStatus", "delivered")
			require.Equal(t, c.code, code)
			require.Equal(t, c.code == http.StatusNoContent, len(d.log) == 1)
		})
	}
}

func TestReceiptsOfTwilio(t *testing.T) {
	cases := []struct {
		name, path string
		fields     []string
		want       string
	}{
		{"delivered", "text/3.1.asha.sms", []string{"MessageStatus", "delivered"}, "delivered asha by sms: "},
		{"on its way", "text/3.1.asha.sms", []string{"MessageStatus", "sent"}, "sent asha by sms: Twilio: sent"},
		{"of a kind that nobody knows", "text/3.1.asha.sms", []string{"MessageStatus", "x"}, ""},
		{"undelivered", "text/3.1.asha.sms", []string{"MessageStatus", "undelivered", "ErrorCode", "30003"}, "undelivered asha by sms: the text message is undelivered with Twilio's error 30003 (the handset is unreachable)"},
		{"a voicemail", "call/3.1.asha.voice", []string{"AnsweredBy", "machine_end_beep"}, "undelivered asha by voice: a machine answered the call"},
		{"completed", "call/3.1.asha.voice", []string{"CallStatus", "completed", "SequenceNumber", "2"}, "undelivered asha by voice: the call was answered, and ended without the digit 4"},
		{"somebody", "call/3.1.asha.voice", []string{"AnsweredBy", "human"}, "sent asha by voice: a person answered the call"},
		{"nobody", "call/3.1.asha.voice", []string{"CallStatus", "no-answer"}, "undelivered asha by voice: the call ended with no-answer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, deliveries)
			code, _ := fromTwilio(t, d, "/callback/twilio/"+c.path, board, secret, c.fields...)
			require.Equal(t, http.StatusNoContent, code)
			require.Equal(t, c.want, strings.Join(d.log, ";"))
		})
	}
	d := newDesk(t, deliveries)
	d.err = http.ErrServerClosed
	code, _ := fromTwilio(t, d, "/callback/twilio/text/3.1.asha.sms", board, secret, "MessageStatus", "delivered")
	require.Equal(t, http.StatusServiceUnavailable, code, "what was not stored is posted again")
}

func TestOnlyTheDigitAcknowledgesACall(t *testing.T) {
	const path = "/callback/twilio/digits/3.1.asha.voice"
	d := newDesk(t, deliveries)
	code, text := fromTwilio(t, d, path, board, secret, "Digits", "9")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "incident 3")
	require.Contains(t, text, `action="https://board.example.org`+path+`?turn=1"`)
	_, text = fromTwilio(t, d, path, board, secret)
	require.Contains(t, text, "<Gather", "silence is no answer")
	_, text = fromTwilio(t, d, path+"?turn=5", board, secret, "Digits", "9")
	require.NotContains(t, text, "<Gather", "it does not go on for ever")
	require.Equal(t, []string{"sent asha by voice: the key 9 was pressed, not 4", "sent asha by voice: the key 9 was pressed, not 4"}, d.log)
	d.log = nil

	_, text = fromTwilio(t, d, path, board, secret, "Digits", "4")
	require.Contains(t, text, "Thank you, Asha. Incident 3 is yours.")
	require.Equal(t, []string{"acknowledge 3 asha voice", "delivered asha by voice: "}, d.log)

	_, text = fromTwilio(t, d, path, board, secret, "Digits", "4", "CallSid", "CA1")
	require.Contains(t, text, "Incident 3 is yours.")
	_, text = fromTwilio(t, d, path, board, secret, "Digits", "4", "CallSid", "CA1")
	require.Contains(t, text, "nothing more to acknowledge", "somebody has recorded it")

	d.open[0].Owner, d.log = "ben", nil
	_, text = fromTwilio(t, d, path, board, secret, "Digits", "4")
	require.Contains(t, text, "Ben has incident 3 already.")
	_, text = fromTwilio(t, d, "/callback/twilio/digits/9.1.asha.voice", board, secret, "Digits", "4")
	require.Contains(t, text, "nothing more to acknowledge")
	d.open[0].Owner, d.err = "", http.ErrServerClosed
	_, text = fromTwilio(t, d, path, board, secret, "Digits", "4")
	require.Contains(t, text, "acknowledge on the board")
}

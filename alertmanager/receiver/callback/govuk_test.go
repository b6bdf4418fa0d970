package callback_test

import (
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
		{"a reply", "text", secret, `{"source_number":"447700900123","message":"Ack 3 "}`, 204, "acknowledge 3 asha sms"},
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

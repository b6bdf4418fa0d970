package receiver_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// phones is a Twilio that takes everything, and posts back what it is told to,
// signed for the board's public address.
type phones struct {
	h     *house
	url   string
	taken chan url.Values
}

func newPhones(h *house) *phones {
	p := &phones{h: h, taken: make(chan url.Values, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" || r.ParseForm() != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.taken <- r.PostForm
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"sid":"SM0123456789abcdef0123456789abcdef"}`)
	}))
	h.t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// back posts a callback to an address that was given with a message.
func (p *phones) back(address string, fields ...string) string {
	p.h.t.Helper()
	form := url.Values{"AccountSid": {"AC0123456789abcdef0123456789abcdef"}}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	signed := address
	var names []string
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		signed += name + form.Get(name)
	}
	sum := hmac.New(sha1.New, []byte("secret"))
	sum.Write([]byte(signed))
	path := strings.TrimPrefix(address, "http://board.example.org")
	r := httptest.NewRequestWithContext(p.h.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	w := httptest.NewRecorder()
	callback.New(callback.Options{Desk: p.h.receiver.Callbacks()}).ServeHTTP(w, r)
	require.Less(p.h.t, w.Code, 300)
	return w.Body.String()
}

// TestAPageThatDoesNotArriveIsFollowedByACall: text, bad receipt, call,
// digit.
func TestAPageThatDoesNotArriveIsFollowedByACall(t *testing.T) {
	h := newHouse(t)
	p := newPhones(h)
	h.write("asha.yml", "phone: +44 7700 900123\n")
	text := strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n  twilio: {account_sid: AC0123456789abcdef0123456789abcdef, auth_token_file: token, url: '"+p.url+"', sms_from: '+447700900000', voice_from: '+447700900001'}\n", 1)
	h.catalog(strings.Replace(text, "by: [push], for", "by: [sms], for", 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(2 * time.Minute)
	sms := <-p.taken
	require.Contains(t, sms.Get("Body"), "Reply ACK 1.")
	h.settled(1, sent("asha", "sms"))
	p.back(sms.Get("StatusCallback"), "MessageStatus", "sent")
	p.back(sms.Get("StatusCallback"), "MessageStatus", "undelivered", "ErrorCode", "30003")
	p.back(sms.Get("StatusCallback"), "MessageStatus", "undelivered", "ErrorCode", "30003")
	call := <-p.taken
	require.Equal(t, "+447700900123", call.Get("To"))
	p.back(sms.Get("StatusCallback"), "MessageStatus", "sent")
	h.settled(1, sent("asha", "voice"))
	p.back(call.Get("StatusCallback"), "CallStatus", "completed")
	require.Empty(t, h.settled(1, func(incident.Incident) bool { return true }).Owner, "a call that ended is no answer")
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(call.Get("Twiml"))
	require.Contains(t, p.back(action[1], "Digits", "4"), "Incident 1 is yours.")
	require.Equal(t, "asha", h.settled(1, func(i incident.Incident) bool { return i.Owner != "" }).Owner)
	require.Empty(t, p.taken, "the repeated receipt rang nobody twice")
}

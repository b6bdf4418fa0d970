package receiver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// TestACallWithoutTheDigit is no answer, however it ends: the next way follows at
// once, and the timeline says what happened.
func TestACallWithoutTheDigit(t *testing.T) {
	const hungUp = "the call was answered, and ended without the digit 4"
	status := func(fields ...string) func(*phones, url.Values) {
		return func(p *phones, call url.Values) { p.back(call.Get("StatusCallback"), fields...) }
	}
	cases := []struct {
		name, says string
		happens    func(*phones, url.Values)
	}{
		{"busy", "the call ended with busy", status("CallStatus", "busy", "CallDuration", "0")},
		{"no answer", "the call ended with no-answer", status("CallStatus", "no-answer")},
		{"failed", "the call ended with failed", status("CallStatus", "failed", "SipResponseCode", "480")},
		{"canceled", "the call ended with canceled", status("CallStatus", "canceled")},
		{"an answering machine", "a machine answered the call", status("AnsweredBy", "machine_start")},
		{"a fax", "a machine answered the call", status("AnsweredBy", "fax")},
		{"hung up before the text", hungUp, status("CallStatus", "completed", "CallDuration", "1")},
		{"heard, and no digit", hungUp, func(p *phones, call url.Values) {
			p.back(call.Get("StatusCallback"), "CallStatus", "in-progress")
			p.back(call.Get("StatusCallback"), "AnsweredBy", "human")
			p.back(call.Get("StatusCallback"), "CallStatus", "completed", "AnsweredBy", "human")
		}},
		{"the wrong digit", "the key 7 was pressed, not 4", func(p *phones, call url.Values) {
			action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(call.Get("Twiml"))[1]
			require.Contains(p.h.t, p.back(action, "Digits", "7"), "<Gather")
			p.back(call.Get("StatusCallback"), "CallStatus", "completed")
			p.back(call.Get("StatusCallback"), "AnsweredBy", "human")
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			p := newPhones(h)
			h.write("asha.yml", "phone: +44 7700 900123\n")
			text := strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n"+strings.Replace(twilio, "URL", p.url, 1), 1)
			h.catalog(strings.Replace(text, "by: [push], for", "by: [voice], for", 1))
			h.reload()
			require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
			h.later(time.Minute)
			call := <-p.taken
			require.NotEmpty(t, call.Get("Twiml"))
			h.settled(1, sent("asha", incident.WayVoice))
			c.happens(p, call)
			require.Contains(t, (<-p.taken).Get("Body"), "Reply ACK 1.", "a text follows at once")
			require.Empty(t, h.settled(1, sent("asha", incident.WaySMS)).Owner)
			page := h.request(http.MethodGet, "/incidents/1", "", 200, c.says)
			require.Contains(t, page, "The call to Asha Rao (page) came to nothing")
		})
	}
}

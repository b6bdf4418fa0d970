package receiver_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// pages lists the ways of the pages to somebody, in order.
func pages(i incident.Incident, person string) (ways []string) {
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if m.Kind == incident.MessagePage && d.Recipient == person {
				ways = append(ways, d.Way)
			}
		}
	}
	return ways
}

// TestTenPagesThatNobodyAnswers go by the ways that the person prefers, never by the
// same twice in a row where there are two that ring, and no two texts are the same,
// because networks block what repeats itself. With the answer there is silence.
func TestTenPagesThatNobodyAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		prefer, contacts string
		want             []string // in turn
	}{
		"texts and pushes":   {"sms, push, voice", "phone: +44 7700 900123\nntfy: asha\n", []string{"sms", "push"}},
		"pushes and texts":   {"push, sms", "phone: +44 7700 900123\nntfy: asha\nemail: asha@example.org\n", []string{"push", "sms"}},
		"pushes and mail":    {"push", "ntfy: asha\nemail: asha@example.org\n", []string{"push"}},
		"calls and texts":    {"voice, sms", "phone: +44 7700 900123\n", []string{"voice", "sms"}},
		"mail that is first": {"email, push", "ntfy: asha\nemail: asha@example.org\n", []string{"email", "push"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			p := newPhones(h)
			h.write("asha.yml", c.contacts)
			h.catalog(strings.NewReplacer(
				"  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n"+strings.Replace(twilio, "URL", p.url, 1),
				"contacts: {file: asha.yml}", "contacts: {file: asha.yml}, prefer: ["+c.prefer+"]",
				"    - {notify: on_call, by: [push], for: 15m}\n", "", "{notify: backup, by: [push, email], every: 5m}", "{notify: on_call, by: [preferred], every: 5m}",
			).Replace(estate))
			h.reload()
			require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
			var texts []string
			wait := 2 * time.Minute
			for n := range 10 {
				h.later(wait)
				wait = 5 * time.Minute
				i := h.settled(1, func(i incident.Incident) bool { return len(pages(i, "asha")) == n+1 })
				h.quiet()
				switch pages(i, "asha")[n] {
				case incident.WaySMS:
					text := <-p.taken
					texts = append(texts, text.Get("Body"))
					p.back(text.Get("StatusCallback"), "MessageStatus", "delivered")
				case incident.WayVoice:
					call := <-p.taken
					p.back(call.Get("StatusCallback"), "CallStatus", "no-answer")
					wait = 0 // the next way follows at once
				}
			}
			ways := pages(h.settled(1, whatever), "asha")
			for n, way := range ways {
				require.Equal(t, c.want[n%len(c.want)], way, "%d. of %s", n+1, ways)
			}
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(texts))), len(texts), "networks block what repeats itself: %q", texts)
			require.Equal(t, slices.Contains(c.want, "sms"), len(texts) > 0)

			require.NoError(t, h.receiver.Acknowledge(t.Context(), 1, "asha", "the test"))
			h.later(3 * time.Hour)
			h.quiet()
			require.Len(t, pages(h.settled(1, whatever), "asha"), 10, "and now nobody is rung")
			require.Equal(t, []url.Values(nil), left(p.taken))
			h.request(http.MethodGet, "/incidents/1", "", 200, "Asha Rao took it on")
		})
	}
}

// left is what came and was not looked at.
func left(taken chan url.Values) (all []url.Values) {
	for len(taken) > 0 {
		all = append(all, <-taken)
	}
	return all
}

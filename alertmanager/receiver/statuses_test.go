package receiver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// TestEveryStatusOfAText: what two providers say of a text, in order, out of
// order, twice and after its end. Whatever is a failure has a call follow at
// once; what arrived after that is told as that.
func TestEveryStatusOfAText(t *testing.T) {
	const sent, delivered, lost = incident.DeliverySent, incident.DeliveryDelivered, incident.DeliveryUndelivered
	cases := []struct {
		provider, statuses string
		state              incident.DeliveryState
		shown              string // on the incident's page
	}{
		{"twilio", "accepted scheduled queued sending", sent, "Twilio: sending"},
		{"twilio", "sent queued sent sending", sent, "Twilio: sent"},
		{"twilio", "queued sent delivered sent undelivered", delivered, "It arrived: Asha Rao has it by sms (page)"},
		{"twilio", "read", delivered, "It arrived: Asha Rao"},
		{"twilio", "sent undelivered undelivered sending", lost, "It did not arrive: Asha Rao by sms (page): the text message is undelivered"},
		{"twilio", "failed", lost, "the text message is failed"},
		{"twilio", "canceled", lost, "the text message is canceled"},
		{"twilio", "undelivered delivered", delivered, "It arrived after all: Asha Rao has it by sms (page)"},
		{"twilio", "receiving something-new", sent, "Told Asha Rao by sms (page)"},
		{"notify", "created sending pending created", sent, "Notify: pending"},
		{"notify", "sending sent sending", sent, "On its way to Asha Rao by sms (page): Notify: sent to another country, from where no receipt comes"},
		{"notify", "sending delivered technical-failure", delivered, "It arrived: Asha Rao"},
		{"notify", "permanent-failure sending", lost, "Notify says permanent-failure"},
		{"notify", "temporary-failure", lost, "Notify says temporary-failure"},
		{"notify", "technical-failure", lost, "Notify says technical-failure"},
		{"notify", "validation-failed", lost, "Notify says validation-failed"},
		{"notify", "virus-scan-failed", lost, "Notify says virus-scan-failed"},
		{"notify", "pending-virus-check cancelled", lost, "Notify says cancelled"},
		{"notify", "temporary-failure delivered", delivered, "It arrived after all: Asha Rao"},
		{"notify", "something-new", sent, "Told Asha Rao by sms (page)"},
	}
	for _, c := range cases {
		t.Run(c.provider+" "+c.statuses, func(t *testing.T) {
			h := newHouse(t)
			p := newPhones(h)
			say := texting(h, p, c.provider)
			for status := range strings.FieldsSeq(c.statuses) {
				say(status)
			}
			i := h.settled(1, whatever)
			require.Empty(t, i.Owner, "no status is an answer")
			for _, m := range i.Messages {
				for _, d := range m.Deliveries {
					if m.Kind == incident.MessagePage && d.Recipient == "asha" && d.Way == incident.WaySMS {
						require.Equal(t, c.state, d.State)
					}
				}
			}
			h.request(http.MethodGet, "/incidents/1", "", 200, c.shown)
			if c.state == lost || strings.Contains(c.shown, "after all") {
				require.NotEmpty(t, (<-p.taken).Get("Twiml"), "a call follows at once")
			}
			h.quiet()
			require.Empty(t, p.taken, "and one only")
		})
	}
}

// texting pages asha by a text of a provider, and gives what says a status of
// it, and of a message that nobody knows.
func texting(h *house, p *phones, provider string) (say func(status string)) {
	h.t.Helper()
	n := newNotifyService(h)
	h.write("asha.yml", "phone: +44 7700 900123\n")
	h.write("notify-key", "page-"+notifyIssuer+"-"+notifySecret)
	channels := strings.Replace(twilio, "URL", p.url, 1)
	if provider == "notify" {
		channels = strings.Replace(channels, "sms_from: '+447700900000', ", "", 1) +
			"  govuk_notify: {api_key_file: notify-key, callback_token_file: token, url: '" + n.url + "', sms_template: 01234567-89ab-cdef-0123-456789abcdef}\n"
	}
	text := strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n"+channels, 1)
	h.catalog(strings.Replace(text, "by: [push], for", "by: [sms], for", 1))
	h.reload()
	require.Equal(h.t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(time.Minute)
	if provider == "notify" {
		page := <-n.taken
		h.settled(1, sent("asha", incident.WaySMS))
		return func(status string) {
			for _, reference := range []string{page.Reference, "7" + page.Reference, "another service's"} {
				n.back("status", "secret", map[string]any{"id": "740e5834-3a29-46b4-9a6f-16142fde533a", "reference": reference, "status": status}, http.StatusNoContent)
			}
		}
	}
	address := (<-p.taken).Get("StatusCallback")
	h.settled(1, sent("asha", incident.WaySMS))
	return func(status string) {
		for _, of := range []string{address, strings.Replace(address, "/text/", "/text/7", 1)} {
			p.back(of, "MessageStatus", status, "ErrorCode", "30003")
		}
	}
}

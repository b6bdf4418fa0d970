package receiver_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

const twilio = "  twilio: {account_sid: AC0123456789abcdef0123456789abcdef, auth_token_file: token, url: 'URL', sms_from: '+447700900000', voice_from: '+447700900001'}\n"

// TestEveryWayOfAnswering: a page by each way, and the answer by the same; the
// phones are quiet from then on. Slack's button has a test of its own.
func TestEveryWayOfAnswering(t *testing.T) {
	sms := func(text string) func(h *house, p *phones) {
		return func(h *house, p *phones) {
			require.Contains(h.t, (<-p.taken).Get("Body"), "Reply ACK 1.")
			p.back("http://board.example.org/callback/twilio/sms", "From", "+447700900123", "Body", text)
		}
	}
	cases := []struct {
		name, by string
		answer   func(h *house, p *phones)
		via      string
		over     bool
	}{
		{"ack by text", "sms", sms(" Ack "), "sms", false},
		{"ack with the number by text", "sms", sms("ACK 1"), "sms", false},
		{"res by text", "sms", sms("res 1"), "sms", true},
		{"a digit", "voice", func(_ *house, p *phones) {
			twiml := (<-p.taken).Get("Twiml")
			_, rest, _ := strings.Cut(twiml, `action="`)
			action, _, _ := strings.Cut(rest, `"`)
			p.back(action, "Digits", "4")
		}, "voice", false},
		{"the button of a push message", "push", func(h *house, _ *phones) {
			var pushed struct {
				Actions []struct{ Label, Method, URL string }
			}
			page := h.mail("push:asha", 2) // the first is what opened
			require.NoError(h.t, json.Unmarshal([]byte(page.Raw), &pushed))
			require.Equal(h.t, "Acknowledge POST", pushed.Actions[0].Label+" "+pushed.Actions[0].Method)
			h.request(http.MethodPost, strings.TrimPrefix(pushed.Actions[0].URL, "http://board.example.org"), "", 200, "")
		}, "", false},
		{"the link in a mail", "email", func(h *house, _ *phones) {
			link := h.link(h.mail("asha@example.org", 2).Text)
			h.request(http.MethodGet, link, "", 200, "Acknowledge as Asha Rao")
			h.request(http.MethodPost, link, "", 200, "it is yours")
		}, "", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			p := newPhones(h)
			h.write("asha.yml", "email: asha@example.org\nntfy: asha\nphone: +44 7700 900123\n")
			text := strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n"+strings.Replace(twilio, "URL", p.url, 1), 1)
			h.catalog(strings.Replace(text, "by: [push], for", "by: ["+c.by+"], for", 1))
			h.reload()
			require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
			h.later(2 * time.Minute)
			c.answer(h, p)
			if c.over {
				require.Equal(t, "asha resolved it by hand", h.settled(1, func(i incident.Incident) bool { return !i.Open() }).ClosedBy)
				return
			}
			i := h.settled(1, func(i incident.Incident) bool { return i.Owner != "" })
			require.Equal(t, "asha", i.Owner)
			if c.via != "" {
				require.Equal(t, c.via, i.Via)
			}
			require.Zero(t, i.Paging.Due, "nobody is rung up any more")
		})
	}
}

// notifyService is GOV.UK Notify: it takes texts that are signed with the key,
// and posts back with the token that was chosen for it.
type notifyService struct {
	h     *house
	url   string
	taken chan sentText
}

type sentText struct {
	Phone     string            `json:"phone_number"`
	Template  string            `json:"template_id"`
	Reference string            `json:"reference"`
	Said      map[string]string `json:"personalisation"`
}

const (
	notifyIssuer = "26785a09-ab16-4eb0-8407-a37497a57506"
	notifySecret = "3d844edf-8d35-48ac-975b-e847b4f122b0"
)

func newNotifyService(h *house) *notifyService {
	n := &notifyService{h: h, taken: make(chan sentText, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		signed := token[:max(strings.LastIndexByte(token, '.'), 0)]
		sum := hmac.New(sha256.New, []byte(notifySecret))
		sum.Write([]byte(signed))
		var sent sentText
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&sent) != nil || strings.TrimPrefix(token, signed+".") != base64.RawURLEncoding.EncodeToString(sum.Sum(nil)) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		n.taken <- sent
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"id":"740e5834-3a29-46b4-9a6f-16142fde533a"}`)
	}))
	h.t.Cleanup(server.Close)
	n.url = server.URL
	return n
}

// back posts a callback, twice, as the service does when it is not sure.
func (n *notifyService) back(path, token string, body map[string]any, code int) {
	n.h.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(n.h.t, err)
	for range 2 {
		r := httptest.NewRequestWithContext(n.h.t.Context(), http.MethodPost, "/callback/govuk_notify/"+path, strings.NewReader(string(text)))
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		callback.New(callback.Options{Desk: n.h.receiver.Callbacks()}).ServeHTTP(w, r)
		require.Equal(n.h.t, code, w.Code)
	}
}

// TestATextThroughNotifyTheWholeWay: a text that fails is followed by a call at
// once; one that arrives is answered by a text.
func TestATextThroughNotifyTheWholeWay(t *testing.T) {
	h := newHouse(t)
	p, n := newPhones(h), newNotifyService(h)
	h.write("asha.yml", "phone: +44 7700 900123\n")
	h.write("ben.yml", "phone: +44 7700 900124\n")
	h.write("notify-key", "page-"+notifyIssuer+"-"+notifySecret)
	text := strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n"+strings.Replace(strings.Replace(twilio, "URL", p.url, 1), "sms_from: '+447700900000', ", "", 1)+
		"  govuk_notify: {api_key_file: notify-key, callback_token_file: token, url: '"+n.url+"', sms_template: 01234567-89ab-cdef-0123-456789abcdef}\n", 1)
	text = strings.Replace(text, "by: [push, email], every", "by: [sms], every", 1)
	h.catalog(strings.Replace(text, "by: [push], for", "by: [sms], for", 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(2 * time.Minute)

	page := <-n.taken
	require.Equal(t, "+447700900123", page.Phone)
	require.Equal(t, "01234567-89ab-cdef-0123-456789abcdef", page.Template)
	require.Contains(t, page.Said["message"], "Reply ACK 1.")
	h.settled(1, sent("asha", "sms"))
	status := map[string]any{"id": "740e5834-3a29-46b4-9a6f-16142fde533a", "reference": page.Reference, "to": "447700900123", "status": "permanent-failure", "notification_type": "sms"}
	n.back("status", "guessed", status, http.StatusForbidden)
	n.back("status", "secret", status, http.StatusNoContent)
	require.Equal(t, "+447700900123", (<-p.taken).Get("To"), "a call follows at once")
	h.settled(1, sent("asha", "voice"))

	h.later(16 * time.Minute) // nobody pressed a digit: the backup's turn
	page = <-n.taken
	require.Equal(t, "+447700900124", page.Phone)
	h.settled(1, sent("ben", "sms"))
	status["reference"], status["status"] = page.Reference, "delivered"
	n.back("status", "secret", status, http.StatusNoContent)
	n.back("text", "secret", map[string]any{"id": "x", "source_number": "447700900999", "destination_number": "447700900000", "message": "ack 1"}, http.StatusNoContent)
	require.Empty(t, h.settled(1, func(incident.Incident) bool { return true }).Owner, "the number is nobody's")
	n.back("text", "secret", map[string]any{"id": "y", "source_number": "447700900124", "destination_number": "447700900000", "message": "Ack 1"}, http.StatusNoContent)
	i := h.settled(1, func(i incident.Incident) bool { return i.Owner != "" })
	require.Equal(t, "ben sms", i.Owner+" "+i.Via)
	require.Regexp(t, `^Thank you, Ben Carter\. Incident 1 is yours\. \(\d\d:\d\d:\d\d\)$`, (<-n.taken).Said["message"])
	n.back("text", "secret", map[string]any{"id": "z", "source_number": "447700900124", "destination_number": "447700900000", "message": "ok, thanks"}, http.StatusNoContent)
	said := <-n.taken
	require.Equal(t, "+447700900124", said.Phone)
	require.Contains(t, said.Said["message"], "Tocsin understands: ACK or ACK 3")
	require.Empty(t, n.taken, "it came twice, and is answered once")
	require.Empty(t, p.taken)
}

// TestARecordedTextDoesNothing: Twilio's signature is good for ever, so whoever
// has recorded a reply can send it again; not even a new life of the receiver
// takes it twice.
func TestARecordedTextDoesNothing(t *testing.T) {
	h := newHouse(t)
	p := newPhones(h)
	h.write("asha.yml", "phone: +44 7700 900123\n")
	text := strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n"+strings.Replace(twilio, "URL", p.url, 1), 1)
	h.catalog(strings.Replace(text, "by: [push], for", "by: [sms], for", 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(2 * time.Minute)
	require.Contains(t, (<-p.taken).Get("Body"), "Reply ACK 1.")
	reply := func() string {
		return p.back("http://board.example.org/callback/twilio/sms", "From", "+447700900123", "Body", "ACK", "MessageSid", "SM1")
	}
	require.Contains(t, reply(), "Incident 1 is yours.")
	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Reassign{Incident: 1, Person: "asha", Via: "board"}))
	h.stop()
	h.open()
	require.Equal(t, `<?xml version="1.0" encoding="UTF-8"?><Response/>`, reply())
	require.Empty(t, h.settled(1, whatever).Owner, "nobody has it, and the phones ring")
	require.Contains(t, p.back("http://board.example.org/callback/twilio/sms", "From", "+447700900123", "Body", "ACK 1", "MessageSid", "SM2"), "Incident 1 is yours.")
}

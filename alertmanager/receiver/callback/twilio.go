package callback

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio signs with it
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const viaVoice = "voice"

// twilioForm gives the form of a request that Twilio signed. See
// https://www.twilio.com/docs/usage/webhooks/webhooks-security: the signature
// is over the public address and every field, sorted by name.
func (h *handler) twilioForm(r request) (url.Values, answer) {
	spec := h.Desk.Catalog().Delivery.Twilio
	if spec == nil {
		return nil, answer{code: http.StatusNotFound}
	}
	key, err := secret(spec.AuthTokenFile)
	if err != nil {
		return nil, failed(err)
	}
	form, err := url.ParseQuery(string(r.body))
	given, errGiven := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || errGiven != nil || form.Get("AccountSid") != spec.AccountSID {
		return nil, forbidden
	}
	for _, address := range withAndWithoutPort(h.publicURL(r)) {
		if hmac.Equal(given, twilioSum(key, address, form)) {
			return form, answer{}
		}
	}
	return nil, forbidden
}

func twilioSum(key []byte, address string, form url.Values) []byte {
	sum := hmac.New(sha1.New, key)
	sum.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Compact(slices.Sorted(slices.Values(form[name])))
		for _, value := range values {
			sum.Write([]byte(name + value))
		}
	}
	return sum.Sum(nil)
}

// withAndWithoutPort gives an address as it is, and with its scheme's usual
// port shown or hidden: Twilio signs one of them.
func withAndWithoutPort(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	start := u.Scheme + "://" + u.Host
	rest := strings.TrimPrefix(address, start)
	if hidden, ok := strings.CutSuffix(start, port); ok {
		return []string{address, hidden + rest}
	}
	if u.Port() == "" {
		return []string{address, start + port + rest}
	}
	return []string{address}
}

// twilioText takes the receipts of a text message.
func (h *handler) twilioText(r request) answer {
	form, refused := h.twilioForm(r)
	if form == nil {
		return refused
	}
	return h.receipt(r, notify.TwilioText(form.Get("MessageStatus"), form.Get("ErrorCode")))
}

// twilioCall takes how a call ended and who answered it.
func (h *handler) twilioCall(r request) answer {
	form, refused := h.twilioForm(r)
	if form == nil {
		return refused
	}
	return h.receipt(r, notify.TwilioCall(form.Get("CallStatus"), form.Get("AnsweredBy")))
}

// mostRepeats is how often a call says its text again.
const mostRepeats = 5

// twilioDigits takes the digit that was pressed during a call.
func (h *handler) twilioDigits(r request) answer {
	form, refused := h.twilioForm(r)
	if form == nil {
		return refused
	}
	in, ok := notify.ParseMessageID(r.PathValue("id"))
	if !ok {
		return answer{code: http.StatusNotFound}
	}
	language := h.Desk.Catalog().Delivery.Twilio.Language
	if key := form.Get("Digits"); key != notify.AcknowledgeDigit {
		a := h.again(r, in.Incident, language)
		if key == "" || a.err != nil {
			return a
		}
		return a.with(h.Desk.Receipt(r.Context(), notify.TwilioKey(key).Of(in)))
	}
	text, err := h.acknowledge(r.Context(), Once{From: "twilio", ID: form.Get("CallSid")}, incident.Acknowledge{Incident: in.Incident, Person: in.Recipient, Via: viaVoice})
	if err != nil {
		level.Error(h.Logger).Log("msg", "A digit could not be taken", "incident", in.Incident, "err", err)
		return sorry(language)
	}
	if text == "" {
		return twiml(notify.Farewell("There is nothing more to acknowledge. Goodbye.", language))
	}
	in.State = incident.DeliveryDelivered
	return twiml(notify.Farewell(text, language)).with(h.Desk.Receipt(r.Context(), in))
}

// again reads the incident once more, as it is now.
func (h *handler) again(r request, id incident.ID, language string) answer {
	turn, _ := strconv.Atoi(r.URL.Query().Get("turn"))
	i, err := h.Desk.Incident(r.Context(), id)
	switch {
	case err != nil && !errors.Is(err, ErrUnknown):
		return sorry(language).with(err)
	case !i.Open():
		return twiml(notify.Farewell("The incident is over. Goodbye.", language))
	case turn >= mostRepeats:
		return twiml(notify.Farewell("Goodbye.", language))
	}
	action := strings.TrimRight(h.Desk.Catalog().Links.Board, "/") + r.URL.EscapedPath() + "?turn=" + strconv.Itoa(turn+1)
	return twiml(notify.Menu(notify.Spoken(i, h.Now()), action, language))
}

// sorry is said when the store does not answer.
func sorry(language string) answer {
	return twiml(notify.Farewell("Sorry, that could not be stored. Please acknowledge on the board.", language))
}

// twilioReply takes a text message that somebody sent to our number.
func (h *handler) twilioReply(r request) answer {
	form, refused := h.twilioForm(r)
	if form == nil {
		return refused
	}
	text, err := h.reply(r.Context(), texted{
		from: "twilio", id: form.Get("MessageSid"), number: form.Get("From"), text: form.Get("Body"),
		stops: "the person replied STOP to Twilio, which sends them no text messages until START comes from the phone",
	})
	if err != nil && !errors.Is(err, errStranger) {
		return failed(err)
	}
	if text == "" {
		return twiml("<Response/>")
	}
	return twiml("<Response><Message>" + notify.EscapeXML(text) + "</Message></Response>")
}

func twiml(text string) answer {
	return answer{code: http.StatusOK, kind: "text/xml; charset=utf-8", text: `<?xml version="1.0" encoding="UTF-8"?>` + text}
}

// with is the answer with an error that is only logged.
func (a answer) with(err error) answer {
	a.err = err
	return a
}

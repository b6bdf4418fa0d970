package notify

import (
	"context"
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// twilioVoice calls people up, reads to them and waits for a digit.
type twilioVoice struct {
	twilio
	language string
}

func newTwilioVoice(s Settings) (Channel, error) {
	spec := s.Catalog.Delivery.Twilio
	if spec == nil || spec.VoiceFrom == "" {
		return nil, nil
	}
	account, err := newTwilio(s, spec, spec.VoiceFrom)
	return &twilioVoice{account, spec.Language}, err
}

const (
	// ringFor ends before most voicemails begin.
	ringFor = 25 * time.Second
	// callFor bounds a call that nobody ends.
	callFor = 3 * time.Minute
)

// Send starts a call. What is said comes with it, so that nobody has to fetch
// it; the digit comes back to the callback.
func (c *twilioVoice) Send(ctx context.Context, m Message) (Receipt, error) {
	if m.Callback == "" {
		return Receipt{}, permanent("a call cannot be answered without links.board")
	}
	id := url.PathEscape(m.ID)
	status := m.Callback + "/twilio/call/" + id
	says := Menu(Spoken(m.Incident, m.At), m.Callback+"/twilio/digits/"+id, c.language)
	if m.Said != nil {
		says = Farewell("This is Tocsin. "+Compose(m).Lead, c.language)
	}
	form := url.Values{
		"To": {dialled(m.To.Address)}, "From": {dialled(c.from)},
		"Twiml":          {says},
		"StatusCallback": {status}, "StatusCallbackEvent": {"answered", "completed"},
		"Timeout": {seconds(ringFor)}, "TimeLimit": {seconds(callFor)},
		// Who answers is found out while the text is read: a machine is noted,
		// a person does not wait in silence.
		"MachineDetection": {"Enable"}, "AsyncAmd": {"true"}, "AsyncAmdStatusCallback": {status},
	}
	var taken twilioTaken
	if err := c.ask(ctx, "Calls", form, &taken); err != nil {
		return Receipt{}, err
	}
	return taken.receipt(TwilioCall(taken.Status, ""))
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// Follow asks what became of a call, for when no callback comes.
func (c *twilioVoice) Follow(ctx context.Context, thread string, _ bool) (Fate, error) {
	var found struct {
		Status     string `json:"status"`
		AnsweredBy string `json:"answered_by"`
	}
	if !isTwilioID(thread) {
		return Fate{}, permanent("the call has no name at Twilio")
	}
	if err := c.ask(ctx, "Calls/"+thread, nil, &found); err != nil {
		return Fate{}, err
	}
	return TwilioCall(found.Status, found.AnsweredBy), nil
}

// TwilioCall is what the status of a call and who answered it mean. Only the
// digit is an answer: whoever heard the text and hung up, or a voicemail, is not.
// See https://www.twilio.com/docs/voice/api/call-resource#call-status-values.
func TwilioCall(status, answeredBy string) Fate {
	machine := strings.HasPrefix(answeredBy, "machine") || answeredBy == "fax"
	switch {
	case machine:
		return Fate{State: incident.DeliveryUndelivered, Problem: "a machine answered the call"}
	case status == "completed":
		return Fate{State: incident.DeliveryUndelivered, Problem: "the call was answered, and ended without the digit " + AcknowledgeDigit}
	case slices.Contains([]string{"busy", "failed", "no-answer", "canceled"}, status):
		return Fate{State: incident.DeliveryUndelivered, Problem: "the call ended with " + status}
	}
	if answeredBy == "human" {
		return listening(4, "a person answered the call")
	}
	where := slices.Index([]string{"queued", "initiated", "ringing", "in-progress"}, status)
	switch {
	case where < 0:
		return Fate{}
	case status == "in-progress":
		return listening(where, "the call was answered")
	}
	return onItsWay(where, "Twilio: "+status)
}

// listening is the fate of a call in which somebody listens, perhaps until its
// end.
func listening(where int, words string) Fate {
	fate := onItsWay(where, words)
	fate.Progress.Within = callFor + incident.ReceiptWithin
	return fate
}

// TwilioKey is the fate of a call in which another key than the digit was
// pressed: somebody listens.
func TwilioKey(key string) Fate {
	return listening(5, "the key "+OneLine(key, 10)+" was pressed, not "+AcknowledgeDigit)
}

// AcknowledgeDigit is the one that takes an incident on.
const AcknowledgeDigit = "4"

// mostSpoken keeps a menu, which says its text twice, below the 4,000
// characters that Twilio takes.
const mostSpoken = 800

// Menu reads a text twice and waits for a digit, which is posted to action.
func Menu(text, action, language string) string {
	text = OneLine(text, mostSpoken)
	ask := "Press " + AcknowledgeDigit + " to acknowledge, or any other key to hear it again."
	gather := `<Gather input="dtmf" numDigits="1" timeout="8" method="POST" action="` + EscapeXML(action) + `">` + say(text+" "+ask, language) + `</Gather>`
	return `<Response>` + gather + gather + say("Nobody has acknowledged it. Goodbye.", language) + `<Hangup/></Response>`
}

// Farewell says a text and ends the call.
func Farewell(text, language string) string {
	return `<Response>` + say(OneLine(text, mostSpoken), language) + `<Hangup/></Response>`
}

func say(text, language string) string {
	if language == "" {
		language = "en-GB"
	}
	return `<Say language="` + EscapeXML(language) + `">` + EscapeXML(text) + `</Say>`
}

// EscapeXML makes any text safe inside XML.
func EscapeXML(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// twilio is an account at Twilio; see https://www.twilio.com/docs/usage/api.
type twilio struct {
	url, account   string
	user, password string
	from           string
	client         *http.Client
}

const twilioURL = "https://api.twilio.com"

func newTwilio(s Settings, spec *catalog.Twilio, from string) (twilio, error) {
	c := twilio{url: strings.TrimRight(spec.URL, "/"), account: spec.AccountSID, user: spec.AccountSID, from: from, client: s.HTTP}
	if c.url == "" {
		c.url = twilioURL
	}
	password, err := secretFile("delivery.twilio.auth_token_file", spec.AuthTokenFile)
	if err == nil && spec.APIKey != "" {
		c.user = spec.APIKey
		password, err = secretFile("delivery.twilio.api_secret_file", spec.APISecretFile)
	}
	c.password = password
	return c, err
}

// ask posts a form to a resource of the account, or reads it without one.
func (c *twilio) ask(ctx context.Context, resource string, form url.Values, into any) error {
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	address := c.url + "/2010-04-01/Accounts/" + c.account + "/" + resource + ".json"
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return permanent("delivery.twilio.url is not a URL")
	}
	r.SetBasicAuth(c.user, c.password)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, refusal := exchange(ctx, c.client, r)
	if refusal != nil {
		return twilioRefusal(refusal, answer)
	}
	return understood("Twilio", answer, into)
}

func twilioRefusal(refusal *Error, answer []byte) *Error {
	var body struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(answer, &body) != nil || body.Code == 0 {
		return refusal
	}
	refusal.Err = fmt.Errorf("%w, with Twilio's error %s", refusal.Err, TwilioProblem(strconv.Itoa(body.Code)))
	return refusal
}

// TwilioProblem puts an error code of Twilio into words.
func TwilioProblem(code string) string {
	if _, err := strconv.ParseUint(code, 10, 32); err != nil {
		return "unknown"
	}
	words, known := map[string]string{
		"20003": "the login was refused", "20404": "not found", "20429": "too many requests",
		"21210": "the sender's number is not verified", "21211": "the number is not valid", "21214": "the number cannot be reached",
		"21217": "the number is not valid", "21219": "the number is not verified", "21606": "the sender's number cannot send",
		"21610": "the person has replied STOP", "21614": "the number is not a mobile phone's", "30001": "the queue is full",
		"30003": "the handset is unreachable", "30004": "the message was blocked", "30005": "the number is unknown",
		"30006": "a landline cannot take texts", "30007": "the carrier filtered it", "30008": "for an unknown reason", "30034": "the sender is not registered",
	}[code]
	if !known {
		return code
	}
	return code + " (" + words + ")"
}

// twilioSMS sends text messages.
type twilioSMS struct{ twilio }

func newTwilioSMS(s Settings) (Channel, error) {
	spec := s.Catalog.Delivery.Twilio
	if spec == nil || spec.SMSFrom == "" {
		return nil, nil
	}
	account, err := newTwilio(s, spec, spec.SMSFrom)
	return &twilioSMS{account}, err
}

// textLife is for how long the network may try: after it another way has long
// been used.
const textLife = 10 * time.Minute

// Send hands over a text message.
func (c *twilioSMS) Send(ctx context.Context, m Message) (Receipt, error) {
	form := url.Values{
		"To": {dialled(m.To.Address)}, "From": {dialled(c.from)}, "Body": {textMessage(m, m.Callback != "", "")},
		"ValidityPeriod": {strconv.Itoa(int(textLife.Seconds()))}, "SmartEncoded": {"true"},
	}
	if strings.HasPrefix(c.from, "MG") {
		form.Del("From")
		form.Set("MessagingServiceSid", c.from)
	}
	if m.Callback != "" {
		form.Set("StatusCallback", m.Callback+"/twilio/text/"+url.PathEscape(m.ID))
	}
	var taken twilioTaken
	if err := c.ask(ctx, "Messages", form, &taken); err != nil {
		return Receipt{}, err
	}
	return taken.receipt(TwilioText(taken.Status, strconv.Itoa(taken.Code)))
}

// twilioTaken is what Twilio says of what it has just taken.
type twilioTaken struct {
	SID    string `json:"sid"`
	Status string `json:"status"`
	Code   int    `json:"error_code"`
}

// receipt is an error where it failed before it began.
func (t twilioTaken) receipt(fate Fate) (Receipt, error) {
	if fate.State == incident.DeliveryUndelivered {
		return Receipt{}, permanent("%s", fate.Problem)
	}
	return Receipt{Thread: threadName(t.SID), Follows: true}, nil
}

// Follow asks what became of a text message, for when no callback comes.
func (c *twilioSMS) Follow(ctx context.Context, thread string, _ bool) (Fate, error) {
	var found struct {
		Status string `json:"status"`
		Code   int    `json:"error_code"`
	}
	if !isTwilioID(thread) {
		return Fate{}, permanent("the message has no name at Twilio")
	}
	if err := c.ask(ctx, "Messages/"+thread, nil, &found); err != nil {
		return Fate{}, err
	}
	return TwilioText(found.Status, strconv.Itoa(found.Code)), nil
}

// TwilioText is what a status of a text message means. See
// https://www.twilio.com/docs/messaging/api/message-resource#message-status-values.
func TwilioText(status, code string) Fate {
	if where := slices.Index([]string{"accepted", "scheduled", "queued", "sending", "sent"}, status); where >= 0 {
		return onItsWay(where, "Twilio: "+status)
	}
	switch status {
	case "delivered", "read":
		return Fate{State: incident.DeliveryDelivered}
	case "undelivered", "failed", "canceled":
		return Fate{State: incident.DeliveryUndelivered, Problem: "the text message is " + status + " with Twilio's error " + TwilioProblem(code)}
	}
	return Fate{}
}

// isTwilioID keeps a strange answer from becoming another path.
func isTwilioID(id string) bool {
	return len(id) == 34 && strings.Trim(strings.ToLower(id), "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// dialled is a phone number without the spaces that people read it by.
func dialled(number string) string { return strings.ReplaceAll(number, " ", "") }

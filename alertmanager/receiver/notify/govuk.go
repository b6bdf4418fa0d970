package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// govuk is GOV.UK Notify, for text messages or for mail; see
// https://docs.notifications.service.gov.uk/rest-api.html. It sends templates
// only: theirs hold ((message)), and ((subject)) for mail.
type govuk struct {
	url, issuer   string
	key           []byte
	way, template string
	sender        string
	replies       bool // to texts come back to us
	client        *http.Client
	now           func() time.Time
}

const govukURL = "https://api.notifications.service.gov.uk"

// govukAhead stands for what Notify puts before a text where the service has that
// on: its name and a colon. Which name that is, and whether, the API does not say,
// so there is room for as much as this.
const govukAhead = "A service's name of forty characters...: "

func newGovukSMS(s Settings) (Channel, error)   { return newGovuk(s, incident.WaySMS) }
func newGovukEmail(s Settings) (Channel, error) { return newGovuk(s, incident.WayEmail) }

func newGovuk(s Settings, way string) (Channel, error) {
	spec := s.Catalog.Delivery.GovukNotify
	if spec == nil {
		return nil, nil
	}
	c := &govuk{
		url: strings.TrimRight(spec.URL, "/"), way: way, template: spec.SMSTemplate, sender: spec.SMSSender,
		replies: spec.CallbackTokenFile != "" && s.Catalog.Links.Board != "", client: s.HTTP, now: time.Now,
	}
	if way == incident.WayEmail {
		c.template, c.sender = spec.EmailTemplate, spec.EmailReplyTo
	}
	if c.template == "" {
		return nil, nil
	}
	if c.url == "" {
		c.url = govukURL
	}
	key, err := secretFile("delivery.govuk_notify.api_key_file", spec.APIKeyFile)
	if err == nil {
		c.issuer, c.key, err = govukKey(key)
	}
	return c, err
}

// uuid is the shape of the two halves of an API key.
var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// govukKey takes an API key apart from its end: its name, in front, may hold
// dashes too.
func govukKey(key string) (issuer string, secret []byte, err error) {
	const length = 36
	wrong := errors.New("delivery.govuk_notify.api_key_file: want a key such as NAME-UUID-UUID")
	if len(key) < 2*length+2 {
		return "", nil, wrong
	}
	last, first := key[len(key)-length:], key[len(key)-2*length-1:len(key)-length-1]
	if !uuid.MatchString(first) || !uuid.MatchString(last) {
		return "", nil, wrong
	}
	return first, []byte(last), nil
}

// token is a JSON Web Token that is good for half a minute.
func (c *govuk) token() string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"typ":"JWT","alg":"HS256"}`)) + "." + encode(fmt.Appendf(nil, `{"iss":%q,"iat":%d}`, c.issuer, c.now().Unix()))
	sum := hmac.New(sha256.New, c.key)
	sum.Write([]byte(text))
	return text + "." + encode(sum.Sum(nil))
}

func (c *govuk) ask(ctx context.Context, path string, body, into any) error {
	method, text := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		var err error
		if text, err = json.Marshal(body); err != nil {
			return permanent("writing the message: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(text))
	if err != nil {
		return permanent("delivery.govuk_notify.url is not a URL")
	}
	r.Header.Set("Authorization", "Bearer "+c.token())
	r.Header.Set("Content-Type", "application/json")
	answer, refusal := exchange(ctx, c.client, r)
	if refusal != nil {
		return govukRefusal(refusal, answer)
	}
	return understood("GOV.UK Notify", answer, into)
}

// govukRefusal tells the day's limit, which no waiting helps against, from the
// minute's. Their sentences are not shown: they may repeat a number.
func govukRefusal(refusal *Error, answer []byte) *Error {
	var body struct {
		Errors []struct {
			Error string `json:"error"`
		} `json:"errors"`
	}
	if json.Unmarshal(answer, &body) != nil || len(body.Errors) == 0 {
		return refusal
	}
	switch name := body.Errors[0].Error; name {
	case "TooManyRequestsError":
		refusal.Permanent = true
		fallthrough
	case "RateLimitError", "BadRequestError", "ValidationError", "AuthError":
		refusal.Err = fmt.Errorf("%w, with Notify's %s", refusal.Err, name)
	}
	return refusal
}

// Send hands over a text message or a mail.
func (c *govuk) Send(ctx context.Context, m Message) (Receipt, error) {
	body := map[string]any{"template_id": c.template, "reference": m.ID}
	if c.way == incident.WaySMS {
		body["phone_number"], body["personalisation"] = dialled(m.To.Address), map[string]string{"message": textMessage(m, c.replies, govukAhead)}
		if c.sender != "" {
			body["sms_sender_id"] = c.sender
		}
	} else {
		t := Compose(m)
		body["email_address"], body["personalisation"] = m.To.Address, map[string]string{"subject": t.Subject, "message": govukMail(t)}
		if c.sender != "" {
			body["email_reply_to_id"] = c.sender
		}
	}
	var taken struct {
		ID string `json:"id"`
	}
	if err := c.ask(ctx, "/v2/notifications/"+c.way, body, &taken); err != nil {
		return Receipt{}, err
	}
	return Receipt{Thread: threadName(taken.ID), Follows: true}, nil
}

// govukMail keeps somebody else's text from becoming a heading, a list or a
// link of Notify's Markdown; our own addresses stay links.
func govukMail(t Text) string {
	plain := strings.NewReplacer("#", "＃", "*", "∗", "[", "(", "]", ")", "^", "ˆ", "((", "( (", "))", ") )")
	links := t.Links
	t.Links = nil
	var b strings.Builder
	b.WriteString(plain.Replace(plainMail(t)))
	for _, l := range links {
		fmt.Fprintf(&b, "%s: %s\n", l.Name, l.URL)
	}
	return b.String()
}

// Follow asks what became of a message, for when no callback comes.
func (c *govuk) Follow(ctx context.Context, thread string, _ bool) (Fate, error) {
	if !uuid.MatchString(thread) {
		return Fate{}, permanent("the message has no name at Notify")
	}
	var found struct {
		Status string `json:"status"`
	}
	if err := c.ask(ctx, "/v2/notifications/"+url.PathEscape(thread), nil, &found); err != nil {
		return Fate{}, err
	}
	return GovukStatus(found.Status), nil
}

// GovukStatus is what a status means. "sent" is the last one of a message to
// another country: whether it has arrived nobody says.
func GovukStatus(status string) Fate {
	if where := slices.Index([]string{"pending-virus-check", "created", "sending", "pending"}, status); where >= 0 {
		return onItsWay(where, "Notify: "+status)
	}
	switch status {
	case "delivered":
		return Fate{State: incident.DeliveryDelivered}
	case "sent":
		fate := onItsWay(99, "Notify: sent to another country, from where no receipt comes")
		fate.Progress.Last = true
		return fate
	case "permanent-failure", "temporary-failure", "technical-failure", "validation-failed", "virus-scan-failed", "cancelled":
		return Fate{State: incident.DeliveryUndelivered, Problem: "Notify says " + status}
	}
	return Fate{}
}

package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// pushover sends push messages through Pushover. What may ring in the night is
// of its emergency priority: it is repeated until it is answered on the phone,
// which acknowledges the incident, or until somebody has it. See
// https://pushover.net/api and https://pushover.net/api/receipts.
type pushover struct {
	url, token string
	client     *http.Client
}

const (
	pushoverURL = "https://api.pushover.net"

	// pushoverEvery is how often an emergency is repeated, and pushoverFor for
	// how long: as long as providers are asked whether it was answered.
	pushoverEvery = time.Minute
	pushoverFor   = time.Hour

	pushoverTitle, pushoverText, pushoverLink = 250, 1024, 512 // the most that it takes, in characters
)

func newPushover(s Settings) (Channel, error) {
	spec := s.Catalog.Delivery.Pushover
	if spec == nil {
		return nil, nil
	}
	token, err := secretFile("delivery.pushover.token_file", spec.TokenFile)
	if err != nil {
		return nil, err
	}
	return &pushover{strings.TrimRight(cmp.Or(spec.URL, pushoverURL), "/"), token, s.HTTP}, nil
}

// Send pushes to the person's devices. What says that somebody has the incident,
// or that it is over, first ends the emergencies that it rang with.
func (c *pushover) Send(ctx context.Context, m Message) (Receipt, error) {
	ends := m.Kind == incident.MessageResolved || m.Kind == incident.MessageAcknowledged
	if ends && m.Thread != "" {
		if _, err := c.post(ctx, "receipts/cancel_by_tag/"+IncidentKey(m.Incident), url.Values{}); err != nil && !IsPermanent(err) {
			return Receipt{}, err
		}
	}
	answer, err := c.post(ctx, "messages", pushoverForm(m))
	if err != nil {
		return Receipt{}, err
	}
	taken := struct {
		Status  int    `json:"status"`
		Receipt string `json:"receipt"`
		Info    string `json:"info"` // of a message that was taken and goes nowhere
	}{Status: 1}
	if err := understood("Pushover", answer, &taken); err != nil {
		return Receipt{}, err
	}
	if taken.Status != 1 {
		return Receipt{}, permanent("Pushover refused the message, with the status %d", taken.Status)
	}
	if strings.Contains(strings.ToLower(taken.Info), "no active devices") {
		return Receipt{}, permanent("the person has no device at Pushover that is active")
	}
	receipt := threadName(taken.Receipt)
	return Receipt{Thread: cmp.Or(receipt, m.Thread), Follows: receipt != ""}, nil
}

func pushoverForm(m Message) url.Values {
	t := Compose(m)
	form := url.Values{
		"user": {m.To.Address}, "title": {OneLine(t.Subject, pushoverTitle)}, "message": {pushoverMessage(t)},
		"timestamp": {strconv.FormatInt(m.At.Unix(), 10)}, "priority": {strconv.Itoa(pushoverPriority(m))},
	}
	if m.Urgent {
		form.Set("retry", strconv.Itoa(int(pushoverEvery.Seconds())))
		form.Set("expire", strconv.Itoa(int(pushoverFor.Seconds())))
		form.Set("tags", IncidentKey(m.Incident))
	}
	name, link := "Acknowledge", m.AcknowledgeURL
	if link == "" || m.Kind == incident.MessageResolved {
		name, link = "Incident", m.Board
	}
	if link != "" && len(link) <= pushoverLink {
		form.Set("url", link)
		form.Set("url_title", name)
	}
	return form
}

// pushoverPriority: 2 rings until it is answered, 1 passes quiet hours, 0 is
// usual, -1 is silent.
func pushoverPriority(m Message) int {
	switch {
	case m.Urgent:
		return 2
	case m.Kind == incident.MessageResolved, m.Kind == incident.MessageAcknowledged:
		return -1
	case m.Incident.Severity == incident.SeverityCritical:
		return 1
	}
	return 0
}

func pushoverMessage(t Text) string {
	b := strings.Builder{}
	b.WriteString(t.Lead)
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "\n%s: %s", r.Name, r.Value)
	}
	return Plain(b.String(), pushoverText)
}

// Follow asks whether an emergency rings and was answered, and ends it when
// somebody has answered elsewhere. The receipt of one that was not delivered is a
// bad one.
func (c *pushover) Follow(ctx context.Context, thread string, over bool) (Fate, error) {
	if thread == "" {
		return Fate{}, nil // it was no emergency
	}
	if over {
		if _, err := c.post(ctx, "receipts/"+url.PathEscape(thread)+"/cancel", url.Values{}); err != nil {
			return Fate{}, err
		}
	}
	address := c.url + "/1/receipts/" + url.PathEscape(thread) + ".json?token=" + url.QueryEscape(c.token)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Fate{}, permanent("delivery.pushover.url is not a URL")
	}
	answer, err := post(ctx, c.client, r)
	if err != nil {
		return Fate{}, err
	}
	var said pushoverSaid
	if err := json.Unmarshal(answer, &said); err != nil {
		return Fate{}, temporary("Pushover's answer is not the JSON that it should be")
	}
	return said.fate(over), nil
}

// pushoverSaid is the receipt of an emergency. Delivered is when it last went to
// a device, 0 for never.
type pushoverSaid struct {
	Acknowledged int   `json:"acknowledged"`
	Expired      int   `json:"expired"`
	Delivered    int64 `json:"last_delivered_at"`
}

// fate is what a receipt means; over says that nobody need answer any more. What
// rings on has arrived, and is still asked about, because it may be answered.
func (s pushoverSaid) fate(over bool) Fate {
	switch {
	case s.Acknowledged != 0:
		return Fate{State: incident.DeliveryDelivered, Acknowledged: true}
	case s.Delivered != 0 && (over || s.Expired != 0):
		return Fate{State: incident.DeliveryDelivered}
	case s.Delivered != 0:
		fate := onItsWay(0, "Pushover: it rings")
		fate.Progress.Arrived = true
		return fate
	case s.Expired != 0 && !over:
		return Fate{State: incident.DeliveryUndelivered, Problem: "Pushover reached none of the person's devices"}
	}
	return Fate{}
}

// post posts a form to a resource, with the token.
func (c *pushover) post(ctx context.Context, resource string, form url.Values) ([]byte, error) {
	form.Set("token", c.token)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/1/"+resource+".json", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, permanent("delivery.pushover.url is not a URL")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return post(ctx, c.client, r)
}

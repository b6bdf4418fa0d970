package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// ntfyLimit is what a server takes as text; longer ones it turns into files.
const ntfyLimit = 4096

// ntfy publishes push messages; their button acknowledges by a POST from the
// phone. See https://docs.ntfy.sh/publish/#publish-as-json.
type ntfy struct {
	url, token string
	client     *http.Client
}

func newNtfy(s Settings) (Channel, error) {
	spec := s.Catalog.Delivery.Ntfy
	if spec == nil {
		return nil, nil
	}
	c := &ntfy{url: strings.TrimRight(spec.URL, "/") + "/", client: s.HTTP}
	if spec.TokenFile != "" {
		text, err := os.ReadFile(spec.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("delivery.ntfy.token_file: %w", err)
		}
		c.token = strings.TrimSpace(string(text))
	}
	return c, nil
}

// ntfyMessage is the body of a publication as JSON.
type ntfyMessage struct {
	Topic    string       `json:"topic"`
	Title    string       `json:"title"`
	Message  string       `json:"message"`
	Priority int          `json:"priority"`
	Tags     []string     `json:"tags,omitempty"`
	Click    string       `json:"click,omitempty"`
	Actions  []ntfyAction `json:"actions,omitempty"`
}

type ntfyAction struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url"`
	Method string `json:"method,omitempty"`
	Clear  bool   `json:"clear,omitempty"`
}

// Send publishes to the person's topic.
func (c *ntfy) Send(ctx context.Context, m Message) (Receipt, error) {
	body, err := ntfyBody(c.compose(m))
	if err != nil {
		return Receipt{}, permanent("writing the push message: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return Receipt{}, permanent("delivery.ntfy.url is not a URL")
	}
	request.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := post(ctx, c.client, request)
	if err != nil {
		return Receipt{}, err
	}
	var taken struct {
		ID string `json:"id"`
	}
	if err := understood("ntfy", answer, &taken); err != nil {
		return Receipt{}, err
	}
	return Receipt{Thread: threadName(taken.ID)}, nil
}

// ntfyBody writes the message so that a server takes it, which is no longer than
// twice the limit of a text: see publishing as JSON in its server's source. Text
// is shortened first, and then links go, the last first.
func ntfyBody(n ntfyMessage) ([]byte, error) {
	for {
		var body bytes.Buffer
		writer := json.NewEncoder(&body)
		writer.SetEscapeHTML(false) // which would make six bytes of one
		if err := writer.Encode(n); err != nil {
			return nil, err
		}
		over := body.Len() - 2*ntfyLimit
		switch last := len(n.Actions) - 1; {
		case over <= 0:
			return body.Bytes(), nil
		case len(n.Message) > ntfyLimit/4:
			n.Message = cutBytes(n.Message, max(ntfyLimit/4, len(n.Message)-over))
		case last >= 0 && n.Actions[last].Action == "view":
			n.Actions = n.Actions[:last]
		case n.Click != "" && len(n.Click) > ntfyLimit/4:
			n.Click = ""
		default:
			return body.Bytes(), nil
		}
	}
}

// cutBytes cuts a text to a number of bytes, between two characters.
func cutBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

func (c *ntfy) compose(m Message) ntfyMessage {
	t := Compose(m)
	n := ntfyMessage{
		Topic: m.To.Address, Title: t.Subject, Message: ntfyText(t),
		Priority: ntfyPriority(m), Tags: []string{ntfyTag(t.State)}, Click: m.Board,
	}
	if m.AcknowledgeURL != "" && m.Kind != incident.MessageResolved {
		n.Actions = append(n.Actions, ntfyAction{
			Action: "http", Label: "Acknowledge", URL: m.AcknowledgeURL, Method: http.MethodPost, Clear: true,
		})
	}
	for _, l := range t.Links {
		if l.Name == "Runbook" || l.Name == "Dashboard" {
			n.Actions = append(n.Actions, ntfyAction{Action: "view", Label: l.Name, URL: l.URL})
		}
	}
	return n
}

// ntfyPriority: 5 rings through, 4 is loud, 3 is usual, 2 is silent.
func ntfyPriority(m Message) int {
	switch {
	case m.Urgent:
		return 5
	case m.Kind == incident.MessageResolved, m.Kind == incident.MessageAcknowledged:
		return 2
	case m.Incident.Severity == incident.SeverityCritical:
		return 4
	}
	return 3
}

func ntfyTag(state string) string {
	switch state {
	case "CRITICAL":
		return "rotating_light"
	case "RESOLVED":
		return "white_check_mark"
	}
	return "warning"
}

func ntfyText(t Text) string {
	b := strings.Builder{}
	b.WriteString(t.Lead)
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "\n%s: %s", r.Name, r.Value)
	}
	return cutBytes(b.String(), ntfyLimit)
}

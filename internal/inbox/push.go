package inbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-kit/log/level"
)

const maxPushBytes = 16 << 10

// pushed is a message as ntfy takes it (https://docs.ntfy.sh/publish/): JSON to
// the server's root, or plain text to a topic with the rest in headers.
type pushed struct {
	Topic   string `json:"topic"`
	Title   string `json:"title"`
	Message string `json:"message"`
	Click   string `json:"click"`
}

// push catches what would go to people's phones. It shows in the list as a
// message to push:TOPIC.
func (i *Inbox) push(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPushBytes))
	if err != nil {
		http.Error(w, fmt.Sprintf("reading the push message: %v", err), http.StatusRequestEntityTooLarge)
		return
	}
	p := pushed{Topic: r.PathValue("topic"), Title: r.Header.Get("Title"), Message: string(body), Click: r.Header.Get("Click")}
	if p.Topic == "" {
		p = pushed{}
		if err := json.Unmarshal(body, &p); err != nil || p.Topic == "" {
			http.Error(w, `publishing: want a topic in the path, or JSON such as {"topic": "asha", "message": "…"}`, http.StatusBadRequest)
			return
		}
	}
	m := &Message{
		Received: i.now().UTC(), From: "push", To: []string{"push:" + p.Topic}, Subject: p.Title,
		Text: strings.TrimSpace(p.Message + "\n\n" + p.Click), Raw: string(body),
	}
	if m.Subject == "" {
		m.Subject = p.Message
	}
	i.store.add(m)
	level.Info(i.logger).Log("msg", "push caught", "topic", p.Topic, "subject", m.Subject)
	writeJSON(w, map[string]any{"id": fmt.Sprint(m.ID), "time": m.Received.Unix(), "event": "message", "topic": p.Topic, "message": p.Message})
}

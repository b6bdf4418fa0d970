package slacktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Press is one press of a button, or a choice from a menu.
type Press struct {
	User   string // an id, such as U0123ASHA
	Name   string // of the account
	Action string // the button's action id
	Choice string // what the option of a menu says, such as "for 1 h"
	At     time.Time
	Times  int // how often Slack posts it; 0 is once

	// What a forger would do: sign with something else, or at another time.
	Secret string
}

// body is the payload, with the value that the message's button has.
func (s *Server) body(m Message, p Press) string {
	var blocks []struct {
		Type     string `json:"type"`
		Elements []struct {
			ActionID string `json:"action_id"`
			Value    string `json:"value"`
			Options  []struct {
				Text  struct{ Text string }
				Value string
			}
		} `json:"elements"`
	}
	_ = json.Unmarshal(m.Blocks, &blocks)
	action := map[string]any{"type": "button", "action_id": p.Action, "action_ts": fmt.Sprintf("%d.%06d", p.At.Unix(), p.At.Nanosecond()/1000)}
	for _, block := range blocks {
		if block.Type != "actions" {
			continue
		}
		for _, element := range block.Elements {
			if element.ActionID != p.Action {
				continue
			}
			action["value"] = element.Value
			for _, option := range element.Options {
				if option.Text.Text == p.Choice {
					action["type"], action["selected_option"] = "static_select", map[string]any{"value": option.Value}
				}
			}
		}
	}
	payload, _ := json.Marshal(map[string]any{
		"type": "block_actions", "user": map[string]any{"id": p.User, "username": p.Name, "name": p.Name, "team_id": "T0123"},
		"container":    map[string]any{"type": "message", "message_ts": m.TS, "channel_id": Channel, "is_ephemeral": false},
		"channel":      map[string]any{"id": Channel, "name": Name},
		"trigger_id":   "1.2.x",
		"response_url": "https://hooks.slack.com/actions/T0123/1/x",
		"actions":      []any{action},
	})
	return url.Values{"payload": {string(payload)}}.Encode()
}

// Sign makes a request as Slack signs it.
func Sign(ctx context.Context, path, body, secret string, at time.Time) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(body))
	stamp := strconv.FormatInt(at.Unix(), 10)
	sum := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(sum, "v0:%s:%s", stamp, body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(sum.Sum(nil)))
	return r
}

// Request is what Slack posts for a press.
func (s *Server) Request(ctx context.Context, m Message, p Press) *http.Request {
	secret := p.Secret
	if secret == "" {
		secret = SignedBy
	}
	if p.At.IsZero() {
		p.At = time.Now()
	}
	return Sign(ctx, "/callback/slack", s.body(m, p), secret, p.At)
}

// Press has Slack post a press to a handler, and gives the last answer's
// status. A repetition says so in its headers, as Slack's do.
func (s *Server) Press(ctx context.Context, to http.Handler, m Message, p Press) int {
	status := 0
	for n := range max(p.Times, 1) {
		r := s.Request(ctx, m, p)
		if n > 0 {
			r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(n))
			r.Header.Set("X-Slack-Retry-Reason", "http_timeout")
		}
		w := httptest.NewRecorder()
		to.ServeHTTP(w, r)
		status = w.Code
	}
	return status
}

package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// toolServer is a tool of a team, as far as we use it. Take says with which code
// the body of a request is refused, or 0.
type toolServer struct {
	*fake
	url     string
	good    int
	channel string // of the team, with URL for the server's
	words   []string
	take    func(r *http.Request, body []byte) int
	bodies  []string
}

func (p *toolServer) serve(t *testing.T) *toolServer {
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.fake, p.url = newFake(t), server.URL
	return p
}

func (p *toolServer) catalogue() string { return strings.ReplaceAll(p.channel, "URL", p.url) }
func (p *toolServer) says() []string    { return p.words }

func (p *toolServer) code(meaning string) int {
	return map[string]int{"success": p.good, "temporary": http.StatusTooManyRequests, "permanent": http.StatusBadRequest}[meaning]
}

func (p *toolServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	code := p.replies()
	if err != nil || r.Method != http.MethodPost || len(body) > 512<<10 {
		code = http.StatusBadRequest
	}
	if refused := p.take(r, body); refused != 0 {
		code = refused
	}
	p.mu.Lock()
	p.bodies = append(p.bodies, string(body))
	p.mu.Unlock()
	p.keep(strings.NewReplacer(`"routing_key":"`+secret+`"`, "", `\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(body)), "")
	if p.misbehaves(w, r, p.good) {
		return
	}
	w.Header().Set("Retry-After", "7")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"status":"%d","message":"%s"}`, code, secret)
}

// got are the bodies of all requests.
func (p *toolServer) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.bodies...)
}

// newPagerDutyServer wants what the Events API demands of an event.
func newPagerDutyServer(t *testing.T) *toolServer {
	p := &toolServer{good: http.StatusAccepted, channel: "pagerduty: {routing_key_file: secret, url: 'URL'}", words: []string{
		"PLEASE ACKNOWLEDGE: shop is down", "Users cannot use shop.", "Mon 23 Nov 22:10:00 UTC", "Probe home fails in 1 of 1 locations.", "payments",
		"https://board.example.org/incidents/7", "https://wiki.example.org/shop", `"severity":"critical"`, fmt.Sprintf(`"dedup_key":"tocsin-7-%d"`, suiteStart.Add(time.Minute).Unix()),
	}}
	p.take = func(r *http.Request, body []byte) int {
		var event struct {
			RoutingKey string `json:"routing_key"`
			Action     string `json:"event_action"`
			DedupKey   string `json:"dedup_key"`
			Links      []struct{ Href, Text string }
			Payload    *struct{ Summary, Source, Severity, Timestamp string }
		}
		if json.Unmarshal(body, &event) != nil || r.URL.Path != "/v2/enqueue" || len(event.DedupKey) > 255 || event.DedupKey == "" {
			return http.StatusBadRequest
		}
		if event.RoutingKey != secret {
			return http.StatusForbidden
		}
		if event.Action == "trigger" && (event.Payload == nil || event.Payload.Summary == "" || len([]rune(event.Payload.Summary)) > 1024 || event.Payload.Source == "") {
			return http.StatusBadRequest
		}
		return 0
	}
	return p.serve(t)
}

// newVictorOpsServer wants what the REST integration does.
func newVictorOpsServer(t *testing.T) *toolServer {
	p := &toolServer{good: http.StatusOK, channel: "victorops: {api_key_file: secret, routing_key: 'a team', url: 'URL/alert'}", words: []string{
		"PLEASE ACKNOWLEDGE: shop is down", "Users cannot use shop.", "Mon 23 Nov 22:10:00 UTC", "Probe home fails in 1 of 1 locations.", "payments",
		"https://board.example.org/incidents/7", "https://wiki.example.org/shop", `"message_type":"CRITICAL"`,
	}}
	p.take = func(r *http.Request, body []byte) int {
		var alert struct {
			Type string `json:"message_type"`
			ID   string `json:"entity_id"`
		}
		if r.URL.EscapedPath() != "/alert/"+secret+"/a%20team" || json.Unmarshal(body, &alert) != nil || alert.Type == "" || alert.ID == "" {
			return http.StatusBadRequest
		}
		return 0
	}
	return p.serve(t)
}

// newWebhookServer verifies what whoever takes a webhook should.
func newWebhookServer(t *testing.T) *toolServer {
	p := &toolServer{good: http.StatusOK, channel: "webhook: {url: 'URL/hook?room=1', secret_file: secret}", words: []string{
		"PLEASE ACKNOWLEDGE: shop is down", "Users cannot use shop.", `"began":"2026-11-23T22:10:00Z"`, "Probe home fails in 1 of 1 locations.", "payments",
		"https://board.example.org/incidents/7", "https://wiki.example.org/shop", `"severity":"critical"`, `"state":"open"`, `"id":"7.1.asha.webhook"`,
	}}
	p.take = func(r *http.Request, body []byte) int {
		sum := hmac.New(sha256.New, []byte(secret))
		sum.Write([]byte(r.Header.Get("X-Tocsin-Timestamp") + "."))
		sum.Write(body)
		at, err := strconv.ParseInt(r.Header.Get("X-Tocsin-Timestamp"), 10, 64)
		if r.Header.Get("X-Tocsin-Signature") != "v1="+hex.EncodeToString(sum.Sum(nil)) || err != nil || time.Since(time.Unix(at, 0)) > 5*time.Minute {
			return http.StatusForbidden
		}
		if r.URL.String() != "/hook?room=1" || !json.Valid(body) || r.Header.Get("Content-Type") != "application/json" {
			return http.StatusBadRequest
		}
		return 0
	}
	return p.serve(t)
}

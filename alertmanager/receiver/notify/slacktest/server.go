// Package slacktest is a Slack for tests: a server on loopback that keeps the
// messages of one channel, serves its history, and presses buttons with a
// signature, as Slack's documentation says.
//
// Tests of the Slack channel, of its callback and of the whole receiver start
// one with [New]. It stalls, refuses, limits and cuts connections when told to.
//
// It is stricter than Slack: a message that is longer than the documented
// limits, that the published Go client does not read back as it was written, or
// in which a control character is not escaped, fails the test.
package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The channel, and the secrets of the bot's app.
const (
	Channel   = "C0123ALERTS"
	Name      = "alerts"
	Token     = "xoxb-slack-t0ken"
	SignedBy  = "slack-s1gning"
	botUserID = "U0123TOCSIN"
)

// Server is the fake. Its exported methods may be called while it serves.
type Server struct {
	t     testing.TB
	http  *httptest.Server
	ended chan struct{}
	end   func()

	mu       sync.Mutex // guards what follows
	messages []Message
	whispers []Whisper
	faults   []fault
	calls    []string
	clock    int64
	token    string
	problems []string
}

// Message is one in the channel, or in a thread below one.
type Message struct {
	TS, Thread string
	Broadcast  bool
	Text       string
	Blocks     json.RawMessage
	Metadata   json.RawMessage
	Edits      int
}

// Whisper is a message that one person sees.
type Whisper struct{ User, Thread, Text string }

// Fault is what a call comes to instead: an answer with a status and a body,
// nothing for ever, or a connection that is cut. Done says that the call is
// carried out before that.
type Fault struct {
	Status int
	Header map[string]string
	Body   string
	Stall  bool
	Done   bool
	Always bool // until [Server.Behave]
}

type fault struct {
	method string
	Fault
}

// Refusal is the answer with "ok": false.
func Refusal(code string) Fault {
	return Fault{Status: http.StatusOK, Body: fmt.Sprintf(`{"ok":false,"error":%q}`, code)}
}

// Busy is the answer over the rate limit.
func Busy(seconds int) Fault {
	return Fault{Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": strconv.Itoa(seconds)}, Body: `{"ok":false,"error":"ratelimited"}`}
}

// Cut ends the connection without an answer, after the call was carried out.
func Cut() Fault { return Fault{Done: true} }

// New starts a server that is stopped with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, ended: make(chan struct{}), clock: time.Now().UnixMicro(), token: Token}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	mux := http.NewServeMux()
	for method, handle := range map[string]func([]byte, *http.Request) any{
		"POST chat.postMessage": s.post, "POST chat.update": s.update, "POST chat.postEphemeral": s.whisper,
		"GET conversations.history": s.history, "GET conversations.replies": s.history, "GET users.conversations": s.list,
	} {
		verb, method, _ := strings.Cut(method, " ")
		mux.HandleFunc(verb+" /api/"+method, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, method, handle) })
	}
	s.http = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.End()
		s.http.Close()
		for _, problem := range s.problems {
			t.Errorf("Slack would not take it, or not show it as it was meant: %s", problem)
		}
	})
	return s
}

// URL is the Web API's base address.
func (s *Server) URL() string { return s.http.URL + "/api" }

// Accept makes another token the good one.
func (s *Server) Accept(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// End ends the calls that stall.
func (s *Server) End() { s.end() }

// Misbehave makes the next calls of a method come to something else, in
// order.
func (s *Server) Misbehave(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, fault{method, f})
	}
}

// Behave forgets the faults that are left.
func (s *Server) Behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Messages lists what is in the channel and its threads, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Whispers lists what single people were told.
func (s *Server) Whispers() []Whisper {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.whispers)
}

// Calls lists the methods that were called.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Delete removes a message, as a person may.
func (s *Server) Delete(ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m Message) bool { return m.TS == ts })
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, method string, handle func([]byte, *http.Request) any) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.calls = append(s.calls, method)
	f, bad := s.nextFault(method)
	var said any
	if r.Header.Get("Authorization") != "Bearer "+s.token {
		said = refusal("invalid_auth")
	} else if !bad || f.Done {
		said = handle(body, r)
	}
	s.mu.Unlock()
	switch {
	case bad && f.Stall:
		select {
		case <-r.Context().Done():
		case <-s.ended:
		}
		return
	case bad && f.Status == 0:
		panic(http.ErrAbortHandler)
	case bad:
		for name, value := range f.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(said)
}

func (s *Server) nextFault(method string) (Fault, bool) {
	for n, f := range s.faults {
		if f.method == method || f.method == "" {
			if !f.Always {
				s.faults = slices.Delete(s.faults, n, n+1)
			}
			return f.Fault, true
		}
	}
	return Fault{}, false
}

func refusal(code string) any { return map[string]any{"ok": false, "error": code} }

// sent is the body of a call that writes.
type sent struct {
	Channel   string          `json:"channel"`
	User      string          `json:"user"`
	TS        string          `json:"ts"`
	Thread    string          `json:"thread_ts"`
	Broadcast bool            `json:"reply_broadcast"`
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks"`
	Metadata  json.RawMessage `json:"metadata"`
}

// read takes a call apart and looks at its texts; the answer is a refusal, or
// nil.
func (s *Server) read(body []byte) (sent, any) {
	var in sent
	if err := json.Unmarshal(body, &in); err != nil {
		return in, refusal("invalid_json")
	}
	if in.Channel != Channel && in.Channel != "#"+Name {
		return in, refusal("channel_not_found")
	}
	s.problems = append(s.problems, inspect(in)...)
	return in, nil
}

func (s *Server) stamp() string {
	s.clock += 1000
	return fmt.Sprintf("%d.%06d", s.clock/1e6, s.clock%1e6)
}

func (s *Server) post(body []byte, _ *http.Request) any {
	in, refused := s.read(body)
	if refused != nil {
		return refused
	}
	if in.Thread != "" && s.find(in.Thread) < 0 {
		return refusal("thread_not_found")
	}
	m := Message{TS: s.stamp(), Thread: in.Thread, Broadcast: in.Broadcast, Text: in.Text, Blocks: in.Blocks, Metadata: in.Metadata}
	s.messages = append(s.messages, m)
	return map[string]any{"ok": true, "channel": Channel, "ts": m.TS, "message": map[string]any{"text": m.Text, "user": botUserID}}
}

func (s *Server) update(body []byte, _ *http.Request) any {
	in, refused := s.read(body)
	if refused != nil {
		return refused
	}
	n := s.find(in.TS)
	if n < 0 {
		return refusal("message_not_found")
	}
	m := &s.messages[n]
	m.Text, m.Blocks, m.Metadata, m.Edits = in.Text, in.Blocks, in.Metadata, m.Edits+1
	return map[string]any{"ok": true, "channel": Channel, "ts": in.TS, "text": in.Text}
}

func (s *Server) whisper(body []byte, _ *http.Request) any {
	in, refused := s.read(body)
	if refused != nil {
		return refused
	}
	if in.User == "" {
		return refusal("user_not_in_channel")
	}
	s.whispers = append(s.whispers, Whisper{in.User, in.Thread, in.Text})
	return map[string]any{"ok": true, "message_ts": s.stamp()}
}

func (s *Server) find(ts string) int {
	return slices.IndexFunc(s.messages, func(m Message) bool { return m.TS == ts })
}

// history answers for the channel, or for the thread that is asked for, the
// newest first, two on a page.
func (s *Server) history(_ []byte, r *http.Request) any {
	q := r.URL.Query()
	if q.Get("channel") != Channel {
		return refusal("channel_not_found")
	}
	thread := q.Get("ts")
	if thread != "" && s.find(thread) < 0 {
		return refusal("thread_not_found")
	}
	var found []any
	for _, m := range slices.Backward(s.messages) {
		if m.TS < q.Get("oldest") || (thread == "") != (m.Thread == "" || m.Broadcast) || thread != "" && m.Thread != thread && m.TS != thread {
			continue
		}
		listed := map[string]any{"type": "message", "user": botUserID, "ts": m.TS, "text": m.Text, "blocks": m.Blocks}
		if q.Get("include_all_metadata") == "true" {
			listed["metadata"] = m.Metadata
		}
		found = append(found, listed)
	}
	const size = 2
	from, _ := strconv.Atoi(q.Get("cursor"))
	to := min(from+size, len(found))
	next := ""
	if to < len(found) {
		next = strconv.Itoa(to)
	}
	return map[string]any{"ok": true, "messages": found[min(from, to):to], "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}}
}

func (s *Server) list(_ []byte, _ *http.Request) any {
	return map[string]any{"ok": true, "channels": []any{
		map[string]any{"id": "C0000OTHER", "name": "other"}, map[string]any{"id": Channel, "name": Name},
	}}
}

package pager

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Push is a message that the phone was told.
type Push struct {
	At       time.Time
	Topic    string `json:"topic"` // the person
	Title    string `json:"title"`
	Message  string `json:"message"`
	Priority int    `json:"priority"` // 5 rings
	Click    string `json:"click"`    // the incident's page
	Via      string `json:"-"`        // the path that it came by: see Estate.Name
}

// Key names what is told: the same twice has the same key.
func (p Push) Key() string { return p.Topic + " " + p.Title + " " + p.Click }

// Phone is a push server.
type Phone struct {
	server *http.Server
	url    string

	mu     sync.Mutex
	told   []Push
	hold   string // in the title of what is taken and never answered
	held   chan Push
	delay  time.Duration
	onTold func(Push)
}

// NewPhone listens on a free port, until Close.
func NewPhone(ctx context.Context) (*Phone, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Phone{url: "http://" + listener.Addr().String(), held: make(chan Push, 1)}
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// Close ends it.
func (p *Phone) Close() error { return p.server.Close() }

// URL is its address.
func (p *Phone) URL() string { return p.url }

// Hold has it take the next message with a word in its title and never answer;
// the channel gives that message.
func (p *Phone) Hold(word string) <-chan Push {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = word
	return p.held
}

// Slow has it answer after a while.
func (p *Phone) Slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// OnTold has f called, by one caller at a time, with each message that comes.
func (p *Phone) OnTold(f func(Push)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onTold = f
}

// Told is everything that it was told, in order.
func (p *Phone) Told() []Push {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Push(nil), p.told...)
}

// Counts says how often each thing was told.
func (p *Phone) Counts() map[string]int {
	counts := map[string]int{}
	for _, push := range p.Told() {
		counts[push.Key()]++
	}
	return counts
}

func (p *Phone) serve(w http.ResponseWriter, r *http.Request) {
	push := Push{At: time.Now(), Via: strings.Trim(r.URL.Path, "/")}
	if err := json.NewDecoder(r.Body).Decode(&push); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	held, delay := p.note(push)
	if held {
		p.held <- push
		<-r.Context().Done() // whoever asks has gone
		return
	}
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
	}
	_, _ = w.Write([]byte(`{"id":"taken"}`))
}

func (p *Phone) note(push Push) (held bool, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, push)
	if p.onTold != nil {
		p.onTold(push)
	}
	if p.hold != "" && strings.Contains(push.Title, p.hold) {
		p.hold = ""
		return true, 0
	}
	return false, p.delay
}

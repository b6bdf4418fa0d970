package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/jhillyerd/enmime/v2"
	"github.com/stretchr/testify/require"
)

// fake is what the fakes have in common.
type fake struct {
	mu         sync.Mutex
	reply      int
	text, html string
	ended      chan struct{} // closed at the test's end
}

func newFake(t *testing.T) *fake {
	f := &fake{ended: make(chan struct{})}
	t.Cleanup(func() { close(f.ended) })
	return f
}

// What a server does in place of an answer: it never gives one, it ends the
// connection before one, or in the middle of a good one.
const (
	stalls  = 0
	cuts    = -1
	cutsEnd = -2
)

// misbehaves does so; false when there is an ordinary answer to give.
func (f *fake) misbehaves(w http.ResponseWriter, r *http.Request, good int) bool {
	switch f.replies() {
	case stalls:
		select {
		case <-r.Context().Done():
		case <-f.ended:
		}
		return true
	case cuts:
		panic(http.ErrAbortHandler)
	case cutsEnd:
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(good)
		_, _ = io.WriteString(w, `{"id": "half of`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return false
}

func (f *fake) answer(code int) { f.mu.Lock(); f.reply = code; f.mu.Unlock() }
func (f *fake) replies() int    { f.mu.Lock(); defer f.mu.Unlock(); return f.reply }
func (f *fake) taken() string   { f.mu.Lock(); defer f.mu.Unlock(); return f.text }
func (f *fake) markup() string  { f.mu.Lock(); defer f.mu.Unlock(); return f.html }

func (f *fake) keep(text, html string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text, f.html = text, html
}

// mailServer is an SMTP server.
type mailServer struct {
	*fake
	t        *testing.T
	listener net.Listener
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m := &mailServer{t: t, listener: listener}
	server := smtp.NewServer(m)
	server.Domain = "mail.example.org"
	served := make(chan struct{})
	go func() {
		_ = server.Serve(listener)
		close(served)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	m.fake = newFake(t)
	return m
}

func (m *mailServer) catalogue() string {
	return fmt.Sprintf("smtp: {host: %q, from: tocsin@example.org}", m.listener.Addr())
}

func (m *mailServer) code(meaning string) int {
	return map[string]int{"success": 250, "temporary": 451, "permanent": 550}[meaning]
}

func (m *mailServer) says() []string { return everything }

// NewSession makes the server a backend.
func (m *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) { return &mailSession{m, c}, nil }

type mailSession struct {
	server *mailServer
	conn   *smtp.Conn
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(string, *smtp.MailOptions) error {
	if s.server.replies() == 0 {
		<-s.server.ended
	}
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if code := s.server.replies(); code >= 400 {
		return &smtp.SMTPError{Code: code, Message: "no room for " + to + " with " + secret}
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	if s.server.replies() == cuts {
		_ = s.conn.Close()
		return io.ErrUnexpectedEOF
	}
	mail, err := enmime.ReadEnvelope(r)
	if err != nil {
		return err
	}
	text := strings.Builder{}
	for _, name := range mail.GetHeaderKeys() {
		fmt.Fprintf(&text, "%s: %s\n", name, mail.GetHeader(name))
	}
	s.server.keep(text.String()+"\n"+mail.Text+"\n"+mail.HTML, mail.HTML)
	return nil
}

// pushServer is an ntfy server.
type pushServer struct {
	*fake
	url string
}

func newPushServer(t *testing.T) *pushServer {
	t.Helper()
	p := &pushServer{}
	server := httptest.NewServer(http.HandlerFunc(p.publish))
	t.Cleanup(server.Close)
	p.fake, p.url = newFake(t), server.URL
	return p
}

func (p *pushServer) catalogue() string {
	return fmt.Sprintf("ntfy: {url: %q, token_file: secret}", p.url)
}

func (p *pushServer) code(meaning string) int {
	return map[string]int{"success": 200, "temporary": 503, "permanent": 403}[meaning]
}

func (p *pushServer) says() []string { return everything }

func (p *pushServer) publish(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	code := p.replies()
	if p.misbehaves(w, r, http.StatusOK) {
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("Authorization") != "Bearer "+secret {
		code = http.StatusUnauthorized
	}
	var message map[string]any
	if err := json.Unmarshal(body, &message); err != nil {
		code = http.StatusBadRequest
	}
	if text, _ := message["message"].(string); len(text) > 4096 || len(body) > 8192 {
		code = http.StatusBadRequest
	}
	text, _ := json.MarshalIndent(message, "", "  ")
	p.keep(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(text)), "")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"id":"x1","error":"%s for %s"}`, secret, address)
}

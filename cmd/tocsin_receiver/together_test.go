package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/pager"
)

// surroundings is what receivers ask besides telling people: Prometheus, an
// exporter, Alertmanager, and whoever hears the heartbeat. The first part of a
// path names the receiver.
type surroundings struct {
	url string

	mu     sync.Mutex
	asked  map[string]int
	hang   bool          // the exporter and Prometheus take a question and do not answer
	hanged chan struct{} // receives when it does
}

func newSurroundings(t *testing.T) *surroundings {
	t.Helper()
	s := &surroundings{asked: map[string]int{}, hanged: make(chan struct{}, 16)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *surroundings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.Method+" "+r.URL.Path]++
	hang := s.hang && (strings.HasSuffix(r.URL.Path, "/results") || strings.HasSuffix(r.URL.Path, "/query_range"))
	s.mu.Unlock()
	switch {
	case hang:
		_, _ = io.Copy(io.Discard, r.Body) // else nobody notices that who asks is gone
		select {
		case s.hanged <- struct{}{}:
		case <-r.Context().Done():
		}
		<-r.Context().Done()
	case strings.HasSuffix(r.URL.Path, "/results"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"location": "london", "newest_failure": {"at": %q, "reason": "body", "text": "no welcome", "screenshot": "yes"}}`, time.Now().UTC().Format(time.RFC3339Nano))
	case strings.HasSuffix(r.URL.Path, "/screenshot"):
		w.Header().Set("Content-Type", "image/png")
		_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 8, 8)))
	case strings.Contains(r.URL.Path, "/api/v1/query"):
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	case r.Method == http.MethodGet:
		fmt.Fprint(w, `[]`)
	}
}

// count sums up the questions of receivers, "" for all, with a path.
func (s *surroundings) count(name, path string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for what, times := range s.asked {
		if strings.Contains(what, "/"+name) && strings.HasSuffix(what, path) {
			n += times
		}
	}
	return n
}

func (s *surroundings) hangs(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = on
}

// wired has a catalogue name the surroundings.
func (s *surroundings) wired(name, catalogue string) string {
	at := s.url + "/" + name
	return strings.NewReplacer(
		"links: {", fmt.Sprintf("links: {prometheus: %s, exporters: [%s], alertmanager: [%s], ", at, at, at),
		"monitoring: {", fmt.Sprintf("monitoring: {heartbeat: {url: %s/alive, every: 10s}, ", at),
		"http://127.0.0.1:10211", "http://127.0.0.1:10211, api_tokens: {test: {file: TOKEN}}",
	).Replace(catalogue) + "inbound: {cloud: {token_file: TOKEN, grafana: {}}}\n"
}

// shifts lists the notices that somebody is on call.
func (s *shared) shifts(person string) (texts []string) {
	for _, push := range s.phone.Told() {
		if push.Topic == person && strings.Contains(push.Title, "You are on call for shop") {
			texts = append(texts, push.Message)
		}
	}
	return texts
}

// page is a page of a receiver's board.
func (s *shared) page(r *pager.Receiver, path string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), http.MethodGet, r.URL()+path, nil)
	require.NoError(s.t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return string(text)
}

// ask posts JSON to a receiver and wants a status.
func (s *shared) ask(r *pager.Receiver, path, body string, want int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), http.MethodPost, r.URL()+path, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer hunter-two")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(s.t, want, answer.StatusCode, path)
}

// TestRealTwoReceiversDoOnce: what is not sent from the outbox is done by one of
// them too, and by the other when that one is killed.
func TestRealTwoReceiversDoOnce(t *testing.T) {
	s, around := newShared(t), newSurroundings(t)
	s.alter = func(name, catalogue string) string {
		folder := t.TempDir()
		token := filepath.Join(folder, "token")
		require.NoError(t, os.WriteFile(token, []byte("hunter-two\n"), 0o600))
		return strings.ReplaceAll(around.wired(name, catalogue), "TOKEN", token)
	}
	first := s.start("first")
	second := s.start("second")

	s.down("s0", first, second)
	s.within(func() bool { return len(s.rung("s0")) == 1 && around.count("", "/results") > 0 }, "the alert is told and looked into")
	s.ask(first, "/api/v1/oncall/entries", `{"kind": "override", "rota": "shop", "instead": "ben", "duration": "8h", "by": "ana"}`, http.StatusCreated)
	s.within(func() bool { return len(s.shifts("ben")) > 0 }, "ben hears that he is on call")
	s.ask(second, "/api/v1/inbound/cloud", `{"alerts": [{"status": "firing", "fingerprint": "f", "labels": {"alertname": "Slow", "service": "s1"}, "startsAt": "2026-11-26T12:00:00Z"}]}`, http.StatusOK)
	s.within(func() bool { return around.count("first", "/alerts") > 0 && around.count("second", "/alerts") > 0 }, "both tell Alertmanager")
	s.within(func() bool { return around.count("first", "/alive") > 1 }, "the first says that it lives")
	require.Zero(t, around.count("second", "/alive"), "one of them leads")

	around.hangs(true)
	s.down("s2", first)
	for range 2 { // the exporter and Prometheus
		select {
		case <-around.hanged:
		case <-time.After(2 * time.Minute):
			t.Fatal("nobody looked into it")
		}
	}
	before, asked, posts := around.count("second", "/results"), around.count("second", "/query_range"), around.count("second", "/alerts")
	first.Kill()
	killed := time.Now()
	around.hangs(false)
	s.within(func() bool { return around.count("second", "/alive") > 0 }, "the second leads")
	t.Logf("the second calls the heartbeat %s after the first was killed", time.Since(killed).Round(10*time.Millisecond))
	s.within(func() bool { return around.count("second", "/results") > before }, "what was looked into is looked into by the other")
	s.within(func() bool { return around.count("second", "/query_range") > asked }, "and its figures are read by the other")
	s.within(func() bool { return strings.Contains(s.page(second, "/incidents/2"), "/incidents/2/picture?of=") }, "the picture is kept by the other")
	s.ask(second, "/api/v1/oncall/entries/1/end", `{"by": "ana"}`, http.StatusOK)
	s.within(func() bool { return len(s.shifts("ana")) > 0 }, "ana hears that she is on call")
	s.within(func() bool { return around.count("second", "/alerts") > posts }, "Alertmanager goes on hearing of it")
	require.Len(t, s.shifts("ben"), 1)
	require.Len(t, s.shifts("ana"), 1)
	require.Contains(t, s.shifts("ben")[0], "1 incident is open.")
	require.Contains(t, s.shifts("ana")[0], "2 incidents are open.", "the other one hands over in writing too")
	require.Len(t, s.rung("s0"), 1)
}

package githubtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Server is the fake. Its exported methods may be called while it serves.
type Server struct {
	t           testing.TB
	http        *httptest.Server
	description *description

	mu        sync.Mutex // guards what follows
	world     world
	faults    []fault
	requests  []Request
	token     string
	remaining int
	reset     time.Time
	problems  []error
}

// Request is one that the server has seen.
type Request struct {
	Method, Path, Query string
	Header              http.Header
	Status              int
	At                  time.Time
}

// Reply replaces the answer to one request. A Status of 0 breaks the
// connection instead; then Done says that the request is carried out before that.
type Reply struct {
	Status int
	Header map[string]string
	Body   string
	Done   bool
	Always bool // until [Server.Behave]
	Stall  bool // no answer at all
}

type fault struct {
	matches func(*http.Request) bool
	reply   Reply
}

// New starts a server that is stopped with the test. A request or an answer
// that is not as GitHub describes it fails the test at its end.
func New(t testing.TB) *Server {
	t.Helper()
	d, err := loadDescription()
	require.NoError(t, err)
	s := &Server{t: t, description: d, remaining: 5000, reset: time.Now().Add(time.Hour)}
	s.http = httptest.NewServer(s.routes())
	t.Cleanup(func() {
		s.http.Close()
		for _, problem := range s.problems {
			t.Errorf("not as GitHub's description has it: %v", problem)
		}
	})
	return s
}

// URL is the API's base address.
func (s *Server) URL() string { return s.http.URL }

// RequireToken makes the server refuse every other token with 401.
func (s *Server) RequireToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// SetRemaining sets how many requests are left until reset. The server counts
// down and refuses at zero.
func (s *Server) SetRemaining(n int, reset time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remaining, s.reset = n, reset
}

// Misbehave makes the next request whose method and path match answer with
// reply. An empty method or path matches every one. Faults are used up in
// their order.
func (s *Server) Misbehave(method, path string, reply Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fault{reply: reply, matches: func(r *http.Request) bool {
		return (method == "" || r.Method == method) && (path == "" || r.URL.Path == path)
	}})
}

// Behave forgets the faults that are left.
func (s *Server) Behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Requests returns what was asked so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// reply is an answer in the making.
type reply struct {
	status int
	body   any
	next   string // of a page: the query of the following one
	as     string // the documented status whose schema body has, if not status
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	route := func(method, path string, handle func(*http.Request, []byte) reply) {
		operation, err := s.description.operation(method, path)
		require.NoError(s.t, err)
		mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, operation, handle) })
	}
	route("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", s.listRuns)
	route("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", s.listJobs)
	route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", s.listPulls)
	route("GET", "/repos/{owner}/{repo}/issues", s.listIssues)
	route("POST", "/repos/{owner}/{repo}/issues", s.createIssue)
	route("GET", "/repos/{owner}/{repo}/issues/{issue_number}", s.oneIssue)
	route("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", s.oneIssue)
	route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", s.listComments)
	route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", s.createComment)
	route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", s.editComment)
	route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/comments", s.listComments)
	route("POST", "/repos/{owner}/{repo}/commits/{commit_sha}/comments", s.createComment)
	route("PATCH", "/repos/{owner}/{repo}/comments/{comment_id}", s.editComment)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.problems = append(s.problems, fmt.Errorf("nobody asks GitHub for %s %s", r.Method, r.URL.Path))
		w.WriteHeader(http.StatusNotFound)
	})
	return mux
}

// serve checks a request, answers it and checks the answer.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, o operation, handle func(*http.Request, []byte) reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.problems = append(s.problems, err)
		return
	}
	s.inspect(r, o, body)
	if f, ok := s.nextFault(r); ok {
		if f.Done {
			handle(r, body)
		}
		s.fail(w, r, f)
		return
	}
	if refused := s.refuse(r); refused != nil {
		s.write(w, r, *refused)
		return
	}
	answer := handle(r, body)
	s.check(o, answer)
	s.write(w, r, answer)
}

// inspect holds a request to the description and to GitHub's own demands.
func (s *Server) inspect(r *http.Request, o operation, body []byte) {
	note := func(err error) {
		if err != nil {
			s.problems = append(s.problems, fmt.Errorf("request %s %s: %w", r.Method, r.URL.Path, err))
		}
	}
	note(o.checkQuery(r.URL.Query()))
	if r.Method != http.MethodGet {
		note(o.checkBody(body))
	}
	for _, header := range []string{"User-Agent", "Accept", "X-Github-Api-Version"} {
		if r.Header.Get(header) == "" {
			note(fmt.Errorf("no %s", header))
		}
	}
}

func (s *Server) nextFault(r *http.Request) (Reply, bool) {
	for i, f := range s.faults {
		if f.matches(r) {
			if !f.reply.Always {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
			return f.reply, true
		}
	}
	return Reply{}, false
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, f Reply) {
	s.record(r, f.Status)
	if f.Stall {
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
		return
	}
	if f.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(f.Status)
	fmt.Fprint(w, f.Body)
}

// refuse answers for the token and for the primary limit.
func (s *Server) refuse(r *http.Request) *reply {
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		return &reply{status: http.StatusUnauthorized, body: basicError("Bad credentials", 401)}
	}
	if s.remaining <= 0 {
		return &reply{status: http.StatusForbidden, body: basicError("API rate limit exceeded for installation.", 403)}
	}
	return nil
}

func (s *Server) check(o operation, answer reply) {
	text, err := json.Marshal(answer.body)
	if err == nil {
		documented := answer.as
		if documented == "" {
			documented = strconv.Itoa(answer.status)
		}
		err = o.checkAnswer(documented, text)
	}
	if err != nil {
		s.problems = append(s.problems, fmt.Errorf("answer %d to %s %s: %w", answer.status, o.method, o.path, err))
	}
}

// write sends an answer with its validator and the limit's headers. A 304 does
// not count against the limit.
func (s *Server) write(w http.ResponseWriter, r *http.Request, a reply) {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(a.body); err != nil {
		s.problems = append(s.problems, err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	status := a.status
	if r.Method == http.MethodGet && status == http.StatusOK {
		tag := fmt.Sprintf(`W/"%x"`, sha256.Sum256(text.Bytes()))
		h.Set("Etag", tag)
		if r.Header.Get("If-None-Match") == tag {
			status = http.StatusNotModified
		}
	}
	if a.next != "" {
		h.Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s%s?page=99>; rel="last"`, s.http.URL, r.URL.Path, a.next, s.http.URL, r.URL.Path))
	}
	if status != http.StatusNotModified && s.remaining > 0 {
		s.remaining--
	}
	h.Set("X-RateLimit-Limit", "5000")
	h.Set("X-RateLimit-Remaining", strconv.Itoa(s.remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(s.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
	s.record(r, status)
	w.WriteHeader(status)
	if status != http.StatusNotModified {
		_, _ = w.Write(text.Bytes())
	}
}

func (s *Server) record(r *http.Request, status int) {
	s.requests = append(s.requests, Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Header: r.Header.Clone(), Status: status, At: time.Now(),
	})
}

func basicError(message string, status int) map[string]any {
	return map[string]any{
		"message": message, "status": strconv.Itoa(status),
		"documentation_url": "https://docs.github.com/rest",
	}
}

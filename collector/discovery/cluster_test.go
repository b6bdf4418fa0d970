package discovery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// cluster is a Kubernetes API server as far as listing and watching goes. The
// forms are those of
// https://kubernetes.io/docs/reference/using-api/api-concepts: lists in pages,
// watches as a stream of JSON objects in chunks, 410 for what is too old.
type cluster struct {
	mu      sync.Mutex
	version int
	oldest  int                 // versions before it are gone
	objects map[string][]string // texts by plural, in order
	history []event
	news    chan struct{} // closed at each change
	token   string
	status  map[string]int // answered instead, by plural
	asked   []string       // paths and queries
	goneBy  string         // "status" or "event"
	hangups int            // watches that are ended after their first event
	expire  bool           // pages after the first are gone
}

type event struct {
	plural, kind, object string
	version              int
}

func newCluster(t *testing.T) (*cluster, *httptest.Server) {
	t.Helper()
	c := &cluster{version: 10, objects: make(map[string][]string), news: make(chan struct{}), token: "first", status: map[string]int{"httproutes": http.StatusNotFound}}
	server := httptest.NewServer(c)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return c, server
}

// put adds or changes an object; VERSION in its text becomes the version.
func (c *cluster) put(plural, kind, object string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	object = strings.ReplaceAll(object, "VERSION", strconv.Itoa(c.version))
	name := nameIn(object)
	var kept []string
	for _, o := range c.objects[plural] {
		if nameIn(o) != name || name == "" {
			kept = append(kept, o)
		}
	}
	if kind != "DELETED" && kind != "BOOKMARK" {
		kept = append(kept, object)
	}
	c.objects[plural] = kept
	c.history = append(c.history, event{plural, kind, object, c.version})
	c.wake()
}

func nameIn(object string) string {
	var o struct {
		Metadata struct{ Namespace, Name string }
	}
	_ = json.Unmarshal([]byte(object), &o)
	return o.Metadata.Namespace + "/" + o.Metadata.Name
}

// do changes what the cluster answers, and ends every watch.
func (c *cluster) do(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.wake()
}

func (c *cluster) wake() {
	close(c.news)
	c.news = make(chan struct{})
}

func (c *cluster) queries() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.asked...)
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r.URL.Path+"?"+r.URL.RawQuery)
	plural := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	status := c.status[plural]
	if r.Header.Get("Authorization") != "Bearer "+c.token {
		status = http.StatusUnauthorized
	}
	switch {
	case status != 0:
		answer(w, status, http.StatusText(status))
	case r.URL.Query().Get("watch") == "true":
		c.watch(w, r, plural)
	default:
		c.list(w, r, plural)
	}
}

func answer(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"code":%d}`, message, code)
}

// list answers two objects a page, whatever the limit.
func (c *cluster) list(w http.ResponseWriter, r *http.Request, plural string) {
	const size = 2
	from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	if c.expire && from > 0 {
		answer(w, http.StatusGone, "the provided continue parameter is too old")
		return
	}
	to, next := min(from+size, len(c.objects[plural])), ""
	if to < len(c.objects[plural]) {
		next = strconv.Itoa(to)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"%d","continue":%q},"items":[%s]}`, c.version, next, strings.Join(c.objects[plural][from:to], ","))
}

// watch sends what came after a version, each event in a chunk of its own. The
// caller locks.
func (c *cluster) watch(w http.ResponseWriter, r *http.Request, plural string) {
	since, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	if since < c.oldest && c.goneBy == "status" {
		answer(w, http.StatusGone, "too old resource version")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = http.NewResponseController(w).Flush()
	for {
		if since < c.oldest || c.status[plural] != 0 || r.Header.Get("Authorization") != "Bearer "+c.token {
			if since < c.oldest {
				fmt.Fprint(w, `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}`+"\n")
			}
			return
		}
		for _, e := range c.history {
			if e.version <= since || e.plural != plural {
				continue
			}
			since = e.version
			fmt.Fprintf(w, `{"type":%q,"object":%s}`+"\n", e.kind, e.object)
			_ = http.NewResponseController(w).Flush()
			if c.hangups > 0 {
				c.hangups--
				return
			}
		}
		news := c.news
		c.mu.Unlock()
		select {
		case <-news:
		case <-r.Context().Done():
		}
		c.mu.Lock()
		if r.Context().Err() != nil {
			return
		}
	}
}

// report is what a source told a sink.
type report struct {
	list     []catalog.Candidate
	rejected []catalog.Rejection
	err      error
	failed   bool
}

// reports is a sink that a test reads.
type reports chan report

func (r reports) found(list []catalog.Candidate, rejected []catalog.Rejection, err error) {
	r <- report{list: list, rejected: rejected, err: err}
}
func (r reports) failed(err error) { r <- report{err: err, failed: true} }

// until reads reports until one is as wanted, and gives it.
func (r reports) until(t *testing.T, is func(report) bool) report {
	t.Helper()
	var last report
	for {
		select {
		case last = <-r:
			if is(last) {
				return last
			}
		case <-t.Context().Done():
			t.Fatalf("the source has not told it; last %+v", last)
		}
	}
}

// targets are the names of what a report lists.
func (r report) targets() []string {
	names := []string{}
	for _, c := range r.list {
		names = append(names, c.Target)
	}
	return names
}

// lists says that a report lists exactly these.
func lists(names ...string) func(report) bool {
	return func(r report) bool { return !r.failed && strings.Join(r.targets(), "\n") == strings.Join(names, "\n") }
}

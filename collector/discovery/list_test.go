package discovery

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func newServer(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// begun runs the source of a catalogue until the test ends.
func begun(t *testing.T, c *catalog.Catalog, last ...catalog.Candidate) reports {
	t.Helper()
	to := make(reports, 1000)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		newSource(c.Discovery["found"], New(Options{}).settings).run(ctx, last, to)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return to
}

func put(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

func TestFilesAreFollowed(t *testing.T) {
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	put(t, file("a.json"), `[{"targets": ["http://a.example.org/", "10.0.0.1:22"], "labels": {"team": "shop"}}]`)
	put(t, file("b.yml"), "- targets: [b.example.org:443]\n- targets: [7, {a: b}]\n- targets: [c.example.org:443]\n  labels: {n: 7}\n")
	to := begun(t, written(t, fmt.Sprintf("file: {paths: [%s/*.json, %s/*.yml]}\nservice: {team: shop}", folder, folder)))
	all := []string{"http://a.example.org/", "10.0.0.1:22", "b.example.org:443", "c.example.org:443"}
	r := to.until(t, lists(all...))
	require.NoError(t, r.err)
	require.Equal(t, map[string]string{"target": "http://a.example.org/", "url": "http://a.example.org/", "host": "a.example.org", "port": "80", "label team": "shop"}, r.list[0].Values)
	require.Equal(t, map[string]string{"target": "10.0.0.1:22", "address": "10.0.0.1:22", "host": "10.0.0.1", "port": "22", "label team": "shop"}, r.list[1].Values)
	require.Len(t, r.rejected, 1)
	require.Contains(t, r.rejected[0].Problem, "cannot unmarshal")

	for _, broken := range []string{`[{"targets"`, "", "null", `{"targets": []}`, strings.Repeat(" ", maxAnswer) + "[]"} {
		put(t, file("a.json"), broken)
		r = to.until(t, func(r report) bool { return r.err != nil })
		require.Equal(t, all, r.targets(), "a file that is broken counts as it was")
		put(t, file("a.json"), `[{"targets": ["http://a.example.org/", "10.0.0.1:22"]}]`)
		to.until(t, func(r report) bool { return r.err == nil })
	}
	require.NoError(t, os.Remove(file("a.json")))
	to.until(t, lists(all[2:]...))
	put(t, file("c.json"), `[{"targets": ["new.example.org:1"]}]`)
	to.until(t, lists("b.example.org:443", "c.example.org:443", "new.example.org:1"))
}

func TestAFolderThatIsNotThereWasNotRead(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "targets")
	c := written(t, fmt.Sprintf("file: {paths: [%s/*.json], interval: 1s}\nservice: {team: shop}", folder))
	to := begun(t, c, catalog.Candidate{Source: "found", Target: "known before"})
	require.True(t, to.until(t, func(r report) bool { return r.err != nil }).failed)
	require.NoError(t, os.Mkdir(folder, 0o750))
	put(t, filepath.Join(folder, "a.json"), `[{"targets": ["a:1"]}]`)
	to.until(t, lists("a:1"))
	require.NoError(t, os.Rename(folder, folder+".away"))
	r := to.until(t, func(r report) bool { return r.err != nil })
	require.Equal(t, []string{"a:1"}, r.targets())
}

func TestTargetsAreBounded(t *testing.T) {
	l := &listing{source: "found"}
	many := strings.Repeat(`"a:1",`, maxTargets+10)
	require.NoError(t, l.readJSON("x.json", []byte(`[{"targets": [`+strings.TrimSuffix(many, ",")+`]}]`)))
	require.Len(t, l.candidates, maxTargets)
	require.Equal(t, catalog.RejectLimit, l.rejected[0].Reason)

	l = &listing{source: "found"}
	bomb := ""
	for i := range maxLabels + 1 {
		bomb += fmt.Sprintf(`"l%d": "x",`, i)
	}
	require.NoError(t, l.readJSON("x.json", []byte(`[{"targets": ["a:1"], "labels": {`+strings.TrimSuffix(bomb, ",")+`}}, {"targets": ["`+strings.Repeat("x", 3000)+`", ""]}, {"targets": ["b:1"], "labels": {"`+strings.Repeat("x", 300)+`": "y"}}, {"targets": ["`+"\xff"+`"]}, {"targets": ["good:1"], "labels": {"x": "`+strings.Repeat("y", 5000)+`"}}]`)))
	require.Len(t, l.candidates, 1)
	require.Len(t, l.candidates[0].Values["label x"], catalog.MaxValue+1)
	var problems []string
	for _, r := range l.rejected {
		problems = append(problems, r.Target+": "+r.Problem)
	}
	require.Equal(t, []string{
		"group 1 of x.json: it has 65 labels (want at most 64)",
		"group 2 of x.json: a target is malformed (got 3000 bytes, want an address of 1 to 2048 bytes)",
		"group 2 of x.json: a target is malformed (got 0 bytes, want an address of 1 to 2048 bytes)",
		"group 3 of x.json: the name of a label is too long (want at most 200 bytes)",
		"group 4 of x.json: it is not UTF-8",
	}, problems)
}

func TestAURLIsAsked(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("Bearer hunter2\n"), 0o600))
	elsewhere := newServer(t, func(http.ResponseWriter, *http.Request) { t.Error("a secret was sent to another host") })
	const good = `[{"targets": ["a:1"], "labels": {"job": "a"}}]`
	type step struct {
		answer  http.HandlerFunc
		err     string
		changed bool
	}
	says := func(code int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	steps := []step{
		{changed: true, answer: func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "Bearer hunter2", r.Header.Get("Authorization"))
			require.Equal(t, "1", r.Header.Get("X-Prometheus-Refresh-Interval-Seconds"))
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("ETag", `"one"`)
			fmt.Fprint(w, good)
		}},
		{answer: func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, `"one"`, r.Header.Get("If-None-Match"))
			w.WriteHeader(http.StatusNotModified)
		}},
		{answer: says(500, "application/json", "[]"), err: "answered 500 Internal Server Error (want 200)"},
		{answer: says(200, "text/html", "[]"), err: `answered with the content type "text/html" (want application/json)`},
		{answer: says(200, "application/json", "{"), err: "is not a JSON list of groups of targets"},
		{answer: says(200, "application/json", "null"), err: "holds null (want a JSON list; [] for no targets)"},
		{answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}, err: "it redirects to another host, which is not followed"},
		{answer: func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, err: "EOF"},
	}
	next := make(chan step, len(steps))
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case s := <-next:
			s.answer(w, r)
		default:
			says(200, "application/json", good)(w, r)
		}
	})
	c := written(t, fmt.Sprintf("http: {url: %s, interval: 1s, headers: {Authorization: {file: %s}}}\nservice: {team: shop}", server.URL, secret))
	list := newSource(c.Discovery["found"], New(Options{}).settings).(*webList)
	for _, s := range steps {
		next <- s
		l, err := list.ask(t.Context())
		if s.err != "" {
			require.ErrorContains(t, err, s.err)
			require.NotContains(t, err.Error(), "hunter2")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, s.changed, l != nil)
	}
	require.Equal(t, `"one"`, list.etag, "a bad answer changes nothing")
	to := begun(t, c)
	require.NoError(t, to.until(t, lists("a:1")).err)
}

// An answer that drips for ever is given up in time.
func TestAnAnswerThatDrips(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	c := written(t, fmt.Sprintf("http: {url: %s}\nservice: {team: shop}", server.URL))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := newSource(c.Discovery["found"], New(Options{}).settings).(*webList).ask(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

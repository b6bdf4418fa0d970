package probe

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// visitWithin is what a visit may take on a busy machine.
const visitWithin = 2 * time.Minute

// shopfront is a shop whose pages need JavaScript.
func shopfront(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	html := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<!doctype html><title>shop</title>"+body)
		}
	}
	mux.HandleFunc("GET /{$}", html(`<div id=app></div><script>
		setTimeout(() => { app.innerHTML = '<input name=user><input type=password name=password><button id=login>Log in</button>'
			document.querySelector('#login').onclick = () => fetch('/login', {method: 'POST', body: document.querySelector('[name=user]').value + ':' + document.querySelector('[name=password]').value})
				.then(r => r.text()).then(text => app.innerText = text) }, 50)</script>`))
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		if b.String() != "probe:hunter-two" {
			fmt.Fprintf(w, "Wrong password: %s", b.String())
			return
		}
		fmt.Fprint(w, `Welcome "probe"`)
	})
	mux.HandleFunc("GET /moves", html(`<script>setTimeout(() => location = '/arrived', 100)</script>`))
	mux.HandleFunc("GET /arrived", html(`<p id=there>You have arrived ☂</p>`))
	mux.HandleFunc("GET /loop", html(`<p>looping</p><script>onload = () => setTimeout(() => { for (;;) {} }, 300)</script>`))
	mux.HandleFunc("GET /hangs", html(`<p>hanging</p><script>for (;;) {}</script>`))
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "<h1>Sorry</h1>")
	})
	mux.HandleFunc("GET /empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("GET /stalls", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	return serve(t, mux.ServeHTTP).URL
}

func TestRealBrowser(t *testing.T) {
	servers.Need(t, "chromium", "chromium")
	t.Setenv("TMPDIR", t.TempDir())
	shop := shopfront(t)
	login := func(password string) string {
		return `{open: "` + shop + `/"}, {type: "[name=user]", text: probe}, {type: "[name=password]", text: {file: ` + secretFile(t, password) + `}}, {click: "#login"}, {wait: 'Welcome "probe"', within: 5s}`
	}
	for _, visit := range []struct {
		name, steps string
		reason      Reason
		text, step  string
		took        int // steps
	}{
		{name: "a login", steps: login("hunter-two"), took: 5},
		{name: "a wrong password", steps: login("hunter-three"), reason: ReasonTimeout, step: `wait Welcome "probe"`, text: `step 5 wait Welcome "probe": not done within 5s`, took: 5},
		{name: "a page that moves on", steps: `{open: "` + shop + `/moves"}, {wait: "arrived ☂"}, {see: "#there"}, {open: /arrived}, {see: "#there"}`, took: 5},
		{name: "a page with an error's status", steps: `{open: "` + shop + `/broken"}`, reason: ReasonStatus, step: "open " + shop + "/broken", text: "step 1 open " + shop + "/broken: status 500, want a page", took: 1},
		{name: "an empty page with an error's status", steps: `{open: "` + shop + `/empty"}`, reason: ReasonStatus, took: 1},
		{name: "nobody listens", steps: `{open: "http://` + refusing(t) + `/"}`, reason: ReasonConnect, text: "the page did not load: net::ERR_CONNECTION_REFUSED", took: 1},
		{name: "an element that is not there", steps: `{open: "` + shop + `/arrived"}, {click: "#nowhere", within: 500ms}`, reason: ReasonTimeout, text: "step 2 click #nowhere: not done within 500ms", took: 2},
		{name: "a server that stalls", steps: `{open: "` + shop + `/stalls", within: 2s}`, reason: ReasonTimeout, text: "not done within 2s", took: 1},
		{name: "a page that loops for ever", steps: `{open: "` + shop + `/loop"}, {wait: "never", within: 2s}`, reason: ReasonTimeout, text: "step 2 wait never: not done within 2s", took: 2},
		{name: "a page that hangs before it is there", steps: `{open: "` + shop + `/hangs", within: 3s}, {see: p}`, reason: ReasonTimeout, text: "/hangs: not done within 3s", took: 1},
	} {
		t.Run(visit.name, func(t *testing.T) {
			r := try(t, visitOf(visit.steps), visitWithin)
			require.Equal(t, visit.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, visit.text)
			require.NotContains(t, fmt.Sprint(r.Text, r.Detail), "hunter")
			require.Len(t, r.Steps, visit.took)
			if visit.step != "" {
				require.Equal(t, visit.step, r.Step)
			}
			left, err := filepath.Glob(filepath.Join(os.TempDir(), "tocsin-browser-*"))
			require.NoError(t, err)
			require.Empty(t, left, "profiles")
			require.Empty(t, browsersOf(t, os.TempDir()), "processes")
		})
	}
}

// visitOf is a probe that a busy machine has time for.
func visitOf(steps string) string {
	return "{interval: 10m, timeout: 2m, browser: [" + steps + "]}"
}

// A browser that does not end by itself is ended in time, and says where it was.
func TestRealBrowserThatHangs(t *testing.T) {
	servers.Need(t, "chromium", "chromium")
	started := time.Now()
	const limit = 20 * time.Second
	r := try(t, visitOf(`{open: "`+shopfront(t)+`/loop"}, {wait: "never"}`), limit)
	require.Contains(t, []Reason{ReasonTimeout, ReasonInternal}, r.Reason, r.Text)
	require.Less(t, time.Since(started), 3*limit)
}

// browsersOf lists the processes whose profile lies in a folder.
func browsersOf(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), "--user-data-dir="+folder) {
			found = append(found, file)
		}
	}
	return found
}

func TestRealBrowserShowsWhatTheVisitorSaw(t *testing.T) {
	servers.Need(t, "chromium", "chromium")
	shop := shopfront(t)
	r := try(t, visitOf(`{open: "`+shop+`/arrived?token=abc"}, {see: "#nowhere", within: 1s}`), visitWithin)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text)
	require.Equal(t, "not done within 1s, at "+shop+"/arrived", r.Detail.Found)
	require.Equal(t, "You have arrived ☂", r.Detail.Output)
	picture, err := png.Decode(bytes.NewReader(r.Detail.Screenshot))
	require.NoError(t, err)
	require.Equal(t, 1280, picture.Bounds().Dx())
}

func TestRealBrowserIsSlowWhereAStepIs(t *testing.T) {
	servers.Need(t, "chromium", "chromium")
	r := try(t, visitOf(`{open: "`+shopfront(t)+`/moves"}, {wait: arrived, slow: 20ms}`), visitWithin)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.True(t, r.Slow)
}

func TestBrowserThatIsNotThere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	attempt, err := build(t, `{browser: [{open: "http://127.0.0.1:1/"}]}`)
	require.NoError(t, err)
	r := attempt(t.Context())
	require.Equal(t, ReasonInternal, r.Reason)
	require.Equal(t, "no browser was found: install one (Debian: apt-get install chromium), or name it with --probe.browser", r.Text)
	_, err = browserProgram("/does/not/exist")
	require.EqualError(t, err, `the browser "/does/not/exist" is not there (--probe.browser names it)`)
}

func TestBrowsersAreLimited(t *testing.T) {
	b := NewBuilder(Options{Browsers: 1})
	leave, err := b.shared.enter(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = b.shared.enter(ctx)
	require.ErrorContains(t, err, "all 1 browsers were busy until the time was over")
	leave()
	leave, err = b.shared.enter(t.Context())
	require.NoError(t, err)
	leave()
}

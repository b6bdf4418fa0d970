package evidence

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var at = time.Date(2026, 11, 26, 12, 0, 0, 123456000, time.UTC)

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	canvas := image.NewGray(image.Rect(0, 0, width, height))
	canvas.Set(1, 1, color.White)
	var b bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, canvas))
	return b.Bytes()
}

// exporter answers with given texts, and notes what it was asked.
type exporter struct {
	results, kind string
	code          int
	picture       []byte
	pictureKind   string
	asked         []string
	location      string
}

func (e *exporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.asked = append(e.asked, r.URL.String())
	switch {
	case e.location != "":
		http.Redirect(w, r, e.location, http.StatusFound)
	case r.URL.Query().Get("probe") == "elsewhere":
		http.NotFound(w, r)
	case r.URL.Path == "/results":
		w.Header().Set("Content-Type", e.kind)
		w.WriteHeader(e.code)
		_, _ = fmt.Fprint(w, e.results)
	case r.URL.Path == "/screenshot":
		w.Header().Set("Content-Type", e.pictureKind)
		_, _ = w.Write(e.picture)
	}
}

const failure = `{"kind": "browser", "location": "london", "newest_failure": {
	"service": "liar", "probe": "liar", "at": "2026-11-26T12:00:00.123456Z", "outcome": "failure", "reason": "timeout", "step": "wait Welcome",
	"text": "step 2\u001b[2J", "duration_seconds": 5.5, "expected": "a", "found": "b", "steps": [{"name": "open", "seconds": 0.5}],
	"output": "OUTPUT", "screenshot": "http://169.254.169.254/latest"}}`

func newExporter(t *testing.T) *exporter {
	t.Helper()
	return &exporter{results: failure, kind: "application/json", code: 200, picture: picture(t, 60, 40), pictureKind: "image/png"}
}

func ask(t *testing.T, e http.Handler, probes ...string) ([]Found, error) {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return Source{HTTP: client, Exporters: []string{server.URL + "/"}}.Newest(t.Context(), "shop & co", probes, at.Add(-time.Minute))
}

func TestTheNewestFailureWithItsPicture(t *testing.T) {
	e := newExporter(t)
	found, err := ask(t, e, "login", "elsewhere")
	require.NoError(t, err)
	require.Equal(t, []Found{{PNG: e.picture, Trace: Trace{
		Service: "shop & co", Probe: "login", Location: "london", Kind: "browser", At: at, Reason: "timeout", Text: "step 2?[2J", Step: "wait Welcome", Duration: 5.5,
		Expected: "a", Found: "b", Steps: []Step{{"open", 0.5}}, Output: "OUTPUT", Picture: true,
	}}}, found)
	which := url.Values{"service": {"shop & co"}, "probe": {"login"}}.Encode()
	require.Equal(t, []string{"/results?" + which + "&format=json", "/screenshot?at=1795694400123456&" + which, "/results?probe=elsewhere&service=shop+%26+co&format=json"}, e.asked,
		"the address of the picture is made here, not taken from the answer")
	require.Equal(t, image.Pt(60, 40), Size(found[0].PNG))
}

func TestWhatIsNotKept(t *testing.T) {
	cases := map[string]struct {
		edit  func(*exporter)
		trace bool
		err   string
	}{
		"a failure of long ago":        {edit: func(e *exporter) { e.results = strings.Replace(failure, "12:00:00", "11:00:00", 1) }},
		"no failure":                   {edit: func(e *exporter) { e.results = `{}` }},
		"no picture":                   {edit: func(e *exporter) { e.results = strings.Replace(failure, "screenshot", "x", 1) }, trace: true},
		"a picture of another type":    {edit: func(e *exporter) { e.pictureKind = "text/html" }, trace: true},
		"a picture that is none":       {edit: func(e *exporter) { e.picture = []byte("<svg onload=alert(1)>") }, trace: true},
		"half a picture":               {edit: func(e *exporter) { e.picture = e.picture[:len(e.picture)/2] }, trace: true},
		"a bomb":                       {edit: func(e *exporter) { e.picture = picture(t, 1, mostPixels+1) }, trace: true},
		"a long picture":               {edit: func(e *exporter) { e.picture = append(e.picture, make([]byte, MostPicture)...) }, trace: true},
		"an answer that is not JSON":   {edit: func(e *exporter) { e.results = "<html>" }, err: "reading the results of "},
		"an answer of another type":    {edit: func(e *exporter) { e.kind = "text/html" }, err: `got "text/html", want application/json`},
		"an error":                     {edit: func(e *exporter) { e.code = 500 }, err: "got status 500"},
		"a redirect":                   {edit: func(e *exporter) { e.location = "http://169.254.169.254/" }, err: "got status 302"},
		"an answer that does not stop": {edit: func(e *exporter) { e.results = strings.Repeat(" ", mostResults+1) }, err: "got more than"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := newExporter(t)
			c.edit(e)
			found, err := ask(t, e, "login")
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
			} else {
				require.NoError(t, err)
			}
			if !c.trace {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Nil(t, found[0].PNG)
			require.False(t, found[0].Trace.Picture)
		})
	}
}

func TestLongTextsAreCutOff(t *testing.T) {
	e := newExporter(t)
	e.results = strings.Replace(failure, "OUTPUT", strings.Repeat("ü", mostText), 1)
	found, err := ask(t, e, "login")
	require.NoError(t, err)
	require.Len(t, found[0].Trace.Output, mostText+len("…"))
}

func TestAnExporterThatIsAwayIsAskedOnce(t *testing.T) {
	good := newExporter(t)
	server := httptest.NewServer(good)
	t.Cleanup(server.Close)
	found, err := Source{HTTP: http.DefaultClient, Exporters: []string{"http://127.0.0.1:1", server.URL}}.Newest(t.Context(), "shop", []string{"a", "b"}, time.Time{})
	require.Len(t, found, 2, "the others are asked all the same")
	require.Equal(t, 1, strings.Count(err.Error(), "127.0.0.1:1/results"), "%v", err)
}

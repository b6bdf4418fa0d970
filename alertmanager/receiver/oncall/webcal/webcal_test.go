package webcal_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/webcal"
)

const calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"

// secret stands in every address and must be in no error.
const secret = "private-0123456789abcdef"

// get fetches what a server answers under an address that is a secret.
func get(t *testing.T, handler http.HandlerFunc, known webcal.Version) (string, webcal.Version, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), webcal.Patience)
	defer cancel()
	text, version, err := webcal.Get(ctx, webcal.NewClient(nil), server.URL+"/"+secret+"/basic.ics", known)
	if err != nil {
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, err.Error(), "127.0.0.1")
	}
	return string(text), version, err
}

// A server is asked for what is newer than what is known.
func TestOnlyWhatIsNewComes(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"7"` && r.Header.Get("If-Modified-Since") == "Thu, 26 Nov 2026 12:00:00 GMT" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"7"`)
		w.Header().Set("Last-Modified", "Thu, 26 Nov 2026 12:00:00 GMT")
		_, _ = io.WriteString(w, calendar)
	}
	text, version, err := get(t, handler, webcal.Version{})
	require.NoError(t, err)
	require.Equal(t, calendar, text)
	require.Equal(t, webcal.Version{ETag: `"7"`, Modified: "Thu, 26 Nov 2026 12:00:00 GMT"}, version)
	_, again, err := get(t, handler, version)
	require.ErrorIs(t, err, webcal.ErrUnchanged)
	require.Equal(t, version, again)
}

func TestWhatServersDo(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"it is broken":              {status(http.StatusInternalServerError), "the server answers 500 Internal Server Error"},
		"the calendar is gone":      {status(http.StatusGone), "the server answers 410 Gone"},
		"the address was renewed":   {status(http.StatusNotFound), "the server answers 404 Not Found"},
		"it wants us to come later": {status(http.StatusAccepted), "the server answers 202 Accepted"},
		"unchanged since never":     {status(http.StatusNotModified), "the server answers 304 Not Modified"},
		"a redirect to nowhere":     {status(http.StatusFound), "the server answers 302 Found"},
		"a redirect without an end": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "the server redirects more than 5 times"},
		"a redirect to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, "the server redirects to what is no web address"},
		"an address that is no such": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://[::1")
			w.WriteHeader(302)
		}, "the answer is not understood"},
		"an answer that breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, calendar)
		}, "reading the answer: the connection broke"},
		"what is not compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, calendar)
		}, "reading the answer: it is not understood"},
		"an answer without an end": {endless, "the answer is too long (want at most 16777216 bytes)"},
		"a bomb":                   {bomb, "the answer is too long (want at most 16777216 bytes)"},
		"a header without an end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", strings.Repeat("x", 1<<20))
		}, "the answer is not understood"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := get(t, test.handler, webcal.Version{})
			require.EqualError(t, err, test.want)
		})
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for line := []byte(strings.Repeat("DESCRIPTION:away\r\n", 1000)); ; {
		if _, err := w.Write(line); err != nil {
			return
		}
	}
}

// bomb is small on the way and larger than a calendar may be once unpacked.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	packed := gzip.NewWriter(w)
	zeros := make([]byte, 1<<20)
	for range ical.MostBytes>>20 + 1 {
		if _, err := packed.Write(zeros); err != nil {
			return
		}
	}
	_ = packed.Close()
}

// Who accepts a connection and says nothing is not waited for without an end.
func TestASilentServer(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer server.Close()
	defer close(over)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := webcal.Get(ctx, webcal.NewClient(nil), server.URL, webcal.Version{})
	require.EqualError(t, err, "no answer in time")
}

func TestGzip(t *testing.T) {
	text, _, err := get(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, calendar)
		_ = packed.Close()
	}, webcal.Version{})
	require.NoError(t, err)
	require.Equal(t, calendar, text)
}

// A provider may send us to another of its hosts, which does not learn the
// address that we came from. It may not send us to where everybody listens.
func TestRedirects(t *testing.T) {
	referers := make(chan string, 1)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		referers <- r.Referer()
		_, _ = io.WriteString(w, calendar)
	}))
	defer other.Close()
	text, _, err := get(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusMovedPermanently)
	}, webcal.Version{})
	require.NoError(t, err)
	require.Equal(t, calendar, text)
	require.Empty(t, <-referers)

	safe := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer safe.Close()
	_, _, err = webcal.Get(t.Context(), webcal.NewClient(safe.Client().Transport), safe.URL, webcal.Version{})
	require.EqualError(t, err, "the server redirects from https to http, which is not followed")
	_, _, err = webcal.Get(t.Context(), webcal.NewClient(nil), safe.URL, webcal.Version{})
	require.EqualError(t, err, "the server's certificate is signed by nobody whom this machine trusts")
}

func TestAnAddressThatIsNone(t *testing.T) {
	_, _, err := webcal.Get(t.Context(), webcal.NewClient(nil), "https://example.org/"+secret+"\x00", webcal.Version{})
	require.EqualError(t, err, "the address is malformed")
}

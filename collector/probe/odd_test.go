package probe

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// What the exporter or its machine lacks is never the service's fault.
func TestAShortageIsOurs(t *testing.T) {
	dial := func(call string, code syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError(call, code)}
	}
	for _, test := range []struct {
		name string
		err  error
		want Reason
		text string
	}{
		{"no file descriptor", dial("socket", syscall.EMFILE), ReasonInternal, "no file descriptor left for this process"},
		{"none on the machine", dial("socket", syscall.ENFILE), ReasonInternal, "no file descriptor left for any process"},
		{"no port", dial("connect", syscall.EADDRNOTAVAIL), ReasonInternal, "no local address or port left"},
		{"no buffers", dial("connect", syscall.ENOBUFS), ReasonInternal, "no memory left for sockets"},
		{"while the name is looked up", &net.DNSError{Name: "example.org", Err: "dial udp 127.0.0.1:53: socket: " + syscall.EMFILE.Error()}, ReasonInternal, "no file descriptor left for this process"},
		{"a refusal", dial("connect", syscall.ECONNREFUSED), ReasonConnect, "connection refused"},
		{"a name that says so", &net.DNSError{Name: syscall.EMFILE.Error(), Err: "no such host"}, ReasonDNS, "no such host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newTrace().fail(t.Context(), fmt.Errorf("asking: %w", test.err))
			require.Equal(t, test.want, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}

// That we cannot connect by one version of IP hides nothing of what the other
// says.
func TestWhichOfTwoErrorsTellsMore(t *testing.T) {
	d := newDialing("prefer4", "")
	first, second := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, &net.OpError{Op: "dial", Err: syscall.EADDRNOTAVAIL}
	require.Equal(t, first, d.telling(first, second), "that the service refuses tells more")
	require.Equal(t, first, d.telling(second, first))
}

// What belongs to one server is shown to no other, however it redirects.
func TestARedirectTakesNothingSecretAlong(t *testing.T) {
	var seen []string
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, body))
	})
	code := http.StatusFound
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		http.Redirect(w, r, other.URL, code)
	})
	secret := secretFile(t, "hunter-two")
	for _, test := range []struct {
		name, spec string
		code       int
		refused    bool
		shown      string // of what is no secret
	}{
		{name: "a query", spec: `{http: {url: URL, query: {key: {file: SECRET}}}}`, code: http.StatusFound},
		{name: "a form by 302", spec: `{http: {url: URL, form: {user: probe, password: {file: SECRET}}}}`, code: http.StatusFound},
		{name: "a form by 307", spec: `{http: {url: URL, form: {user: probe, password: {file: SECRET}}}}`, code: http.StatusTemporaryRedirect, refused: true},
		{name: "a body by 308", spec: `{http: {url: URL, method: PUT, send: {file: SECRET}}}`, code: http.StatusPermanentRedirect, refused: true},
		{name: "a form that is no secret", spec: `{http: {url: URL, form: {user: probe}}}`, code: http.StatusTemporaryRedirect, shown: "user=probe"},
		{name: "a login of a journey", spec: `{interval: 60s, variables: {p: {file: SECRET}}, journey: [{post: URL, form: {password: "x{{p}}"}}]}`, code: http.StatusTemporaryRedirect, refused: true},
		{name: "JSON of a journey", spec: `{interval: 60s, variables: {p: {file: SECRET}}, journey: [{post: URL, json: {a: [{b: "{{ p }}"}]}}]}`, code: http.StatusPermanentRedirect, refused: true},
		{name: "an address of a journey", spec: `{interval: 60s, variables: {p: {file: SECRET}}, journey: [{get: "URL?p={{p}}"}]}`, code: http.StatusSeeOther},
		{name: "a header and a login", spec: `{http: {url: URL, headers: {X-Key: {file: SECRET}}, auth: {user: probe, password: {file: SECRET}}}}`, code: http.StatusFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen, code = nil, test.code
			r := try(t, strings.NewReplacer("URL", server.URL+"/login", "SECRET", secret).Replace(test.spec))
			if test.refused {
				require.Equal(t, ReasonProtocol, r.Reason, r.Text)
				require.Contains(t, r.Text, "a redirect that would show the body, which holds a secret, to another server")
				require.Empty(t, seen)
				return
			}
			require.Equal(t, Success, r.Outcome, r.Text)
			require.Len(t, seen, 1)
			require.NotContains(t, seen[0], "hunter-two")
			require.NotContains(t, seen[0], "cHJvYmU6") // base64 of "probe:"
			require.Contains(t, seen[0], test.shown)
		})
	}
}

// To another spelling of its own address a server may redirect with everything.
func TestOneServerHasSeveralSpellings(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"https://example.org/a", "https://EXAMPLE.org:443/b?c", true},
		{"http://example.org", "http://example.org:80", true},
		{"http://example.org", "https://example.org", false},
		{"https://example.org", "https://example.org:8443", false},
		{"https://example.org", "https://www.example.org", false},
	} {
		a, b := request(t, test.a), request(t, test.b)
		require.Equal(t, test.same, sameServer(a.URL, b.URL), "%s %s", test.a, test.b)
	}
}

func request(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	return r
}

// answers is a raw server that sends one answer and, if it stays, nothing more.
func answers(t *testing.T, answer string, stays bool) string {
	t.Helper()
	return "http://" + raw(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, answer)
		if stays {
			mute(c)
		}
	}) + "/"
}

// Servers answer in ways that no document foresees.
func TestHTTPOddServers(t *testing.T) {
	many := strings.Repeat("X-Many: 1\r\n", 10_000)
	for _, test := range []struct {
		name, answer, spec string
		stays              bool
		reason             Reason
		text               string
	}{
		{name: "hints first", answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", spec: "body: ok"},
		{name: "hints without end", answer: strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100), stays: true, reason: ReasonProtocol, text: "more than 8 answers that only announce another"},
		{name: "another protocol, unasked", answer: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", stays: true, reason: ReasonStatus, text: "status 101, want 2xx"},
		{name: "HTTP/0.9", answer: "<html>Welcome</html>", reason: ReasonProtocol, text: `malformed HTTP`},
		{name: "no content, with a body", answer: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", stays: true},
		{name: "not modified, packed", answer: "HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 50\r\n\r\n", stays: true, spec: "status: 304"},
		{name: "not modified, unasked", answer: "HTTP/1.1 304 Not Modified\r\nContent-Encoding: br\r\n\r\n", stays: true, reason: ReasonStatus, text: "status 304, want 2xx; the body is empty"},
		{name: "trailers", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", stays: true, spec: "body: hello"},
		{name: "trailers without end", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" + strings.Repeat("X-Sum: 1\r\n", 100_000), reason: ReasonProtocol, text: "trailer"},
		{name: "chunks that are none", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", reason: ReasonProtocol, text: "invalid byte in chunk length"},
		{name: "two lengths", answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", reason: ReasonProtocol, text: "Content-Length"},
		{name: "a length that is none", answer: "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", reason: ReasonProtocol, text: "Content-Length"},
		{name: "more than the length", answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", stays: true, spec: "body: hello"},
		{name: "no length, until the end", answer: "HTTP/1.0 200 OK\r\n\r\nhello", spec: "body: hello"},
		{name: "many headers", answer: "HTTP/1.1 200 OK\r\n" + many + "Content-Length: 0\r\n\r\n", stays: true},
		{name: "a folded header", answer: "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n", stays: true, spec: "answer_headers: {X-A: b c}"},
		{name: "a header without a name", answer: "HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n", stays: true, reason: ReasonProtocol, text: "malformed MIME header"},
		{name: "a redirect without a place", answer: "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", stays: true, reason: ReasonStatus, text: "status 302, want 2xx"},
		{name: "a redirect to a script", answer: "HTTP/1.1 302 Found\r\nLocation: javascript:alert(1)\r\nContent-Length: 0\r\n\r\n", stays: true, reason: ReasonProtocol, text: `a redirect to "javascript:", which is neither http nor https`},
		{name: "a redirect to nonsense", answer: "HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n", stays: true, reason: ReasonProtocol, text: "failed to parse Location header"},
		{name: "an error that does not end", answer: "HTTP/1.1 500 Oops\r\nContent-Length: 500\r\n\r\nsorry", stays: true, reason: ReasonStatus, text: "status 500, want 2xx; reading the body after 5 bytes"},
		{name: "an error that breaks off", answer: "HTTP/1.1 503 Oops\r\nContent-Length: 500\r\n\r\nsorry", reason: ReasonStatus, text: "status 503, want 2xx; reading the body after 5 bytes: unexpected EOF"},
		{name: "an error, packed badly", answer: "HTTP/1.1 502 Oops\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot gzip ...", stays: true, reason: ReasonStatus, text: "status 502, want 2xx; reading the body after 0 bytes: gzip: invalid header"},
		{name: "an error, packed strangely", answer: "HTTP/1.1 500 Oops\r\nContent-Encoding: rar\r\nContent-Length: 3\r\n\r\nabc", stays: true, reason: ReasonStatus, text: "status 500, want 2xx; reading the body"},
		{name: "a rate limit that breaks off", answer: "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 500\r\n\r\nslow", reason: ReasonBlocked, text: "blocked by a rate limit"},
		{name: "a packing that is none", answer: "HTTP/1.1 200 OK\r\nContent-Encoding: UTF-8\r\nContent-Length: 5\r\n\r\nhello", stays: true, spec: "body: hello"},
		{name: "packed twice", answer: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello", stays: true, spec: "body: hello", reason: ReasonProtocol, text: `packed as "gzip, br"`},
		{name: "another charset", answer: "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Length: 5\r\n\r\nh\xe9llo", stays: true, spec: "body: hello", reason: ReasonBody, text: "found 5 bytes: h?llo"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := "url: " + answers(t, test.answer, test.stays)
			if test.spec != "" {
				spec += ", " + test.spec
			}
			r := try(t, "{http: {"+spec+"}}", 2*time.Second)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}

// What is called deflate is one of two formats; a server may send either.
func TestHTTPInflates(t *testing.T) {
	packers := map[string]func(io.Writer) io.WriteCloser{
		"/zlib": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"/raw":  func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, flate.BestSpeed); return z },
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "deflate")
		z := packers[r.URL.Path](w)
		_, _ = io.WriteString(z, "Welcome home")
		_ = z.Close()
	})
	for path := range packers {
		r := try(t, "{http: {url: "+server.URL+path+", body: Welcome}}")
		require.Equal(t, Success, r.Outcome, "%s: %s", path, r.Text)
	}
	head := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.URL.Path[1:])
		w.WriteHeader(http.StatusTeapot)
	})
	for _, packing := range []string{"gzip", "br", "zstd", "deflate"} {
		r := try(t, "{http: {method: HEAD, url: "+head.URL+"/"+packing+"}}")
		require.Equal(t, "status 418, want 2xx; the body is empty", r.Text, packing)
	}
}

// A bomb in a bomb is not opened twice.
func TestHTTPBombInABomb(t *testing.T) {
	var inner, outer bytes.Buffer
	for _, layer := range []struct {
		to   *bytes.Buffer
		from io.Reader
	}{{&inner, bytes.NewReader(make([]byte, 64<<20))}, {&outer, &inner}} {
		z := gzip.NewWriter(layer.to)
		_, err := io.Copy(z, layer.from)
		require.NoError(t, err)
		require.NoError(t, z.Close())
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(outer.Bytes())
	})
	r := try(t, "{http: {url: "+server.URL+", body: Welcome}}", 20*time.Second)
	require.Equal(t, ReasonBody, r.Reason, r.Text)
}

// Tokens and rotated secrets are hidden, but not remembered without end.
func TestOldSecretsAreForgotten(t *testing.T) {
	s := new(secrets)
	s.conceal("password", "steadfast")
	for i := range 1000 {
		s.conceal("oauth2", fmt.Sprintf("token-number-%d", i))
		s.conceal("password", "steadfast")
	}
	require.Equal(t, "*** *** *** *** token-number-996", s.clean("steadfast token-number-999 token-number-998 token-number-997 token-number-996"))
	require.LessOrEqual(t, len(s.hide), 4*6)

	file := secretFile(t, "first")
	text := catalog.Text{File: &catalog.Secret{Path: file}}
	for i := range 10 {
		require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "rotated-%d", i), 0o600))
		_, err := s.read(text)
		require.NoError(t, err)
	}
	require.Equal(t, "rotated-0 *** ***", s.clean("rotated-0 rotated-8 rotated-9"))
}

// A document that nests without end ends a step, not the exporter.
func TestExtractorsBearNesting(t *testing.T) {
	deep := map[string]string{
		"json": strings.Repeat("[", 400_000) + strings.Repeat("]", 400_000),
		"html": strings.Repeat("<b>", 300_000),
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, deep[r.URL.Path[1:]]) })
	r := try(t, "{interval: 60s, journey: [{get: "+server.URL+`/json, extract: {x: "json:$[0]"}}]}`, 20*time.Second)
	require.Contains(t, r.Text, "nested more than 200 levels deep")
	r = try(t, "{interval: 60s, journey: [{get: "+server.URL+`/html, extract: {x: "css:i"}}]}`, 20*time.Second)
	require.Equal(t, ReasonBody, r.Reason, r.Text)
}

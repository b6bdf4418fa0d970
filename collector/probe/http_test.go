package probe

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func serve(t testing.TB, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

func TestHTTPExpectations(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/error":
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, "<h1>Database\n\tis away</h1>")
		case "/empty":
			w.WriteHeader(http.StatusBadGateway)
		case "/there":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop?token=abc", http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		case "/method":
			fmt.Fprint(w, r.Method)
		default:
			fmt.Fprint(w, "Welcome to the shop")
		}
	})
	for _, test := range []struct {
		name, spec, text string
		reason           Reason
		status           int
	}{
		{name: "an answer", spec: `{url: URL/}`, status: 200},
		{name: "a text", spec: `{url: URL/, body: Welcome}`, status: 200},
		{name: "an expression", spec: `{url: URL/, body_regexp: "Wel+come"}`, status: 200},
		{name: "a redirect followed", spec: `{url: URL/there, body: Welcome}`, status: 200},
		{name: "a redirect wanted", spec: `{url: URL/there, follow_redirects: false, status: 302}`, status: 302},
		{name: "another method", spec: `{url: URL/method, method: PUT, body: PUT}`, status: 200},
		{name: "a status", spec: `{url: URL/error}`, status: 500, reason: ReasonStatus, text: `status 500, want 2xx; found 26 bytes: <h1>Database is away</h1>`},
		{name: "an empty body", spec: `{url: URL/empty}`, status: 502, reason: ReasonStatus, text: `status 502, want 2xx; the body is empty`},
		{name: "an unwanted success", spec: `{url: URL/, status: "4xx, !404"}`, status: 200, reason: ReasonStatus, text: `status 200, want 4xx, !404; found 19 bytes: Welcome to the shop`},
		{name: "a text is missing", spec: `{url: URL/, body: Sign out}`, status: 200, reason: ReasonBody, text: `body does not contain "Sign out"; found 19 bytes: Welcome to the shop`},
		{name: "a text is there", spec: `{url: URL/, body_not: the shop}`, status: 200, reason: ReasonBody, text: `body contains "the shop"`},
		{name: "an expression fails", spec: `{url: URL/, body_regexp: "^shop"}`, status: 200, reason: ReasonBody, text: `body does not match "^shop"; found 19 bytes: Welcome to the shop`},
		{name: "a redirect loop", spec: `{url: URL/loop}`, reason: ReasonProtocol, text: `more than 10 redirects, the last to "URL/loop"`},
		{name: "a redirect to a file", spec: `{url: URL/file}`, reason: ReasonProtocol, text: `a redirect to "file:", which is neither http nor https`},
	} {
		t.Run(test.name, func(t *testing.T) {
			fill := strings.NewReplacer("URL", server.URL, "ADDRESS", server.Listener.Addr().String())
			r := try(t, "{http: "+fill.Replace(test.spec)+"}")
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, fill.Replace(test.text), r.Text)
			require.Equal(t, test.status, r.Status)
			require.Equal(t, server.Listener.Addr().String(), r.Address)
			require.Positive(t, r.Phases[Connect])
			require.Positive(t, r.Phases[FirstByte])
		})
	}
}

func TestHTTPSaysWhoItIsAndConnectsAfreshEachTime(t *testing.T) {
	agents, connections := make(chan string, 10), make(chan struct{}, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { agents <- r.UserAgent() }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	attempt, err := build(t, "{http: {url: "+server.URL+"}}")
	require.NoError(t, err)
	for range 3 {
		require.Equal(t, Success, attempt(t.Context()).Outcome)
	}
	require.Len(t, connections, 3)
	require.Regexp(t, `^Tocsin/\S+ \(\+https://github.com/tocsin-monitoring/tocsin\)$`, <-agents)
}

func TestHTTPHeadersAndSecrets(t *testing.T) {
	key, bearer := secretFile(t, "s3cr3t-k3y"), secretFile(t, "Bearer abc")
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "other host saw [%s%s]", r.Header.Get("X-Key"), r.Header.Get("Authorization"))
	})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "host %s key %s authorization %s", r.Host, r.Header.Get("X-Key"), r.Header.Get("Authorization"))
	})
	headers := `headers: {Host: shop.example.org, Authorization: {file: ` + bearer + `}, X-Key: {file: ` + key + `}}`
	r := try(t, "{http: {url: "+server.URL+", "+headers+"}}")
	require.Contains(t, r.Text, "host shop.example.org key *** authorization ***")

	r = try(t, "{http: {url: "+server.URL+"/away, body: nothing, "+headers+"}}")
	require.Contains(t, r.Text, "other host saw []", "secrets stay with the host they are for")

	r = try(t, "{http: {url: "+server.URL+", headers: {X-Key: {file: "+key+".missing}}}}")
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "services.shop.probes.it.http.headers.X-Key")
}

func TestHTTPHostileServers(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(net.Conn)
		body   string
		reason Reason
		text   string
	}{
		{name: "never answers", answer: mute, reason: ReasonTimeout, text: " while waiting for the answer of"},
		{name: "stalls in the middle of the body", answer: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nWelcome")
			mute(c)
		}, reason: ReasonTimeout, text: " while reading the answer of"},
		{name: "drips", answer: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}, reason: ReasonTimeout, text: " while reading the answer of"},
		{name: "resets in the middle of the body", answer: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nWelcome")
			_ = c.(*net.TCPConn).SetLinger(0)
		}, reason: ReasonProtocol, text: "connection reset by peer"},
		{name: "ends in the middle of the body", answer: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nWelcome")
		}, reason: ReasonProtocol, text: "reading the body after 7 bytes: unexpected EOF"},
		{name: "closes at once", answer: func(net.Conn) {}, reason: ReasonProtocol, text: "waiting for the answer of"},
		{name: "speaks another protocol", answer: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n")
			mute(c)
		}, reason: ReasonProtocol, text: `malformed HTTP`},
		{name: "sends endless headers", answer: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for {
				if _, err := io.WriteString(c, "X-More: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
					return
				}
			}
		}, reason: ReasonProtocol, text: "exceeded 262144 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, test.answer)
			r := try(t, "{http: {url: http://"+address+"}}", 300*time.Millisecond)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, address, r.Address)
		})
	}
	closed := refusing(t)
	r := try(t, "{http: {url: http://"+closed+"}}")
	require.Equal(t, ReasonConnect, r.Reason)
	require.Equal(t, "connecting to "+closed+": connection refused", r.Text)
}

// endless answers for a gibibyte, packed under /bomb, and says whether each
// answer was cut off.
func endless(t *testing.T) (http.HandlerFunc, <-chan bool) {
	t.Helper()
	plain := bytes.Repeat([]byte("endless "), 128<<10)
	var packed bytes.Buffer // members of gzip may follow one another without end
	w := gzip.NewWriter(&packed)
	_, err := w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	cutOff := make(chan bool, 10)
	return func(w http.ResponseWriter, r *http.Request) {
		chunk := plain
		if r.URL.Path == "/bomb" {
			w.Header().Set("Content-Encoding", "gzip")
			chunk = packed.Bytes()
		}
		for sent := 0; sent < 1<<30; sent += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				cutOff <- true
				return
			}
		}
		cutOff <- false
	}, cutOff
}

func TestHTTPBoundsTheBody(t *testing.T) {
	handler, cutOff := endless(t)
	server := serve(t, handler)
	for _, path := range []string{"/", "/bomb"} {
		t.Run(path, func(t *testing.T) {
			r := try(t, "{http: {url: "+server.URL+path+"}}", 20*time.Second)
			require.Equal(t, Success, r.Outcome, r.Text)
			r = try(t, "{http: {url: "+server.URL+path+", body: needle}}", 20*time.Second)
			require.Equal(t, ReasonBody, r.Reason, r.Text)
			require.Contains(t, r.Text, `body does not contain "needle"; found over 8388608 bytes, of which the first 1048576 were searched`)
			for range 2 {
				require.True(t, <-cutOff)
			}
		})
	}
}

func TestHTTPBlocked(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   Reason
		by     string
	}{
		{name: "a rate limit", status: 429, want: ReasonBlocked, by: "a rate limit"},
		{name: "a Cloudflare challenge", status: 403, header: map[string]string{"Server": "cloudflare", "Cf-Mitigated": "challenge"}, want: ReasonBlocked, by: "Cloudflare (challenge)"},
		{name: "a Cloudflare rule", status: 403, header: map[string]string{"Server": "cloudflare"}, body: `<div id="cf-error-details">`, want: ReasonBlocked, by: "Cloudflare"},
		{name: "the service's own 403 behind Cloudflare", status: 403, header: map[string]string{"Server": "cloudflare", "Cf-Ray": "1"}, body: "You may not see this.", want: ReasonStatus},
		{name: "an AWS challenge", status: 405, header: map[string]string{"X-Amzn-Waf-Action": "captcha"}, want: ReasonBlocked, by: "AWS WAF (challenge)"},
		{name: "an AWS challenge that looks like a success", status: 202, header: map[string]string{"X-Amzn-Waf-Action": "challenge"}, want: ReasonBlocked, by: "AWS WAF (challenge)"},
		{name: "the service is away behind Cloudflare", status: 503, header: map[string]string{"Server": "cloudflare"}, body: `<div id="cf-error-details">`, want: ReasonStatus},
		{name: "Azure Front Door", status: 403, header: map[string]string{"X-Azure-Ref": "0abc"}, body: "<h2>The request is blocked.</h2>", want: ReasonBlocked, by: "Azure Front Door"},
		{name: "the service's own 403 behind Azure Front Door", status: 403, header: map[string]string{"X-Azure-Ref": "0abc"}, body: "no", want: ReasonStatus},
		{name: "Imperva", status: 403, body: "Request unsuccessful. Incapsula incident ID: 1-2", want: ReasonBlocked, by: "Imperva"},
		{name: "a plain 403", status: 403, body: "Forbidden", want: ReasonStatus},
		{name: "a plain 503", status: 503, body: "Maintenance", want: ReasonStatus},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range test.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			r := try(t, "{http: {url: "+server.URL+"}}")
			require.Equal(t, test.want, r.Reason, r.Text)
			if test.want != ReasonBlocked {
				require.Equal(t, Failure, r.Outcome)
				return
			}
			require.Equal(t, Blocked, r.Outcome)
			require.Equal(t, fmt.Sprintf("status %d: blocked by %s; the service itself was not seen", test.status, test.by), r.Text)
			if test.status < 300 {
				return
			}
			wanted := try(t, fmt.Sprintf("{http: {url: %s, status: %d}}", server.URL, test.status))
			require.Equal(t, Success, wanted.Outcome, "a status that is wanted is an answer")
		})
	}
}

package probe

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func TestHTTPSendsWhatTheCatalogueSays(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		w.Header().Add("X-Kind", "a; b")
		fmt.Fprintf(w, "%s %s [%s] type=%s basic=%s:%s authorization=%t", r.Method, r.URL.RequestURI(), body, r.Header.Get("Content-Type"), user, password, r.Header.Get("Authorization") != "")
	})
	secret := secretFile(t, "s3cr3t/+")
	for spec, want := range map[string]string{
		`{query: {a: "1 2", key: {file: SECRET}}}`: "GET /?a=1+2&key=%2A%2A%2A",
		`{send: "<x/>"}`:                                  "POST / [<x/>] type= ",
		`{form: {a: "1 2"}}`:                              "POST / [a=1+2] type=application/x-www-form-urlencoded",
		`{json: {a: [1, x]}, method: PUT}`:                `PUT / [{"a":[1,"x"]}] type=application/json`,
		`{auth: {user: probe, password: {file: SECRET}}}`: "basic=probe:*** authorization=true",
		`{auth: {bearer: {file: SECRET}}}`:                "basic=: authorization=true",
	} {
		t.Run(spec, func(t *testing.T) {
			r := try(t, "{http: {url: "+server.URL+", status: 404, "+strings.TrimPrefix(strings.ReplaceAll(spec, "SECRET", secret), "{")+"}")
			require.Contains(t, strings.ReplaceAll(r.Text, "key=***", "key=%2A%2A%2A"), want)
			require.NotContains(t, r.Text, "s3cr3t")
		})
	}
	for spec, text := range map[string]string{
		`answer_headers: {X-Kind: "^a"}`: "",
		`answer_headers: {X-Kind: "^b"}`: `want header X-Kind that matches "^b"; found "a; b"`,
		`answer_headers: {X-None: .}`:    `want header X-None that matches "."; found none`,
		`body_max: 10B`:                  `want a body of at most 10 bytes; found at least 42 bytes`,
		`body_json: {$.a: "== 1"}`:       `body is no JSON: `,
	} {
		r := try(t, "{http: {url: "+server.URL+", "+spec+"}}")
		require.Contains(t, r.Text, text)
		require.Equal(t, text == "", r.Outcome == Success, r.Text)
	}
}

func TestHTTPLooksIntoJSON(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/deep" {
			fmt.Fprint(w, strings.Repeat("[", 100_000))
			return
		}
		fmt.Fprint(w, `{"status": "ok", "queue": {"length": 12}, "items": [{"n": 1}, {"n": 7}], "on": true}`)
	})
	for _, test := range []struct{ spec, text, expected, found string }{
		{spec: `body_json: {$.status: == ok, $.queue.length: "< 100", "$.items[1].n": == 7, $.on: == true}`},
		{spec: `body_json: {$.queue.length: "< 10"}`, text: "want $.queue.length < 10; found 12", expected: "$.queue.length < 10", found: "12"},
		{spec: `body_json: {$.none: == 1}`, text: "want $.none == 1; found nothing is there", expected: "$.none == 1", found: "nothing is there"},
		{spec: `body_cel: 'body.status == "ok" && body.items.exists(i, i.n > 5)'`},
		{spec: `body_cel: body.queue.length < 10`, text: `not true of the body: "body.queue.length < 10"; found 84 bytes: {"status": "ok", "queue": {"length": 12}, "items": [{"n": 1}, {"n": 7}], "on": true}`},
		{spec: `body_cel: body.none > 1`, text: `body_cel "body.none > 1": no such key: none`},
	} {
		t.Run(test.spec, func(t *testing.T) {
			r := try(t, "{http: {url: "+server.URL+", "+test.spec+"}}")
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.text == "", r.Outcome == Success, r.Text)
			if test.expected != "" {
				require.Equal(t, test.expected, r.Detail.Expected)
				require.Equal(t, test.found, r.Detail.Found)
			}
		})
	}
	r := try(t, "{http: {url: "+server.URL+"/deep, body_json: {$.a: == 1}}}")
	require.Contains(t, r.Text, "body is no JSON: nested more than 200 levels deep")
	for expression, problem := range map[string]string{
		`body.a ==`: "services.shop.probes.it.http.body_cel: malformed CEL expression: Syntax error",
		`"text"`:    "services.shop.probes.it.http.body_cel: the CEL expression is a string, want true or false",
	} {
		_, err := build(t, "{http: {url: "+server.URL+", body_cel: '"+expression+"'}}")
		require.ErrorContains(t, err, problem)
	}
}

// An expression cannot cost more than its bound, whatever the body.
func TestHTTPBoundsAnExpression(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "{\"a\": ["+strings.Repeat("1,", 20_000)+"1]}")
	})
	r := try(t, `{http: {url: `+server.URL+`, body_cel: "body.a.all(x, body.a.all(y, x + y < 100))"}}`, 20*time.Second)
	require.Equal(t, ReasonBody, r.Reason)
	require.Contains(t, r.Text, "actual cost limit exceeded")
	r = try(t, `{http: {url: `+server.URL+`, body_regexp: "(x+x+)+y"}}`, 20*time.Second)
	require.Equal(t, ReasonBody, r.Reason, "RE2 takes no time that grows with more than the text")
}

func TestHTTPUnpacks(t *testing.T) {
	packed := map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"br":   func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		encoding := r.Header.Get("Accept-Encoding")
		w.Header().Set("Content-Encoding", encoding)
		if pack := packed[encoding]; pack != nil {
			p := pack(w)
			_, _ = io.WriteString(p, strings.Repeat("endless ", 4<<20)+"Welcome")
			_ = p.Close()
			return
		}
		fmt.Fprint(w, "Welcome")
	})
	for encoding := range packed {
		r := try(t, `{http: {url: `+server.URL+`, headers: {Accept-Encoding: `+encoding+`}, body: endless}}`, 20*time.Second)
		require.Equal(t, Success, r.Outcome, r.Text)
		r = try(t, `{http: {url: `+server.URL+`, headers: {Accept-Encoding: `+encoding+`}, body: Welcome}}`, 20*time.Second)
		require.Contains(t, r.Text, "found over 8388608 bytes, of which the first 1048576 were searched")
	}
	r := try(t, `{http: {url: `+server.URL+`, headers: {Accept-Encoding: rar}, body: Welcome}}`)
	require.Equal(t, `reading the body after 0 bytes: the body is packed as "rar", want gzip, br, zstd or deflate`, r.Text)
	r = try(t, `{http: {url: `+server.URL+`, headers: {Accept-Encoding: rar}}}`)
	require.Equal(t, Success, r.Outcome, "what nobody looks at is not unpacked")
}

func TestOAuth2TokensAreShared(t *testing.T) {
	granted, revoked := new(atomic.Int32), new(atomic.Bool)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			if r.FormValue("client_secret") != "s3cr3t" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "a b" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprintf(w, `{"access_token": "token-%d", "expires_in": 3600}`, granted.Add(1))
			return
		}
		if r.Header.Get("Authorization") == "Bearer token-1" && revoked.Load() || r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "seen "+r.Header.Get("Authorization"))
	})
	spec := func(secret string) string {
		return `{http: {url: ` + server.URL + `, status: 404, auth: {oauth2: {token_url: ` + server.URL + `/token, client: tocsin, secret: {file: ` + secretFile(t, secret) + `}, scopes: [a, b]}}}}`
	}
	b := NewBuilder(Options{})
	done := make(chan Result, 10)
	for range cap(done) {
		attempt, err := buildWith(t, b, spec("s3cr3t"))
		require.NoError(t, err)
		go func() { done <- attempt(t.Context()) }()
	}
	for range cap(done) {
		require.Contains(t, (<-done).Text, "seen Bearer ***")
	}
	require.EqualValues(t, 1, granted.Load(), "one fetches it for all")
	revoked.Store(true)
	attempt, err := buildWith(t, b, spec("s3cr3t"))
	require.NoError(t, err)
	for range 2 {
		require.Contains(t, attempt(t.Context()).Text, "seen Bearer ***")
		require.EqualValues(t, 2, granted.Load(), "what is refused is fetched anew, once")
	}
	r := try(t, spec("wrong"))
	require.Equal(t, "fetching the OAuth2 token: status 401, want 200", r.Text)
	require.Equal(t, ReasonStatus, r.Reason)
}

// A redirect leads to no file, in no circle, and not from afar to what only we
// can reach.
func TestRedirectsLeadToNoPrivateAddress(t *testing.T) {
	for _, test := range []struct {
		home    realm
		sent    bool
		address string
		refused bool
	}{
		{"", false, "127.0.0.1:80", false},
		{publicRealm, false, "10.0.0.1:80", false},
		{publicRealm, true, "203.0.113.7:80", false},
		{publicRealm, true, "10.0.0.1:80", true},
		{publicRealm, true, "100.64.0.1:80", true},
		{publicRealm, true, "127.0.0.1:80", true},
		{publicRealm, true, "[::1]:80", true},
		{publicRealm, true, "[::ffff:192.168.0.1]:80", true},
		{publicRealm, true, "0.0.0.0:80", true},
		{publicRealm, true, "169.254.169.254:80", true},
		{publicRealm, true, "[fe80::1]:80", true},
		{publicRealm, true, "[fd00::1]:80", true},
		{privateRealm, true, "10.0.0.2:80", false},
		{privateRealm, true, "169.254.169.254:80", true},
		{privateRealm, true, "127.0.0.1:80", true},
		{loopbackRealm, true, "127.0.0.2:80", false},
		{loopbackRealm, true, "10.0.0.1:80", true},
	} {
		e := &exchange{home: test.home, sent: test.sent}
		err := e.admit("tcp", test.address, nil)
		require.Equal(t, test.refused, err != nil, "%+v: %v", test, err)
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	for _, test := range []struct{ to, options, text string }{
		{"http://169.254.169.254/latest/meta-data", "", "a redirect to 169.254.169.254:80, a link-local address, from a loopback one (allow_redirect_hosts can allow it)"},
		{"http://10.1.2.3/", "allow_redirect_hosts: [www.example.org], ", `a redirect to "http://10.1.2.3/", which allow_redirect_hosts does not list`},
		{"gopher://127.0.0.1/", "", `a redirect to "gopher:", which is neither http nor https`},
		{"/?to=/", "max_redirects: 1, ", "more than 1 redirects, the last to "},
	} {
		r := try(t, "{http: {"+test.options+`url: "`+server.URL+"/?to="+test.to+`"}}`, 2*time.Second)
		require.Equal(t, ReasonProtocol, r.Reason, r.Text)
		require.Contains(t, r.Text, test.text)
	}
}

func TestHTTPChoosesItsVersion(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	both, clear := secure(t, cert), unencrypted(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	one := httptest.NewUnstartedServer(http.NotFoundHandler())
	one.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	one.StartTLS()
	t.Cleanup(one.Close)
	for _, test := range []struct{ url, version, body, text string }{
		{both.URL, "", "HTTP/2.0", ""},
		{both.URL, "1.1", "HTTP/1.1", ""},
		{both.URL, "2", "HTTP/2.0", ""},
		{"http://" + clear, "2", "HTTP/2.0", ""},
		{one.URL, "2", "", "handshake with"},
	} {
		version := ""
		if test.version != "" {
			version = ", version: " + test.version
		}
		r := try(t, `{http: {url: "`+test.url+`", ca_file: `+file+version+`, body: "`+test.body+`x"}}`)
		if test.text != "" {
			require.Contains(t, r.Text, test.text)
			continue
		}
		require.Contains(t, r.Text, "found 8 bytes: "+test.body)
		if strings.HasPrefix(test.url, "https") {
			require.Equal(t, "CN=test", r.Detail.Chain[0].Subject)
			require.Len(t, r.Detail.Chain[0].Fingerprint, 64)
		}
	}
}

// keyPair is a certificate of ours by the name tocsin, and its key, in files.
func keyPair(t testing.TB) (cert, key string) {
	t.Helper()
	pair, cert := certificate(t, time.Now().Add(time.Hour), "tocsin")
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	return cert, secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

func TestHTTPProvesWhoWeAre(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	ourFile, keyFile := keyPair(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].DNSNames[0])
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	r := try(t, `{http: {url: "`+server.URL+`", ca_file: `+file+`, cert_file: `+ourFile+`, key_file: `+keyFile+`, body: tocsin}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	r = try(t, `{http: {url: "`+server.URL+`", ca_file: `+file+`}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	require.Contains(t, r.Text, "certificate required")
	r = try(t, `{http: {url: "`+server.URL+`", ca_file: `+file+`, cert_file: `+ourFile+`, key_file: `+keyFile+`.gone}}`)
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "services.shop.probes.it.http.key_file: reading the client certificate's key")
}

// gatewayServer is an HTTP proxy that wants a password.
func gatewayServer(t testing.TB) *httptest.Server {
	t.Helper()
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.Header.Set("X-Via", "proxy") }}
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic cHJvYmU6czNjcjN0" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			forward.ServeHTTP(w, r)
			return
		}
		out, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		_, _ = io.Copy(in, out)
		_ = in.Close()
	})
}

func TestHTTPGoesThroughAProxy(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "via=%s leaked=%t", r.Header.Get("X-Via"), r.Header.Get("Proxy-Authorization") != "")
	})
	behind, gateway := secure(t, cert), gatewayServer(t)
	login := `user: probe, password: {file: ` + secretFile(t, "s3cr3t") + `}`
	r := try(t, `{http: {url: `+plain.URL+`, proxy: {url: "`+gateway.URL+`", `+login+`}, body: via=proxy leaked=false}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	r = try(t, `{http: {url: "`+behind.URL+`", ca_file: `+file+`, proxy: {url: "`+gateway.URL+`", `+login+`}, body: HTTP/2.0}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	r = try(t, `{http: {url: "`+behind.URL+`", ca_file: `+file+`, proxy: {url: "`+gateway.URL+`"}}}`)
	require.Equal(t, ReasonConnect, r.Reason)
	require.Equal(t, "the proxy "+gateway.Listener.Addr().String()+" refused: status 407", r.Text)
	mutely := raw(t, mute)
	for _, scheme := range []string{"http", "https", "socks5"} {
		r = try(t, `{http: {url: "`+behind.URL+`", proxy: {url: "`+scheme+`://`+mutely+`"}}}`, 200*time.Millisecond)
		require.Equal(t, ReasonTimeout, r.Reason, r.Text)
	}
}

// A name server that says nothing costs the probe's time, and says so.
func TestHTTPAsksAChosenResolver(t *testing.T) {
	name := resolver(t, "udp", nil)
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	r := try(t, `{http: {url: "http://nowhere.example.org:`+port+`/", resolver: "`+name+`"}}`)
	require.Equal(t, ReasonDNS, r.Reason, r.Text)
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	r = try(t, `{http: {url: "http://shop.example.org/", resolver: "`+silent.LocalAddr().String()+`"}}`, 300*time.Millisecond)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text)
	require.Contains(t, r.Text, "while resolving the name")
}

// Ten megabytes that an expression could get lost in.
func TestHTTPRegexpBait(t *testing.T) {
	bait := bytes.Repeat([]byte("a"), 10<<20)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bait) })
	r := try(t, `{http: {url: `+server.URL+`, body_regexp: "(a|aa)+$!"}}`, 20*time.Second)
	require.Equal(t, ReasonBody, r.Reason, r.Text)
	require.LessOrEqual(t, len(r.Text), MaxText)
}

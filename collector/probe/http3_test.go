package probe

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// serve3 is an HTTP/3 server on loopback, which ends with the test.
func serve3(t testing.TB, config *tls.Config, answer http.HandlerFunc) (address string) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http3.Server{Handler: answer, TLSConfig: http3.ConfigureTLSConfig(config), QUICConfig: &quic.Config{Allow0RTT: true}}
	ended := make(chan struct{})
	go func() { _ = server.Serve(socket); close(ended) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = socket.Close()
		<-ended
	})
	return socket.LocalAddr().String()
}

// shop3 answers what the tests of HTTP/3 ask.
func shop3(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/error":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "the database is away")
	case "/there":
		http.Redirect(w, r, "/", http.StatusFound)
	case "/slow":
		<-r.Context().Done()
	case "/stalls":
		fmt.Fprint(w, "Welcome")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case "/resets":
		panic(http.ErrAbortHandler)
	case "/headers":
		w.Header().Set("X-More", strings.Repeat("x", 2*maxHeaderBytes))
	case "/echo":
		_, _ = io.Copy(w, r.Body)
	default:
		fmt.Fprintf(w, "Welcome over %s, %s", r.Proto, r.Header.Get("X-Key"))
	}
}

func TestHTTP3(t *testing.T) {
	end := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	cert, file := certificate(t, end)
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	expired, expiredFile := certificate(t, past)
	server := serve3(t, &tls.Config{Certificates: []tls.Certificate{cert}}, shop3)
	old := serve3(t, &tls.Config{Certificates: []tls.Certificate{expired}}, shop3)
	asking := serve3(t, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}, shop3)
	key := secretFile(t, "s3cr3t-k3y")
	for _, test := range []struct {
		name, spec, text string
		reason           Reason
		status           int
		expiry           time.Time
	}{
		{name: "an answer", spec: `url: "https://ADDRESS/", body: Welcome over HTTP/3.0`, status: 200, expiry: end},
		{name: "a header", spec: `url: "https://ADDRESS/", headers: {X-Key: {file: ` + key + `}}, body: nobody`, status: 200, expiry: end, reason: ReasonBody, text: `body does not contain "nobody"; found 33 bytes: Welcome over HTTP/3.0, ***`},
		{name: "a body sent", spec: `url: "https://ADDRESS/echo", send: "` + strings.Repeat("hello ", 1000) + `", body: hello hello`, status: 200, expiry: end},
		{name: "no body", spec: `url: "https://ADDRESS/", method: HEAD`, status: 200, expiry: end},
		{name: "a redirect", spec: `url: "https://ADDRESS/there", body: Welcome`, status: 200, expiry: end},
		{name: "a status", spec: `url: "https://ADDRESS/error"`, status: 500, expiry: end, reason: ReasonStatus, text: `status 500, want 2xx; found 20 bytes: the database is away`},
		{name: "an expired certificate", spec: `url: "https://OLD/"`, expiry: past, reason: ReasonTLS, text: "certificate of OLD: x509: certificate has expired or is not yet valid"},
		{name: "a wrong name", spec: `url: "https://ADDRESS/", server_name: cart.example.org`, expiry: end, reason: ReasonTLS, text: "certificate of ADDRESS: x509: "},
		{name: "no certificate of ours", spec: `url: "https://ASKING/"`, expiry: end, reason: ReasonTLS, text: "handshake with ASKING: the server refuses: tls: certificate required"},
		{name: "an answer that does not come", spec: `url: "https://ADDRESS/slow"`, expiry: end, reason: ReasonTimeout, text: "while waiting for the answer of ADDRESS"},
		{name: "a body that stalls", spec: `url: "https://ADDRESS/stalls"`, expiry: end, status: 200, reason: ReasonTimeout, text: "while reading the answer of ADDRESS"},
		{name: "an answer that is taken back", spec: `url: "https://ADDRESS/resets"`, expiry: end, reason: ReasonProtocol, text: "waiting for the answer of ADDRESS: "},
		{name: "endless headers", spec: `url: "https://ADDRESS/headers"`, expiry: end, reason: ReasonProtocol, text: "waiting for the answer of ADDRESS: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			fill := strings.NewReplacer("ADDRESS", server, "OLD", old, "ASKING", asking)
			ca := file
			if strings.Contains(test.spec, "OLD") {
				ca = expiredFile
			}
			limit := 10 * time.Second
			if test.reason == ReasonTimeout {
				limit = 2 * time.Second // enough for a handshake on a busy machine
			}
			r := try(t, "{http: {version: 3, ca_file: "+ca+", "+fill.Replace(test.spec)+"}}", limit)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, fill.Replace(test.text))
			require.Equal(t, test.status, r.Status)
			require.True(t, test.expiry.Equal(r.CertificateExpiry), "%s", r.CertificateExpiry)
			require.NotEmpty(t, r.Address)
			require.Positive(t, r.Phases[TLS])
			require.NotContains(t, r.Text, "s3cr3t")
		})
	}
}

// What does not speak QUIC is told apart from what is slow.
func TestHTTP3WithoutQUIC(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	r := try(t, `{http: {version: 3, url: "https://`+silent.LocalAddr().String()+`"}}`, 300*time.Millisecond)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text)
	require.Equal(t, "timeout after 300ms while shaking hands with "+silent.LocalAddr().String()+" by QUIC, over UDP", r.Text)

	cert, file := certificate(t, time.Now().Add(time.Hour))
	overTCP := secure(t, cert).Listener.Addr().String()
	r = try(t, `{http: {version: 3, url: "https://`+overTCP+`", ca_file: `+file+`}}`)
	require.Equal(t, ReasonConnect, r.Reason, "a server that only speaks TCP is told at once: %s", r.Text)
	require.Equal(t, "connecting to "+overTCP+": connection refused", r.Text)

	garbage := babbler(t, func(int) []byte { return []byte("220 not what you look for") })
	r = try(t, `{http: {version: 3, url: "https://`+garbage+`"}}`, 300*time.Millisecond)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text)
}

// babbler answers each datagram with what text makes of its number.
func babbler(t testing.TB, text func(n int) []byte) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			_, from, err := socket.ReadFrom(make([]byte, 2048))
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(text(n), from)
		}
	}()
	t.Cleanup(func() { _ = socket.Close(); <-ended })
	return socket.LocalAddr().String()
}

func TestHTTP3BoundsTheBody(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	handler, cutOff := endless(t)
	server := serve3(t, &tls.Config{Certificates: []tls.Certificate{cert}}, handler)
	for _, path := range []string{"/", "/bomb"} {
		r := try(t, "{http: {version: 3, ca_file: "+file+`, url: "https://`+server+path+`", body: needle}}`, 20*time.Second)
		require.Equal(t, ReasonBody, r.Reason, r.Text)
		require.Contains(t, r.Text, `body does not contain "needle"; found over 8388608 bytes, of which the first 1048576 were searched`)
		require.True(t, <-cutOff, path)
	}
}

// A session is resumed where the last attempt succeeded, never the request
// itself sent ahead of the handshake: who repeats that, repeats the request.
func TestHTTP3ResumesAndSendsNothingAhead(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	early, resumed, broken := new(atomic.Int32), make(chan bool, 10), new(atomic.Bool)
	server := serve3(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(w http.ResponseWriter, r *http.Request) {
		if !r.TLS.HandshakeComplete {
			early.Add(1)
		}
		resumed <- r.TLS.DidResume
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	attempt, err := build(t, "{http: {version: 3, ca_file: "+file+`, url: "https://`+server+`"}}`)
	require.NoError(t, err)
	for _, step := range []struct{ broken, resumed bool }{{false, false}, {false, true}, {true, true}, {true, false}, {false, false}, {false, true}} {
		broken.Store(step.broken)
		r := attempt(t.Context())
		require.Equal(t, step.broken, r.Outcome == Failure, r.Text)
		require.Equal(t, step.resumed, <-resumed, "%+v", step)
		require.NotEmpty(t, r.Detail.Chain, "a resumed session shows whom it is with")
	}
	require.Zero(t, early.Load())
}

// A server that insists on a key exchange that resuming leaves out costs one
// failure, over QUIC as over TCP.
func TestHTTP3AndAServerThatInsistsOnAKeyExchange(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	server := serve3(t, &tls.Config{Certificates: []tls.Certificate{cert}, CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}, shop3)
	attempt, err := build(t, "{http: {version: 3, ca_file: "+file+`, url: "https://`+server+`"}}`)
	require.NoError(t, err)
	for _, want := range []Outcome{Success, Failure, Success, Success, Success} {
		r := attempt(t.Context())
		require.Equal(t, want, r.Outcome, r.Text)
	}
}

func TestHTTP3LeavesNothingBehind(t *testing.T) {
	running := goleak.IgnoreCurrent()
	t.Run("attempts", func(t *testing.T) {
		cert, file := certificate(t, time.Now().Add(time.Hour))
		server := serve3(t, &tls.Config{Certificates: []tls.Certificate{cert}}, shop3)
		silent := babbler(t, func(int) []byte { return nil })
		for _, url := range []string{server + "/", server + "/slow", server + "/stalls", server + "/resets", server + "/headers", silent + "/"} {
			attempt, err := build(t, `{http: {version: 3, url: "https://`+url+`", ca_file: `+file+`}}`)
			require.NoError(t, err)
			before := descriptors(t)
			for range 5 {
				ctx, cancel := timeout(t, 100*time.Millisecond)
				attempt(ctx)
				cancel()
			}
			require.LessOrEqual(t, descriptors(t), before, "the socket is closed when an attempt returns: %s", url)
		}
	})
	require.Eventually(t, func() bool { return goleak.Find(running) == nil }, 30*time.Second, 50*time.Millisecond)
}

package probe

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// resuming is an HTTPS server that says whether each handshake was abbreviated,
// and answers a status.
func resuming(t testing.TB, change func(*tls.Config)) (server *httptest.Server, file string, resumed chan bool, status *atomic.Int32) {
	t.Helper()
	cert, file := certificate(t, time.Now().Add(24*time.Hour))
	resumed, status = make(chan bool, 100), new(atomic.Int32)
	status.Store(http.StatusOK)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resumed <- r.TLS.DidResume
		w.WriteHeader(int(status.Load()))
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	change(server.TLS)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, file, resumed, status
}

func TestSessionsAreResumedUntilSomethingFails(t *testing.T) {
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.3":       func(*tls.Config) {},
		"TLS 1.2":       func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
		"another curve": func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP384} },
	} {
		t.Run(name, func(t *testing.T) {
			server, file, resumed, status := resuming(t, change)
			attempt, err := build(t, "{http: {url: "+server.URL+", ca_file: "+file+"}}")
			require.NoError(t, err)
			first := attempt(t.Context())
			require.Equal(t, Success, first.Outcome, first.Text)
			require.False(t, <-resumed)
			for range 3 {
				r := attempt(t.Context())
				require.Equal(t, Success, r.Outcome, r.Text)
				require.True(t, <-resumed)
				require.Equal(t, first.CertificateExpiry, r.CertificateExpiry, "an abbreviated handshake shows no certificate, but it is known")
			}
			status.Store(http.StatusBadGateway)
			require.Equal(t, ReasonStatus, attempt(t.Context()).Reason)
			require.True(t, <-resumed)
			require.Equal(t, ReasonStatus, attempt(t.Context()).Reason)
			require.False(t, <-resumed, "what repeats a failure verifies everything")
		})
	}
}

// A server that insists on what is left out when resuming costs a second
// connection once, and never again.
func TestAServerThatInsistsOnAKeyExchange(t *testing.T) {
	for _, curve := range []tls.CurveID{tls.X25519MLKEM768, tls.X25519} {
		t.Run(curve.String(), func(t *testing.T) {
			var refused atomic.Int32
			server, file, resumed, _ := resuming(t, func(c *tls.Config) {
				c.CurvePreferences = []tls.CurveID{curve}
				c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
					if !slices.Contains(hello.SupportedCurves, curve) {
						refused.Add(1)
					}
					return nil, nil
				}
			})
			attempt, err := build(t, "{http: {url: "+server.URL+", ca_file: "+file+"}}")
			require.NoError(t, err)
			for _, want := range []bool{false, false, true, true} {
				r := attempt(t.Context())
				require.Equal(t, Success, r.Outcome, r.Text)
				require.Equal(t, want, <-resumed)
			}
			require.Equal(t, int32(1), refused.Load())
		})
	}
}

// A server that refuses every handshake is told of as it is.
func TestAServerThatBeginsToRefuse(t *testing.T) {
	var refuse atomic.Bool
	server, file, resumed, _ := resuming(t, func(c *tls.Config) {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if refuse.Load() {
				return nil, errors.New("no")
			}
			return nil, nil
		}
	})
	attempt, err := build(t, "{http: {url: "+server.URL+", ca_file: "+file+"}}")
	require.NoError(t, err)
	for range 2 {
		require.Equal(t, Success, attempt(t.Context()).Outcome)
		<-resumed
	}
	refuse.Store(true)
	r := attempt(t.Context())
	require.Equal(t, ReasonTLS, r.Reason)
	require.Contains(t, r.Text, "the server refuses: tls: internal error")
	refuse.Store(false)
	for _, want := range []bool{false, true, true} {
		require.Equal(t, Success, attempt(t.Context()).Outcome)
		require.Equal(t, want, <-resumed, "nothing is held against it")
	}
}

func TestSessionsGrowOld(t *testing.T) {
	s := new(sessions)
	state := new(tls.ClientSessionState)
	_, ok := s.Get("shop")
	require.False(t, ok)
	s.Put("shop", state)
	got, ok := s.Get("shop")
	require.True(t, ok)
	require.Same(t, state, got)
	left := time.Until(s.kept["shop"].until)
	require.LessOrEqual(t, left, sessionAge)
	require.Greater(t, left, sessionAge/2)

	s.kept["shop"] = session{state: state, until: time.Now().Add(-time.Second)}
	_, ok = s.Get("shop")
	require.False(t, ok, "a full handshake at least every ten minutes")
	s.Put("shop", state)
	s.forget()
	s.Put("shop", state)
	_, ok = s.Get("shop")
	require.False(t, ok, "a late ticket of a forgotten handshake")
	for i := range 3 * maxSessions {
		s.Get(fmt.Sprint(i))
		require.LessOrEqual(t, len(s.kept), maxSessions)
	}
}

// descriptors counts the open files of this process.
func descriptors(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(list)
}

func TestAttemptsLeaveNothingBehind(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	second, plain := secure(t, cert), serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	for _, url := range []string{second.URL, plain.URL, "http://" + raw(t, mute), "https://" + raw(t, mute)} {
		attempt, err := build(t, "{http: {url: "+url+", ca_file: "+file+"}}")
		require.NoError(t, err)
		once := func() {
			ctx, cancel := timeout(t, 50*time.Millisecond)
			defer cancel()
			attempt(ctx)
		}
		once()
		before := descriptors(t)
		for range 20 {
			once()
		}
		// Our ends are closed when an attempt returns; the servers, in this
		// same process, close theirs soon after.
		require.Eventually(t, func() bool { return descriptors(t) <= before+2 }, time.Minute, 5*time.Millisecond, url)
	}
}

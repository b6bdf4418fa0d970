package notify_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// providerName is a provider's in these tests: what has a loopback address never
// goes through a proxy.
const providerName = "api.provider.example.org"

// behindProxy gives the environment a proxy and a client that trusts the
// provider's authority.
func behindProxy(t *testing.T, a *authority, proxy string) *http.Client {
	t.Helper()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	t.Setenv("HTTPS_PROXY", proxy)
	client := notify.NewHTTPClient()
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs = a.roots
	return client
}

func fakeOf(p provider) string {
	where, ok := p.(interface{ accounts() string })
	text := p.catalogue()
	if ok {
		text = where.accounts()
	}
	return strings.TrimPrefix(fakeAddress.FindString(text), "http://")
}

// TestThroughAProxy: every channel goes through the proxy of the environment,
// which sees where to and nothing else.
func TestThroughAProxy(t *testing.T) {
	a := newAuthority(t)
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		p.answer(p.code("success"))
		front := listen(t, inTLS(a.server(providerName, time.Now().Add(time.Hour)), fakeOf(p)))
		var mu sync.Mutex
		var asked []string
		proxy := listen(t, through(front.Addr().String(), "tocsin:tocsin_proxy_s3cret", func(target string) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, target)
		}))
		client := behindProxy(t, a, "http://tocsin:tocsin_proxy_s3cret@"+proxy.Addr().String())
		require.NoError(t, sendTo(t.Context(), t, kind, p, "https://"+providerName, client))
		mu.Lock()
		require.Contains(t, asked, "CONNECT "+providerName+":443")
		mu.Unlock()
		require.NotEmpty(t, p.taken())

		client = behindProxy(t, a, "http://tocsin:wrong_s3cret@"+proxy.Addr().String())
		refusal := harmless(t, sendTo(t.Context(), t, kind, p, "https://"+providerName, client))
		require.False(t, refusal.Permanent)
		require.Contains(t, refusal.Error(), "the proxy answered 407 Proxy Authentication Required")
		require.NotContains(t, refusal.Error(), "wrong_s3cret")
	})
}

func TestAProxyThatIsNotThere(t *testing.T) {
	a := newAuthority(t)
	gone := listen(t, func(net.Conn) {})
	require.NoError(t, gone.Close())
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		for proxy, want := range map[string]string{
			"http://tocsin:tocsin_proxy_s3cret@" + gone.Addr().String(): "reaching the proxy: the connection was refused",
			"http://tocsin:tocsin_proxy_s3cret@[" + echo:                "the environment names a proxy by what is no address",
		} {
			refusal := harmless(t, sendTo(t.Context(), t, kind, p, "https://"+providerName, behindProxy(t, a, proxy)))
			require.False(t, refusal.Permanent)
			require.Contains(t, refusal.Error(), want)
		}
	})
}

// TestCertificatesAreLookedAt: nobody else's server gets a message or a login.
func TestCertificatesAreLookedAt(t *testing.T) {
	good, stranger := newAuthority(t), newAuthority(t)
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		p.answer(p.code("success"))
		for _, c := range []struct {
			front func(net.Conn)
			words string
		}{
			{inTLS(stranger.server(providerName, soon), fakeOf(p)), "the server's certificate is signed by nobody whom this machine trusts"},
			{inTLS(good.server("other.example.org", soon), fakeOf(p)), "the server's certificate is for another name"},
			{inTLS(good.server(providerName, past), fakeOf(p)), "the server's certificate has expired, or is not good yet"},
			{says(page(http.StatusOK, "", echo)), "the connection broke"}, // it waits for a request and gets a handshake
			{inTheClear, "the server does not speak TLS"},
		} {
			proxy := listen(t, through(listen(t, c.front).Addr().String(), ":", func(string) {}))
			refusal := harmless(t, sendTo(t.Context(), t, kind, p, "https://"+providerName, behindProxy(t, good, "http://"+proxy.Addr().String())))
			require.False(t, refusal.Permanent)
			require.Contains(t, refusal.Error(), c.words)
			require.NotContains(t, refusal.Error(), "other.example.org")
			require.NotContains(t, refusal.Error(), "may have arrived")
		}
		require.Empty(t, p.taken())
	})
}

// inTheClear answers a handshake by what was not asked for.
func inTheClear(conn net.Conn) {
	if _, err := conn.Read(make([]byte, 4096)); err == nil {
		_, _ = io.WriteString(conn, page(http.StatusOK, "", echo))
		_, _ = io.Copy(io.Discard, conn)
	}
}

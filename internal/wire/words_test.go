package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpproxy"
)

func TestWords(t *testing.T) {
	for want, err := range map[string]error{
		"it was cut short":                      fmt.Errorf("secret: %w", context.Canceled),
		"no answer in time":                     &url.Error{Op: "Post", URL: "https://secret", Err: context.DeadlineExceeded},
		"DNS knows no such server":              &net.OpError{Op: "dial", Err: &net.DNSError{Err: "secret", Name: "secret", IsNotFound: true}},
		"DNS does not say where the server is":  &net.DNSError{Err: "secret", Name: "secret"},
		"reaching the proxy: no answer in time": &net.OpError{Op: "proxyconnect", Err: os.ErrDeadlineExceeded},
		"something else":                        errors.New("secret"),
	} {
		require.Equal(t, want, Words(err, "something else"))
	}
	require.Equal(t, "no answer in time", Words(&net.DNSError{Err: "secret", IsTimeout: true}, ""))
}

// TestAProxyThatIsNoAddress: the library would go past it, directly.
func TestAProxyThatIsNoAddress(t *testing.T) {
	for named, want := range map[string]string{
		"http://proxy.example.org:3128": "http://proxy.example.org:3128", "proxy.example.org:3128": "http://proxy.example.org:3128",
		"http://[proxy": "error", "http://a b@c": "error", "": "", "://": "error",
	} {
		proxy := proxyOf(&httpproxy.Config{HTTPSProxy: named, NoProxy: "inside.example.org"})
		for address, through := range map[string]bool{"https://api.example.org/": true, "https://inside.example.org/": false, "https://127.0.0.1/": false, "http://api.example.org/": false} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			require.NoError(t, err)
			got, err := proxy(r)
			switch {
			case !through || want == "":
				require.NoError(t, err)
				require.Nil(t, got)
			case want == "error":
				require.EqualError(t, err, "the environment names a proxy by what is no address")
			default:
				require.NoError(t, err)
				require.Equal(t, want, got.String())
			}
		}
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"no\n\t go\x1b[3m": "no go [3m", "": "", " \xff ": "", "1234567890": "1234567890", "12345678901": "123456789…", "ждёт\u202eответа": "ждёт отве…",
	} {
		require.Equal(t, want, Line(text, 10), text)
	}
}

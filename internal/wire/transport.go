package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	// mostHeader bounds the header of an answer.
	mostHeader = 64 << 10
	// mostIdle is shorter than firewalls remember a silent connection: a request
	// must not go into one that they have forgotten.
	mostIdle = 30 * time.Second
)

// NewTransport connects within a time, and goes through the proxy that
// HTTPS_PROXY, HTTP_PROXY and NO_PROXY name when it is made.
//
// It speaks HTTP/1.1: a connection that died in silence costs one request then,
// while one of HTTP/2 would be given to every request until the kernel drops it.
func NewTransport(within time.Duration) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  proxyOf(httpproxy.FromEnvironment()),
		OnProxyConnectResponse: proxyAnswer,
		DialContext:            (&net.Dialer{Timeout: within}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    within,
		MaxResponseHeaderBytes: mostHeader,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        mostIdle,
		Protocols:              protocols,
	}
}

// proxyOf is the proxy that an environment names for a request. Where that is no
// address there is an error, and not the direct way that the library takes.
func proxyOf(named *httpproxy.Config) func(*http.Request) (*url.URL, error) {
	const malformed = "malformed.invalid"
	for _, name := range []*string{&named.HTTPProxy, &named.HTTPSProxy} {
		if *name != "" && !isAddress(*name) && (strings.Contains(*name, "://") || !isAddress("http://"+*name)) {
			*name = "http://" + malformed
		}
	}
	proxy := named.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) {
		address, err := proxy(r.URL)
		if err != nil || address != nil && address.Host == malformed {
			return nil, &proxyError{"the environment names a proxy by what is no address"}
		}
		return address, nil
	}
}

func isAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && address.Scheme != "" && address.Hostname() != ""
}

// proxyError is a proxy that does not take us to the server, in our words.
type proxyError struct{ words string }

func (e *proxyError) Error() string { return e.words }

func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{fmt.Sprintf("the proxy answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))}
}

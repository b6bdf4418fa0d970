package probe

import (
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/prometheus/common/version"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	maxRedirects = 10
	// maxHeaderBytes bounds what a hostile server can send before its body.
	maxHeaderBytes = 256 << 10
)

// userAgent says who we are, so that an operator who finds us in a log knows
// whom to ask.
func userAgent() string {
	v := version.Version
	if v == "" {
		v = "dev"
	}
	return "Tocsin/" + v + " (+https://github.com/tocsin-monitoring/tocsin)"
}

// newDialer connects without TCP keep-alives, which outlive no attempt.
func newDialer() *net.Dialer { return &net.Dialer{KeepAlive: -1} }

// headers are the request headers of a spec.
type headers map[string]catalog.Text

// secretNames are the headers whose values come from files, by way of a
// journey's variables as well.
func (h headers) secretNames(given map[string]catalog.Text) []string {
	var names []string
	for name, value := range h {
		if value.File != nil || refersToSecret(value.Literal, given) {
			names = append(names, name)
		}
	}
	return names
}

// set puts the headers on a request; expand fills in a journey's variables.
func (h headers) set(req *http.Request, s *secrets, expand func(string) string) error {
	req.Header.Set("User-Agent", userAgent())
	for name, text := range h {
		value, err := s.read(text)
		if err != nil {
			return ourFault{err}
		}
		if text.File == nil {
			value = expand(value)
		}
		if http.CanonicalHeaderKey(name) == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	return nil
}

// conceal keeps what usually proves an identity out of texts, even where it was
// written in place.
func (h headers) conceal(s *secrets) {
	for name, text := range h {
		switch http.CanonicalHeaderKey(name) {
		case "Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key":
			s.conceal(text.Literal, text.Literal)
		}
	}
}

func unchanged(s string) string { return s }

// hostOf is a URL's host:port, or nothing.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// send makes one request, whose transport reports to t, and reads its answer.
func send(client *http.Client, t *trace, req *http.Request, want expectation) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a, err := readAnswer(resp, want.needsBody)
	t.leave(Transfer, err == nil)
	if err != nil {
		return a, want.despite(a, fmt.Errorf("reading the body after %d bytes: %w", a.size, err))
	}
	return a, nil
}

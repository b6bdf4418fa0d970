package catalog

import (
	"net/http"
	"net/netip"
	"strings"

	"golang.org/x/net/http/httpguts"
)

func (c *checker) checkProbe(path string, p *Probe) {
	c.exactlyOne(path, "the kind", "http", "journey", "tcp", "tls", "dns", "postgres")
	c.checkSchedule(path, ProbeDefaults{Interval: p.Interval, Timeout: p.Timeout, Confirm: p.Confirm})
	if c.given(below(path, "slow")) && p.Slow >= p.Timeout {
		c.add(below(path, "slow"), "got %s, but an attempt that takes %s has failed already (want less than the timeout)", p.Slow, p.Timeout)
	}
	allKnown(c, below(path, "locations"), "location", p.Locations, c.Locations)
	switch {
	case p.HTTP != nil:
		c.checkHTTP(below(path, "http"), p.HTTP)
	case c.given(below(path, "journey")):
		c.checkJourney(below(path, "journey"), p.Journey)
	case p.TCP != nil:
		c.checkHostPort(below(path, "tcp.address"), p.TCP.Address)
	case p.TLS != nil:
		c.checkHostPort(below(path, "tls.address"), p.TLS.Address)
	case p.DNS != nil:
		c.checkDNS(below(path, "dns"), p.DNS)
	}
}

func (c *checker) checkHTTP(path string, p *HTTPProbe) {
	c.checkURL(below(path, "url"), p.URL)
	if _, err := choice(p.Method, Methods()...); err != nil {
		c.add(below(path, "method"), "%v", err)
	}
	for _, key := range []string{"body", "body_not", "body_regexp"} {
		if p.Method == http.MethodHead && c.given(below(path, key)) {
			c.add(below(path, key), "an answer to HEAD has no body (use method: GET)")
		}
	}
	c.checkHeaders(below(path, "headers"), p.Headers)
}

// checkHeaders wants names that can be sent, and no secret in place.
func (c *checker) checkHeaders(path string, headers map[string]Text) {
	for name, value := range headers {
		place := below(path, name)
		if !httpguts.ValidHeaderFieldName(name) {
			c.add(place, "malformed header name (got %s, want one such as Accept-Language)", clipped(name))
		}
		if !httpguts.ValidHeaderFieldValue(value.Literal) {
			c.add(place, "the value cannot stand in a header (it has a line break or another control character)")
		}
		if value.File == nil && secretHeader(name) && !strings.Contains(value.Literal, "{{") {
			c.hideAt(place)
			c.add(place, "secrets are kept in files of their own (want %s: {file: PATH})", name)
		}
	}
}

// secretHeader says that a header is there to prove who is asking.
func secretHeader(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "cookie", "x-api-key":
		return true
	}
	return false
}

func (c *checker) checkDNS(path string, p *DNSProbe) {
	if _, err := choice(p.Type, RecordTypes()...); err != nil {
		c.add(below(path, "type"), "%v", err)
	}
	if _, err := choice(p.Protocol, "udp", "tcp"); err != nil {
		c.add(below(path, "protocol"), "%v", err)
	}
	c.checkHostPort(below(path, "server"), p.Server)
	for i, answer := range p.Answers {
		_, err := netip.ParseAddr(answer)
		if (p.Type == "A" || p.Type == "AAAA") && err != nil && answer != "" {
			c.add(at(below(path, "answers"), i), "got %s, want an IP address, because the type is %s", clipped(answer), p.Type)
		}
	}
}

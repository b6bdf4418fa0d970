package catalog

import (
	"errors"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// checkURL wants an absolute http or https address without credentials.
func (c *checker) checkURL(path, text string) *url.URL {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@") && (err != nil || u.User != nil):
		c.hideAt(path)
		c.add(path, "an address must not hold credentials (keep them in a file, for instance headers: {Authorization: {file: PATH}})")
	case err != nil:
		c.add(path, "malformed address: %s (want one such as https://www.example.org/)", unwrapped(err))
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		c.add(path, "got %s, want an address with http:// or https:// and a host", clipped(text))
	case !goodPort(u.Port()):
		c.add(path, "got port %s, want 1 to 65535", clipped(u.Port()))
	default:
		return u
	}
	return nil
}

// checkBase wants an address that other paths are put after.
func (c *checker) checkBase(path, text string) {
	if u := c.checkURL(path, text); u != nil && (u.RawQuery != "" || u.Fragment != "") {
		c.add(path, "got %s, want an address without ? and # (paths are put after it)", clipped(text))
	}
}

// unwrapped is the reason of a url.Error, without the address.
func unwrapped(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return err.Error()
}

// hideAt keeps the value at path out of every quote.
func (c *checker) hideAt(path string) {
	place := c.positions.nearest(path)
	if i := c.sources.index(place.File); i >= 0 {
		c.sources[i].hide(place.Line, place.Column)
	}
}

// goodPort accepts no port, and one that exists.
func goodPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && port > 0
}

// checkHostPort wants host:port.
func (c *checker) checkHostPort(path, text string) {
	if text == "" {
		return
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" || port == "" || !goodPort(port) || strings.ContainsAny(host, "/@ ") {
		c.add(path, "malformed address (got %s, want host:port such as db.example.org:5432)", clipped(text))
	}
}

// checkHost wants a name or an address, without a port.
func (c *checker) checkHost(path, text string) {
	if _, err := netip.ParseAddr(text); text != "" && err != nil && strings.ContainsAny(text, ":/@ []") {
		c.add(path, "malformed host (got %s, want a name or an address, without a port)", clipped(text))
	}
}

// checkMail wants one address; a name before it only where named is set.
func (c *checker) checkMail(path, text string, named bool) {
	if text == "" {
		return
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil || !named && parsed.Address != text {
		c.add(path, "malformed mail address (got %s, want one such as team@example.org)", clipped(text))
	}
}

// checkRepository wants owner/name.
func (c *checker) checkRepository(path, text string) {
	if text != "" && !c.repository.MatchString(text) {
		c.add(path, "malformed repository (got %s, want owner/name)", clipped(text))
	}
}

// checkReference wants an address that a location may use to see whether it is
// cut off: an https, http, tcp or dns one.
func (c *checker) checkReference(path, text string) {
	scheme, rest, _ := strings.Cut(text, "://")
	switch scheme {
	case "http", "https":
		c.checkURL(path, text)
	case "tcp":
		c.checkHostPort(path, rest)
	case "dns":
		resolver, name, found := strings.Cut(rest, "/")
		if !found || resolver == "" || name == "" || strings.Contains(name, "/") {
			c.add(path, "malformed reference (got %s, want dns://resolver/name such as dns://9.9.9.9/example.org)", clipped(text))
		}
	default:
		c.add(path, "malformed reference (got %s, want https://…, http://…, tcp://host:port or dns://resolver/name)", clipped(text))
	}
}

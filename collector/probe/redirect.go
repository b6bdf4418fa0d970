package probe

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
)

// redirectPolicy says which redirects of an answer are followed.
type redirectPolicy struct {
	follow  bool
	limit   int
	hosts   []string // the only ones to follow to, besides the target's own; none for no such limit
	secrets []string // headers that no other server sees
	sealed  bool     // no other server sees the body either
}

// under is the policy as an http.Client asks for it. Whether the address behind
// a name is one that we may be sent to is seen when it is connected to.
func (p redirectPolicy) under(e *exchange) func(*http.Request, []*http.Request) error {
	if !p.follow {
		return stay
	}
	return func(req *http.Request, via []*http.Request) error {
		if err := p.check(req, via); err != nil {
			return err
		}
		own, host := via[0].URL.Hostname(), req.URL.Hostname()
		listed := p.lists(host)
		if len(p.hosts) > 0 && !listed && !strings.EqualFold(own, host) {
			return misfitf(ReasonProtocol, "a redirect to %s, which allow_redirect_hosts does not list", quote(place(req.URL)))
		}
		e.sent = !listed && !strings.EqualFold(own, host)
		return nil
	}
}

// lists says whether a host is among those of the catalogue.
func (p redirectPolicy) lists(host string) bool {
	host = strings.ToLower(host)
	for _, pattern := range p.hosts {
		pattern = strings.ToLower(pattern)
		if pattern == host || strings.HasPrefix(pattern, "*.") && strings.HasSuffix(host, pattern[1:]) {
			return true
		}
	}
	return false
}

// check follows up to limit, to web servers only, and shows no other server
// what belongs to the first: net/http itself withholds only some headers, repeats
// a body that is redirected by 307 or 308 (RFC 9700, section 4.12, says what
// comes of that), and tells where it comes from with the whole query.
func (p redirectPolicy) check(req *http.Request, via []*http.Request) error {
	if len(via) > p.limit {
		return misfitf(ReasonProtocol, "more than %d redirects, the last to %s", p.limit, quote(place(req.URL)))
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return misfitf(ReasonProtocol, "a redirect to %s, which is neither http nor https", quote(req.URL.Scheme+":"))
	}
	if sameServer(req.URL, via[0].URL) {
		return nil
	}
	req.Header.Del("Referer")
	if p.sealed && !noBody(req.Body) {
		return misfitf(ReasonProtocol, "a redirect that would show the body, which holds a secret, to another server: %s", quote(place(req.URL)))
	}
	for _, name := range p.secrets {
		req.Header.Del(name)
	}
	return nil
}

// sameServer says whether two addresses are of one scheme, host and port.
func sameServer(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// place is a URL without what may be secret in it.
func place(u *url.URL) string {
	if u.Host == "" {
		return u.Path
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// realm is how far an address can be reached from.
type realm string

// The zones of addresses.
const (
	publicRealm   realm = "public"
	privateRealm  realm = "private"
	linkRealm     realm = "link-local"
	loopbackRealm realm = "loopback"
)

// realmOf is the realm of host:port or of a host, if it is an address.
func realmOf(text string) (realm, bool) {
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if withPort, bad := netip.ParseAddrPort(text); bad == nil {
		address, err = withPort.Addr(), nil
	}
	if err != nil {
		return "", false
	}
	address = address.Unmap()
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // RFC 6598
	switch {
	case address.IsLoopback(), address.IsUnspecified():
		return loopbackRealm, true
	case address.IsLinkLocalUnicast():
		return linkRealm, true
	case address.IsPrivate(), shared.Contains(address):
		return privateRealm, true
	}
	return publicRealm, true
}

// admit is called with each address before it is connected to. The first is
// the target's. Who is redirected is sent to public addresses, and to such as
// the target's own: a public service cannot make us ask what only we can reach.
func (e *exchange) admit(_, address string, _ syscall.RawConn) error {
	realm, known := realmOf(address)
	if !known {
		return nil
	}
	if e.home == "" {
		e.home = realm
	}
	if e.sent && strays(realm, e.home) {
		return misfitf(ReasonProtocol, "a redirect to %s, a %s address, from a %s one (allow_redirect_hosts can allow it)", address, realm, e.home)
	}
	return nil
}

// strays says that what is asked in home leads to what only we can reach.
func strays(to, home realm) bool { return to != publicRealm && to != home }

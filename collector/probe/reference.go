package probe

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// NewReference builds the attempt of a location's reference, as the catalogue
// checked it: an http or https URL that gives any answer, tcp://host:port, or
// dns://resolver/name.
func NewReference(address string) (Func, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("reference %q: %w", address, bare(err))
	}
	p := &catalog.Probe{Name: "reference"}
	switch u.Scheme {
	case "http", "https":
		stays := false
		p.HTTP = &catalog.HTTPProbe{URL: address, Access: catalog.Access{FollowRedirects: &stays}}
		if p.HTTP.Status, err = catalog.ParseStatusSet("100-599"); err != nil {
			return nil, err
		}
	case "tcp":
		p.TCP = &catalog.TCPProbe{Address: u.Host}
	case "dns":
		p.DNS = &catalog.DNSProbe{Type: "A", Protocol: "udp", Name: strings.Trim(u.Path, "/"), Server: u.Host}
		if u.Port() == "" {
			p.DNS.Server = net.JoinHostPort(u.Hostname(), "53")
		}
	default:
		return nil, fmt.Errorf("reference %q: want http://, https://, tcp://host:port or dns://resolver/name", address)
	}
	built, err := NewBuilder(Options{}).New(new(catalog.Catalog), p)
	if err != nil {
		return nil, fmt.Errorf("reference %q: %w", address, err)
	}
	return built.Attempt, nil
}

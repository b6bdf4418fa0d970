package catalog

import (
	"strings"
	"time"
)

const (
	domainInterval = Duration(6 * time.Hour)
	domainTimeout  = Duration(30 * time.Second)
	domainBudget   = Duration(20 * time.Second) // before it is slow
	// defaultBootstrap is IANA's list of the registries' RDAP servers (RFC 9224).
	defaultBootstrap = "https://data.iana.org/rdap/dns.json"
)

// DomainProbe asks the registry, through RDAP (RFC 9083), until when a domain is
// registered and whether it is on hold or on its way out. Which server to ask
// stands in Bootstrap, unless Server names one.
type DomainProbe struct {
	Name          string   `yaml:"name"`                     // as it is registered: example.org, not www.example.org
	ExpiresWithin Duration `yaml:"expires_within,omitempty"` // a failure when the registration ends sooner; only when it has ended by default
	Server        string   `yaml:"server,omitempty"`         // base URL of an RDAP server
	Bootstrap     string   `yaml:"bootstrap,omitempty"`      // IANA's list by default
	CAFile        string   `yaml:"ca_file,omitempty"`        // of both
}

func (p *DomainProbe) complete() {
	p.Name = strings.ToLower(strings.TrimSuffix(p.Name, "."))
	if p.Server == "" {
		p.Bootstrap = or(p.Bootstrap, defaultBootstrap)
	}
}

func (p *DomainProbe) check(c *checker, path string) {
	if p.Name != "" && (strings.ContainsAny(p.Name, "/:@ []*?#%\t\r\n") || !strings.Contains(strings.Trim(p.Name, "."), ".") || strings.HasPrefix(p.Name, ".")) {
		c.add(below(path, "name"), "malformed domain (got %s, want one as it is registered, such as example.org)", clipped(p.Name))
	}
	c.checkBase(below(path, "server"), p.Server)
	c.checkURL(below(path, "bootstrap"), p.Bootstrap)
	if c.given(below(path, "server")) && c.given(below(path, "bootstrap")) {
		c.add(below(path, "bootstrap"), "the server is named already (want server or bootstrap)")
	}
}

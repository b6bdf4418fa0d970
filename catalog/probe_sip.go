package catalog

import "strings"

// SIPProbe asks a SIP server for its options, which reserves nothing and rings
// nowhere.
type SIPProbe struct {
	Address  string      `yaml:"address"`
	Protocol string      `yaml:"protocol,omitempty"` // udp (default), tcp or tls
	TLS      *Encryption `yaml:"tls,omitempty"`      // with protocol: tls
	To       string      `yaml:"to,omitempty"`       // user@domain, or a domain; the address's host by default
	From     string      `yaml:"from,omitempty"`     // user@domain; tocsin@tocsin.invalid by default
	Status   StatusSet   `yaml:"status,omitempty"`   // 200 by default
}

// SIPProtocols are what SIPProbe.Protocol may be.
func SIPProtocols() []string { return []string{"udp", "tcp", "tls"} }

func (p *SIPProbe) complete() {
	p.Protocol = or(p.Protocol, "udp")
	if p.Protocol == "tls" && p.TLS == nil {
		p.TLS = new(Encryption)
	}
	p.From = or(p.From, "tocsin@tocsin.invalid")
	if p.Status.IsZero() {
		p.Status, _ = ParseStatusSet("200")
	}
}

func (p *SIPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkWord(below(path, "protocol"), p.Protocol, SIPProtocols())
	c.checkEncryption(below(path, "tls"), p.TLS)
	if p.TLS != nil && p.Protocol != "tls" {
		c.add(below(path, "tls"), "the protocol is %s (want protocol: tls)", p.Protocol)
	}
	c.checkSIPName(below(path, "to"), p.To)
	c.checkSIPName(below(path, "from"), p.From)
}

// checkSIPName wants what can stand in an address of SIP as it is (RFC 3261,
// 25.1).
func (c *checker) checkSIPName(path, name string) {
	user, domain, has := strings.Cut(name, "@")
	if !has {
		user, domain = "-", name
	}
	if name != "" && (user == "" || domain == "" || len(name) > maxName*4 || strings.ContainsFunc(user+domain, outsideSIP)) {
		c.add(path, "malformed name (got %s, want one such as alice@example.org, without sip:)", clipped(name))
	}
}

// outsideSIP says that a character does not stand in a name.
func outsideSIP(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.!~*'()&=+$,[]", r)
}

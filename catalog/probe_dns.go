package catalog

import "net/netip"

// DNSProbe asks for one record set. Server is host:port, the machine's
// resolver by default; Type is A by default; Answers must all be among the
// answers when given.
type DNSProbe struct {
	Name     string   `yaml:"name"`
	Type     string   `yaml:"type,omitempty"`
	Server   string   `yaml:"server,omitempty"`
	Protocol string   `yaml:"protocol,omitempty"` // udp (default) or tcp
	Answers  []string `yaml:"answers,omitempty"`
}

// RecordTypes are what DNSProbe.Type may be.
func RecordTypes() []string {
	return []string{"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"}
}

func (p *DNSProbe) complete() {
	p.Type = or(p.Type, "A")
	p.Protocol = or(p.Protocol, "udp")
}

func (p *DNSProbe) check(c *checker, path string) {
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

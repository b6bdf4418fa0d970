package catalog

import (
	"net/netip"
	"slices"
)

// DNSProbe asks for one record set. Server is host:port, the machine's
// resolver by default; Type is A by default; Answers must all be among the
// answers when given, one of AnyAnswer at least, and none of Forbidden.
type DNSProbe struct {
	Name      string      `yaml:"name"`
	Type      string      `yaml:"type,omitempty"`
	Server    string      `yaml:"server,omitempty"`
	Protocol  string      `yaml:"protocol,omitempty"` // udp (default), tcp or tls
	TLS       *Encryption `yaml:"tls,omitempty"`
	Answers   []string    `yaml:"answers,omitempty"`
	AnyAnswer []string    `yaml:"answers_any,omitempty"`
	Forbidden []string    `yaml:"answers_not,omitempty"`
	Rcode     string      `yaml:"rcode,omitempty"`  // NOERROR by default
	DNSSEC    bool        `yaml:"dnssec,omitempty"` // the resolver must say that it validated the answer
}

// RecordTypes are what DNSProbe.Type may be.
func RecordTypes() []string {
	return []string{
		"A", "AAAA", "CAA", "CNAME", "DNAME", "DNSKEY", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT",
	}
}

// DNSProtocols are what DNSProbe.Protocol may be.
func DNSProtocols() []string { return []string{"udp", "tcp", "tls"} }

// Rcodes are what DNSProbe.Rcode may be, by IANA's registry.
func Rcodes() []string {
	return []string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}
}

func (p *DNSProbe) complete() {
	p.Type = or(p.Type, "A")
	p.Protocol = or(p.Protocol, "udp")
	p.Rcode = or(p.Rcode, "NOERROR")
	if p.Protocol == "tls" && p.TLS == nil {
		p.TLS = new(Encryption)
	}
}

func (p *DNSProbe) check(c *checker, path string) {
	if _, err := choice(p.Type, RecordTypes()...); err != nil {
		c.add(below(path, "type"), "%v", err)
	}
	if _, err := choice(p.Protocol, DNSProtocols()...); err != nil {
		c.add(below(path, "protocol"), "%v", err)
	}
	if _, err := choice(p.Rcode, Rcodes()...); err != nil {
		c.add(below(path, "rcode"), "%v", err)
	}
	c.checkHostPort(below(path, "server"), p.Server)
	c.checkEncryption(below(path, "tls"), p.TLS)
	if p.TLS != nil && p.Protocol != "tls" {
		c.add(below(path, "tls"), "the protocol is %s (want protocol: tls)", p.Protocol)
	}
	if p.Rcode != "NOERROR" && len(p.Answers) > 0 {
		c.add(below(path, "answers"), "an answer of %s has no records (want rcode: NOERROR, or no answers)", clipped(p.Rcode))
	}
	if p.Rcode != "NOERROR" && len(p.AnyAnswer) > 0 {
		c.add(below(path, "answers_any"), "an answer of %s has no records (want rcode: NOERROR, or no answers)", clipped(p.Rcode))
	}
	p.checkAnswers(c, below(path, "answers"), p.Answers)
	p.checkAnswers(c, below(path, "answers_any"), p.AnyAnswer)
	p.checkAnswers(c, below(path, "answers_not"), p.Forbidden)
}

func (p *DNSProbe) checkAnswers(c *checker, path string, answers []string) {
	for i, answer := range answers {
		_, err := netip.ParseAddr(answer)
		if slices.Contains([]string{"A", "AAAA"}, p.Type) && err != nil && answer != "" {
			c.add(at(path, i), "got %s, want an IP address, because the type is %s", clipped(answer), p.Type)
		}
	}
}

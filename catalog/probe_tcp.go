package catalog

// TCPProbe connects to Address, host:port, and speaks when Dialogue has steps.
// It changes over to TLS by StartTLS, or speaks TLS from the start where only
// TLS is given.
type TCPProbe struct {
	Address  string      `yaml:"address"`
	TLS      *Encryption `yaml:"tls,omitempty"`
	StartTLS StartTLS    `yaml:"starttls,omitempty"`
	Dialogue []Exchange  `yaml:"dialogue,omitempty"`
}

// StartTLS is a protocol in which a connection that began in the clear changes
// over to TLS.
type StartTLS string

// StartTLSProtocols are what a StartTLS may be.
func StartTLSProtocols() []StartTLS {
	return []StartTLS{"ftp", "imap", "ldap", "pop3", "postgres", "smtp", "xmpp"}
}

func (s *StartTLS) parse(text string) (err error) {
	*s, err = choice(text, StartTLSProtocols()...)
	return err
}

func (p *TCPProbe) complete() {
	if p.StartTLS != "" && p.TLS == nil {
		p.TLS = new(Encryption)
	}
}

func (p *TCPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkExchanges(below(path, "dialogue"), p.Dialogue)
}

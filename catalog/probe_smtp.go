package catalog

// SMTPProbe speaks with a mail server as far as Recipient, without sending
// anything. It changes over to TLS by STARTTLS, or speaks TLS from the start.
type SMTPProbe struct {
	Address   string      `yaml:"address"`
	TLS       *Encryption `yaml:"tls,omitempty"`
	StartTLS  bool        `yaml:"starttls,omitempty"` // the server must offer it
	Hello     string      `yaml:"hello,omitempty"`    // how we introduce ourselves; tocsin.invalid by default
	User      string      `yaml:"user,omitempty"`
	Password  *Secret     `yaml:"password,omitempty"`
	Sender    string      `yaml:"sender,omitempty"`
	Recipient string      `yaml:"recipient,omitempty"` // which the server must accept from the sender
}

func (p *SMTPProbe) complete() {
	if p.StartTLS && p.TLS == nil {
		p.TLS = new(Encryption)
	}
	p.Hello = or(p.Hello, "tocsin.invalid")
}

func (p *SMTPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkHost(below(path, "hello"), p.Hello)
	c.checkLogin(path, p.User, p.Password)
	c.checkMail(below(path, "sender"), p.Sender, false)
	c.checkMail(below(path, "recipient"), p.Recipient, false)
	if p.User != "" && p.TLS == nil && !c.given(below(path, "tls")) {
		c.add(below(path, "user"), "a password does not go out in the clear (want starttls: true or tls: {})")
	}
	if p.Recipient != "" && p.Sender == "" && !c.given(below(path, "sender")) {
		c.add(below(path, "recipient"), "a recipient without a sender (want sender: probe@example.org)")
	}
}

package catalog

import "strings"

// NATSProbe logs in and pings. Where a stream of JetStream is named it must
// exist: Value is what the number of its messages must fulfil, or where a
// consumer is named too, the number of those that wait for it.
type NATSProbe struct {
	Address  string      `yaml:"address"`
	User     string      `yaml:"user,omitempty"`
	Password *Secret     `yaml:"password,omitempty"`
	Token    *Secret     `yaml:"token,omitempty"`
	TLS      *Encryption `yaml:"tls,omitempty"`
	Stream   string      `yaml:"stream,omitempty"`
	Consumer string      `yaml:"consumer,omitempty"`
	Value    Comparison  `yaml:"value,omitempty"`
}

func (p *NATSProbe) complete() {}

func (p *NATSProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkLogin(path, p.User, p.Password)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkNumeric(below(path, "value"), p.Value)
	if c.given(below(path, "token")) && c.given(below(path, "user")) {
		c.add(below(path, "token"), "there are two ways to log in (want user and password, or token)")
	}
	for _, key := range []string{"consumer", "value"} {
		if c.given(below(path, key)) && !c.given(below(path, "stream")) {
			c.add(below(path, key), "nothing is counted without a stream (want stream: NAME)")
		}
	}
	for key, name := range map[string]string{"stream": p.Stream, "consumer": p.Consumer} {
		if strings.ContainsAny(name, " \t\r\n.*>/\\") || len(name) > maxName*4 {
			c.add(below(path, key), "malformed name (got %s, want one without spaces, dots, *, > and slashes)", clipped(name))
		}
	}
}

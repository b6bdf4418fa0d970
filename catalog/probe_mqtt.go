package catalog

import "strings"

// MQTTProbe connects to a broker and pings it. Where a topic is named, a message
// is sent to it, and must come back.
type MQTTProbe struct {
	Address  string      `yaml:"address"`
	Version  string      `yaml:"version,omitempty"` // 3.1.1 (default) or 5
	User     string      `yaml:"user,omitempty"`
	Password *Secret     `yaml:"password,omitempty"`
	TLS      *Encryption `yaml:"tls,omitempty"`
	Topic    string      `yaml:"topic,omitempty"`
}

// MQTTVersions are what MQTTProbe.Version may be.
func MQTTVersions() []string { return []string{"3.1.1", "5"} }

func (p *MQTTProbe) complete() { p.Version = or(p.Version, "3.1.1") }

func (p *MQTTProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkLogin(path, p.User, p.Password)
	c.checkEncryption(below(path, "tls"), p.TLS)
	if _, err := choice(p.Version, MQTTVersions()...); err != nil {
		c.add(below(path, "version"), "%v", err)
	}
	const longest = 1 << 15
	if strings.ContainsAny(p.Topic, "#+\x00") || strings.HasPrefix(p.Topic, "$") || len(p.Topic) > longest {
		c.add(below(path, "topic"), "got %s, want a topic that can be written to, without #, + and a leading $", clipped(p.Topic))
	}
}

package catalog

import "net"

// TLSProbe makes a TLS handshake with Address and verifies the certificate.
type TLSProbe struct {
	Address    string     `yaml:"address"`
	StartTLS   StartTLS   `yaml:"starttls,omitempty"`
	ServerName string     `yaml:"server_name,omitempty"` // Address' host by default
	CAFile     string     `yaml:"ca_file,omitempty"`
	CertFile   string     `yaml:"cert_file,omitempty"`   // our own certificate, when the server asks for one
	KeyFile    string     `yaml:"key_file,omitempty"`    // its private key
	MinVersion TLSVersion `yaml:"min_version,omitempty"` // the server must speak at least this; 1.2 by default
}

func (p *TLSProbe) complete() {
	host, _, _ := net.SplitHostPort(p.Address)
	p.ServerName = or(p.ServerName, host)
}

func (p *TLSProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkKeyPair(path)
}

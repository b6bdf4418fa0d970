package catalog

import "net"

// TLSProbe makes a TLS handshake with Address and verifies the certificate.
type TLSProbe struct {
	Address    string `yaml:"address"`
	ServerName string `yaml:"server_name,omitempty"` // Address' host by default
	CAFile     string `yaml:"ca_file,omitempty"`
}

func (p *TLSProbe) complete() {
	host, _, _ := net.SplitHostPort(p.Address)
	p.ServerName = or(p.ServerName, host)
}

func (p *TLSProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
}

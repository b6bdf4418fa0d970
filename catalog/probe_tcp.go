package catalog

// TCPProbe connects to Address, host:port.
type TCPProbe struct {
	Address string `yaml:"address"`
}

func (p *TCPProbe) complete() {}

func (p *TCPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
}

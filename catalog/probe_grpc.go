package catalog

// GRPCProbe asks a gRPC server for its health, by the protocol
// grpc.health.v1.
type GRPCProbe struct {
	Address   string      `yaml:"address"`
	TLS       *Encryption `yaml:"tls,omitempty"`
	Service   string      `yaml:"service,omitempty"`   // the server as a whole by default
	Authority string      `yaml:"authority,omitempty"` // address by default
}

func (p *GRPCProbe) complete() { p.Authority = or(p.Authority, p.Address) }

func (p *GRPCProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkEncryption(below(path, "tls"), p.TLS)
}

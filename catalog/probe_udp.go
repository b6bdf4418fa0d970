package catalog

// UDPProbe sends datagrams to Address, host:port, and expects answers. Without
// an answer there is no telling whether anybody is there.
type UDPProbe struct {
	Address  string     `yaml:"address"`
	Dialogue []Exchange `yaml:"dialogue"`
}

func (p *UDPProbe) complete() {}

func (p *UDPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	place := below(path, "dialogue")
	c.checkExchanges(place, p.Dialogue)
	if n := len(p.Dialogue); n > 0 {
		last := p.Dialogue[n-1]
		if last.Expect == "" && last.ExpectHex.IsZero() && last.ExpectRegexp == nil {
			c.add(at(place, n-1), "the last step expects nothing, so that nobody need be there (want expect, expect_hex or expect_regexp)")
		}
	} else if c.given(place) {
		c.add(place, "the dialogue has no steps (want a list such as [{send: ping, expect: pong}])")
	}
}

package catalog

// NTPProbe asks a time server for the time. Its offset is how far the server
// is ahead of the exporter's own clock.
type NTPProbe struct {
	Address    string   `yaml:"address"`
	MaxOffset  Duration `yaml:"max_offset,omitempty"`  // any by default
	MaxStratum int      `yaml:"max_stratum,omitempty"` // 15 by default
}

// maxStratum is the last of a server that knows the time (RFC 5905).
const maxStratum = 15

func (p *NTPProbe) complete() { p.MaxStratum = or(p.MaxStratum, maxStratum) }

func (p *NTPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	if p.MaxStratum > maxStratum {
		c.add(below(path, "max_stratum"), "got %d, want at most %d", p.MaxStratum, maxStratum)
	}
}

package catalog

// MySQLProbe logs in to a MySQL or a MariaDB and runs one query, which answers
// at least one row. Value is what the first value of the first row must fulfil.
type MySQLProbe struct {
	Address     string       `yaml:"address"`
	User        string       `yaml:"user"`
	Password    *Secret      `yaml:"password,omitempty"`
	Database    string       `yaml:"database,omitempty"`
	TLS         *Encryption  `yaml:"tls,omitempty"`
	Query       string       `yaml:"query,omitempty"` // SELECT 1 by default
	Value       Comparison   `yaml:"value,omitempty"`
	Replication *Replication `yaml:"replication,omitempty"`
}

func (p *MySQLProbe) complete() { p.Query = or(p.Query, defaultQuery) }

func (p *MySQLProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkReplication(below(path, "replication"), p.Replication)
	if c.given(below(path, "replication.replicas")) {
		c.add(below(path, "replication.replicas"), "a primary of this kind does not say which replicas replicate (ask each replica instead)")
	}
}

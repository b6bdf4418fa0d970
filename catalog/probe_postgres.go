package catalog

// PostgresProbe logs in and runs one query, which answers at least one row.
// Value is what the first value of the first row must fulfil. Either DSN or
// Address says where the server is.
type PostgresProbe struct {
	DSN         *Secret      `yaml:"dsn,omitempty"` // a connection string, the password included
	Address     string       `yaml:"address,omitempty"`
	User        string       `yaml:"user,omitempty"`
	Password    *Secret      `yaml:"password,omitempty"`
	Database    string       `yaml:"database,omitempty"` // the one named like the user by default
	TLS         *Encryption  `yaml:"tls,omitempty"`      // overrules the connection string
	Query       string       `yaml:"query,omitempty"`    // SELECT 1 by default
	Value       Comparison   `yaml:"value,omitempty"`
	Replication *Replication `yaml:"replication,omitempty"`
}

func (p *PostgresProbe) complete() {
	p.Query = or(p.Query, defaultQuery)
}

func (p *PostgresProbe) check(c *checker, path string) {
	c.exactlyOne(path, "the server", "dsn", "address")
	for _, key := range []string{"user", "password", "database"} {
		if c.given(below(path, "dsn")) && c.given(below(path, key)) {
			c.add(below(path, key), "the connection string says it already (remove the key, or give address instead of dsn)")
		}
	}
	if c.given(below(path, "address")) {
		c.checkHostPort(below(path, "address"), p.Address)
		if p.User == "" && !c.given(below(path, "user")) {
			c.add(path, "the user is missing (want user: NAME)")
		}
	}
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkReplication(below(path, "replication"), p.Replication)
}

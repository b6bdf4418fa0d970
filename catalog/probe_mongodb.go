package catalog

import "strings"

// MongoDBProbe logs in by SCRAM-SHA-256 and pings. Where a collection is named,
// Value is what the number of its documents must fulfil.
type MongoDBProbe struct {
	Address      string       `yaml:"address"`
	User         string       `yaml:"user,omitempty"`
	Password     *Secret      `yaml:"password,omitempty"`
	AuthDatabase string       `yaml:"auth_database,omitempty"` // admin by default
	TLS          *Encryption  `yaml:"tls,omitempty"`
	Collection   string       `yaml:"collection,omitempty"` // DATABASE.COLLECTION
	Value        Comparison   `yaml:"value,omitempty"`
	Replication  *Replication `yaml:"replication,omitempty"`
}

func (p *MongoDBProbe) complete() { p.AuthDatabase = or(p.AuthDatabase, "admin") }

func (p *MongoDBProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkLogin(path, p.User, p.Password)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkNumeric(below(path, "value"), p.Value)
	c.checkReplication(below(path, "replication"), p.Replication)
	if database, name, _ := strings.Cut(p.Collection, "."); p.Collection != "" && (database == "" || name == "") {
		c.add(below(path, "collection"), "got %s, want DATABASE.COLLECTION", clipped(p.Collection))
	}
	if c.given(below(path, "value")) && !c.given(below(path, "collection")) {
		c.add(below(path, "value"), "nothing is counted without a collection (want collection: DATABASE.COLLECTION)")
	}
}

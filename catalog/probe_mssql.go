package catalog

// MSSQLProbe logs in to a SQL Server and runs one query, which answers at least
// one row. Value is what the first value of the first row must fulfil.
type MSSQLProbe struct {
	Address     string       `yaml:"address"`
	User        string       `yaml:"user"`
	Password    *Secret      `yaml:"password"`
	Database    string       `yaml:"database,omitempty"`   // the user's own by default
	Encryption  string       `yaml:"encryption,omitempty"` // required (default), strict or off
	TLS         *Encryption  `yaml:"tls,omitempty"`        // whom it trusts; unless off
	Query       string       `yaml:"query,omitempty"`      // SELECT 1 by default
	Value       Comparison   `yaml:"value,omitempty"`
	Replication *Replication `yaml:"replication,omitempty"` // of an availability group
}

// The values of MSSQLProbe.Encryption: TLS as servers speak it since 2005, TLS
// from the first byte as they can since 2022 (TDS 8), and none, which lets
// everybody on the way read the password.
const (
	EncryptionRequired = "required"
	EncryptionStrict   = "strict"
	EncryptionOff      = "off"
)

// Encryptions are what MSSQLProbe.Encryption may be.
func Encryptions() []string { return []string{EncryptionRequired, EncryptionStrict, EncryptionOff} }

func (p *MSSQLProbe) complete() {
	p.Query = or(p.Query, defaultQuery)
	p.Encryption = or(p.Encryption, EncryptionRequired)
	if p.Encryption != EncryptionOff && p.TLS == nil {
		p.TLS = new(Encryption)
	}
}

func (p *MSSQLProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkWord(below(path, "encryption"), p.Encryption, Encryptions())
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkReplication(below(path, "replication"), p.Replication)
	if p.Encryption == EncryptionOff && p.TLS != nil {
		c.add(below(path, "tls"), "nothing is encrypted (remove tls, or encryption: off)")
	}
	if p.Encryption == EncryptionRequired && p.TLS != nil && p.TLS.MinVersion == TLS13 {
		c.add(below(path, "tls.min_version"), "SQL Server speaks TLS 1.3 only from the first byte (want encryption: strict)")
	}
	const longest = 128 // an identifier of SQL Server
	for key, text := range map[string]string{"user": p.User, "database": p.Database} {
		if len(text) > longest {
			c.add(below(path, key), "the name is too long (got %d bytes, want at most %d)", len(text), longest)
		}
	}
}

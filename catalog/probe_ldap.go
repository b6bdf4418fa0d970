package catalog

// LDAPProbe connects to a directory and logs in, without a user anonymously.
// Where a base, a filter, an attribute or a number of entries is named, one
// search follows; it starts at the directory's own entry (the root DSE) where no
// base is named. Value is what the attribute must fulfil, by one of its values;
// Entries what the number of entries found must.
type LDAPProbe struct {
	Address   string      `yaml:"address"`
	TLS       *Encryption `yaml:"tls,omitempty"`      // from the start (ldaps), unless StartTLS is set
	StartTLS  bool        `yaml:"starttls,omitempty"` // the server must offer it
	User      string      `yaml:"user,omitempty"`     // a distinguished name, or what the directory takes for one
	Password  *Secret     `yaml:"password,omitempty"`
	Base      string      `yaml:"base,omitempty"`
	Scope     LDAPScope   `yaml:"scope,omitempty"`  // base by default
	Filter    string      `yaml:"filter,omitempty"` // (objectClass=*) by default
	Attribute string      `yaml:"attribute,omitempty"`
	Value     Comparison  `yaml:"value,omitempty"`
	Entries   Comparison  `yaml:"entries,omitempty"` // >= 1 by default
}

// LDAPScope is how far below its base a search looks.
type LDAPScope string

// The values of LDAPScope.
const (
	ScopeBase    LDAPScope = "base"    // the entry itself
	ScopeOne     LDAPScope = "one"     // what stands right below it
	ScopeSubtree LDAPScope = "subtree" // it and all below it
)

func (s *LDAPScope) parse(text string) (err error) {
	*s, err = choice(text, ScopeBase, ScopeOne, ScopeSubtree)
	return err
}

// Searches says that a search follows the login.
func (p *LDAPProbe) Searches() bool { return p.Scope != "" }

func (p *LDAPProbe) complete() {
	if p.StartTLS && p.TLS == nil {
		p.TLS = new(Encryption)
	}
	if p.Base == "" && p.Filter == "" && p.Attribute == "" && p.Entries.IsZero() {
		return
	}
	p.Scope = or(p.Scope, ScopeBase)
	p.Filter = or(p.Filter, "(objectClass=*)")
	if p.Entries.IsZero() {
		p.Entries, _ = ParseComparison(">= 1") // which is well-formed
	}
}

func (p *LDAPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkLogin(path, p.User, p.Password)
	if c.given(below(path, "password")) && !c.given(below(path, "user")) {
		c.add(below(path, "password"), "a password without a user (want user: cn=probe,dc=example,dc=org)")
	}
	c.checkNumeric(below(path, "entries"), p.Entries)
	if c.given(below(path, "value")) && !c.given(below(path, "attribute")) {
		c.add(below(path, "value"), "nothing is compared without an attribute (want attribute: NAME)")
	}
	if c.given(below(path, "scope")) && !c.given(below(path, "base")) {
		c.add(below(path, "scope"), "nothing is searched without a base (want base: dc=example,dc=org)")
	}
}

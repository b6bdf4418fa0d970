package catalog

import "strings"

// SSHProbe shakes hands with an SSH server and looks at its key. It logs in
// only when it is told a user.
type SSHProbe struct {
	Address     string   `yaml:"address"`
	Banner      *Regexp  `yaml:"banner,omitempty"`    // what the server's version matches
	HostKeys    []string `yaml:"host_keys,omitempty"` // fingerprints, SHA256:…, of which the server's key has one
	User        string   `yaml:"user,omitempty"`
	Password    *Secret  `yaml:"password,omitempty"`
	IdentityKey string   `yaml:"identity_file,omitempty"` // the private key of the user
}

func (p *SSHProbe) complete() {}

func (p *SSHProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	for i, key := range p.HostKeys {
		if text, is := strings.CutPrefix(key, "SHA256:"); !is || len(text) != 43 {
			c.add(at(below(path, "host_keys"), i), "malformed fingerprint (got %s, want SHA256:… as ssh-keygen -l prints it)", clipped(key))
		}
	}
	proof := c.given(below(path, "password")) || c.given(below(path, "identity_file"))
	switch {
	case p.User != "" && !proof:
		c.add(below(path, "user"), "a user without a proof (want password: {file: PATH} or identity_file: PATH)")
	case p.User == "" && proof && !c.given(below(path, "user")):
		c.add(path, "a login without a user (want user: NAME)")
	case p.User != "" && len(p.HostKeys) == 0 && !c.given(below(path, "host_keys")):
		c.add(path, "a login at a server that nobody knows (want host_keys: [SHA256:…])")
	}
}

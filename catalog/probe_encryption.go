package catalog

// TLSVersion is a version of TLS.
type TLSVersion string

// The versions, the oldest first.
const (
	TLS10 TLSVersion = "1.0"
	TLS11 TLSVersion = "1.1"
	TLS12 TLSVersion = "1.2"
	TLS13 TLSVersion = "1.3"
)

func (v *TLSVersion) parse(text string) (err error) {
	*v, err = choice(text, TLS10, TLS11, TLS12, TLS13)
	return err
}

// Encryption says that a connection is made over TLS, and whom it trusts. The
// zero value, written {}, trusts the machine's authorities to vouch for the
// name in the address.
type Encryption struct {
	CAFile     string     `yaml:"ca_file,omitempty"`
	ServerName string     `yaml:"server_name,omitempty"` // the address's host by default
	CertFile   string     `yaml:"cert_file,omitempty"`   // our own certificate, when the server asks for one
	KeyFile    string     `yaml:"key_file,omitempty"`    // its private key
	MinVersion TLSVersion `yaml:"min_version,omitempty"` // the server must speak at least this; 1.2 by default
}

func (c *checker) checkEncryption(path string, e *Encryption) {
	if e != nil {
		c.checkKeyPair(path)
	}
}

// checkKeyPair wants a certificate with its key.
func (c *checker) checkKeyPair(path string) {
	if c.given(below(path, "cert_file")) != c.given(below(path, "key_file")) {
		c.add(path, "a client certificate has two parts (want cert_file and key_file, or neither)")
	}
}

// checkLogin wants a name with a password.
func (c *checker) checkLogin(path, user string, password *Secret) {
	if user != "" && password == nil && !c.given(below(path, "password")) {
		c.add(below(path, "user"), "a user without a password (want password: {file: PATH})")
	}
}

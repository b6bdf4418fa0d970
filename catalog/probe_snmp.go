package catalog

import (
	"strconv"
	"strings"
)

// SNMPProbe asks an agent for values, over UDP: by version 2c with a community,
// by version 3 with a user. A user's messages are authenticated, and encrypted
// where EncryptionPassword is given.
type SNMPProbe struct {
	Address            string     `yaml:"address"`
	Community          *Secret    `yaml:"community,omitempty"`
	User               string     `yaml:"user,omitempty"`
	Password           *Secret    `yaml:"password,omitempty"`
	Hash               SNMPHash   `yaml:"hash,omitempty"` // of the password; sha-256 by default
	EncryptionPassword *Secret    `yaml:"encryption_password,omitempty"`
	Cipher             SNMPCipher `yaml:"cipher,omitempty"`  // aes by default
	Context            string     `yaml:"context,omitempty"` // of version 3; the agent's own by default
	Get                []SNMPGet  `yaml:"get"`
}

// SNMPGet is one object of an agent, which must be there.
type SNMPGet struct {
	OID   string     `yaml:"oid"`             // in numbers, such as 1.3.6.1.2.1.1.3.0
	Value Comparison `yaml:"value,omitempty"` // what it must fulfil; anything by default
}

// SNMPHash is how a user's messages are authenticated.
type SNMPHash string

// SNMPCipher is how a user's messages are encrypted.
type SNMPCipher string

// SNMPHashes are what SNMPProbe.Hash may be (RFC 3414 and RFC 7860).
func SNMPHashes() []SNMPHash {
	return []SNMPHash{"md5", "sha-1", "sha-224", "sha-256", "sha-384", "sha-512"}
}

// SNMPCiphers are what SNMPProbe.Cipher may be: RFC 3414, RFC 3826, and the
// two ways in which agents lengthen a key for longer ones, of which -c is that of
// Cisco.
func SNMPCiphers() []SNMPCipher {
	return []SNMPCipher{"des", "aes", "aes-192", "aes-256", "aes-192-c", "aes-256-c"}
}

func (h *SNMPHash) parse(text string) (err error) {
	*h, err = choice(text, SNMPHashes()...)
	return err
}

func (s *SNMPCipher) parse(text string) (err error) {
	*s, err = choice(text, SNMPCiphers()...)
	return err
}

const (
	// maxOIDs bounds what one question asks for: the answer is one datagram.
	maxOIDs = 20
	// maxOIDParts is the length of the longest identifier (RFC 2578, 3.5).
	maxOIDParts = 128
)

func (p *SNMPProbe) complete() {
	if p.User == "" {
		return
	}
	p.Hash = or(p.Hash, "sha-256")
	if p.EncryptionPassword != nil {
		p.Cipher = or(p.Cipher, "aes")
	}
}

func (p *SNMPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.exactlyOne(path, "who asks", "community", "user")
	c.checkLogin(path, p.User, p.Password)
	for _, key := range []string{"password", "hash", "encryption_password", "cipher", "context"} {
		if c.given(below(path, key)) && !c.given(below(path, "user")) {
			c.add(below(path, key), "only version 3 has it (want user: NAME)")
		}
	}
	if c.given(below(path, "cipher")) && !c.given(below(path, "encryption_password")) {
		c.add(below(path, "cipher"), "nothing is encrypted without a password (want encryption_password: {file: PATH})")
	}
	if c.given(below(path, "get")) && len(p.Get) == 0 || len(p.Get) > maxOIDs {
		c.add(below(path, "get"), "got %d objects, want 1 to %d", len(p.Get), maxOIDs)
	}
	for i, get := range p.Get {
		c.checkOID(below(at(below(path, "get"), i), "oid"), get.OID)
	}
}

// checkOID wants an object identifier in numbers.
func (c *checker) checkOID(path, text string) {
	parts := strings.Split(strings.TrimPrefix(text, "."), ".")
	good := len(parts) > 1 && len(parts) <= maxOIDParts
	for i, part := range parts {
		number, err := strconv.ParseUint(part, 10, 32)
		good = good && err == nil && (i > 0 || number <= 2) && (i != 1 || number < 40 || parts[0] == "2")
	}
	if text != "" && !good {
		c.add(path, "malformed object identifier (got %s, want numbers such as 1.3.6.1.2.1.1.3.0)", clipped(text))
	}
}

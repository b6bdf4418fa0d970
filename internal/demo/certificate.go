package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Validity of what the HTTPS door presents: well over and well under the
// threshold of 21 days in tocsin.yml, and over the few days that page somebody.
const (
	healthyValidity  = 90 * 24 * time.Hour
	expiringValidity = 10 * 24 * time.Hour
	authorityYears   = 10
)

// AuthorityFile is the certificate of the demo's own authority under the
// estate's state folder; probes trust it by ca_file.
func AuthorityFile(stateDir string) string { return certificateFile(authorityDir(stateDir)) }

func authorityDir(stateDir string) string { return filepath.Join(stateDir, "demo") }

func certificateFile(dir string) string { return filepath.Join(dir, "ca.pem") }

func keyFile(dir string) string { return filepath.Join(dir, "ca-key.pem") }

// authority signs the door's certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// loadAuthority reads the demo's certificate authority, or makes it the first
// time. It is kept, so that probes which trust it go on working.
func loadAuthority(dir string) (*authority, error) {
	pair, err := tls.LoadX509KeyPair(certificateFile(dir), keyFile(dir))
	if err == nil && time.Until(pair.Leaf.NotAfter) > healthyValidity {
		if key, ok := pair.PrivateKey.(*ecdsa.PrivateKey); ok {
			return &authority{pair.Leaf, key}, nil
		}
	}
	made, err := newAuthority(dir)
	if err != nil {
		return nil, fmt.Errorf("making the demo's certificate authority in %q: %w", dir, err)
	}
	return made, nil
}

func newAuthority(dir string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "Tocsin demo authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(authorityYears, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{certificate, key}, writeAuthority(dir, der, key)
}

// writeAuthority writes the key first: a certificate without its key would be
// trusted for nothing.
func writeAuthority(dir string, der []byte, key *ecdsa.PrivateKey) error {
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(keyFile(dir), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(certificateFile(dir), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644) // public
}

// sign makes a server's certificate for loopback.
func (a *authority) sign(validity time.Duration) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "Tocsin demo shop"},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// door presents the certificate that the switch asks for.
type door struct {
	authority *authority
	switches  *state

	mutex  sync.Mutex
	shown  *tls.Certificate
	ending bool
}

func (d *door) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	ending := d.switches.is("certificate")
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.shown != nil && d.ending == ending {
		return d.shown, nil
	}
	validity := healthyValidity
	if ending {
		validity = expiringValidity
	}
	shown, err := d.authority.sign(validity)
	if err != nil {
		return nil, fmt.Errorf("signing the demo's certificate: %w", err)
	}
	d.shown, d.ending = shown, ending
	return shown, nil
}

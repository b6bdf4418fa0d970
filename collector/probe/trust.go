package probe

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
)

// trust is whom a probe trusts: the machine's certificate authorities, or
// those of a file, which is read again on every attempt because authorities
// are renewed too.
type trust struct {
	site       site
	kind       string // where ca_file stands, below the probe
	serverName string // empty for the name in the address

	lowest uint16 // TLS version; 0 for TLS 1.2

	mu       sync.Mutex
	roots    followed // without a path for the machine's authorities
	cert     followed // our own certificate; without a path for none
	key      followed
	config   *tls.Config
	sessions sessions // of config
	leaf     *x509.Certificate
	shown    []Certificate // the chain of leaf
}

func newTrust(s site, kind, file, serverName string) *trust {
	return &trust{site: s, kind: kind, roots: followed{path: file}, serverName: serverName}
}

// certify makes t prove who we are by a certificate and its key, in files.
func (t *trust) certify(cert, key string) { t.cert.path, t.key.path = cert, key }

// current is the configuration now. The error is our own fault and names the
// place in the catalogue.
func (t *trust) current() (*tls.Config, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := t.config == nil
	for _, f := range []struct {
		*followed
		key, what string
	}{
		{&t.roots, "ca_file", "the certificate authorities"},
		{&t.cert, "cert_file", "the client certificate"},
		{&t.key, "key_file", "the client certificate's key"},
	} {
		if f.path == "" {
			continue
		}
		_, changed, err := f.current()
		if err != nil {
			return nil, ourFault{t.site.errorf(t.below(f.key), "reading %s: %v", f.what, err)}
		}
		fresh = fresh || changed
	}
	if !fresh {
		return t.config, nil
	}
	config, err := t.build()
	t.sessions.forget()
	t.config = config
	return config, err
}

// below is the place of a key in the catalogue, below the probe.
func (t *trust) below(key string) string { return t.kind + "." + key }

// build makes a configuration of what was just read.
func (t *trust) build() (*tls.Config, error) {
	config := &tls.Config{ServerName: t.serverName, MinVersion: max(t.lowest, tls.VersionTLS10)}
	if t.lowest == 0 {
		config.MinVersion = tls.VersionTLS12
	}
	if t.roots.path != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(t.roots.content) {
			return nil, ourFault{t.site.errorf(t.below("ca_file"), "%q holds no certificate (want PEM)", t.roots.path)}
		}
	}
	if t.cert.path != "" {
		pair, err := tls.X509KeyPair(t.cert.content, t.key.content)
		if err != nil {
			return nil, ourFault{t.site.errorf(t.below("cert_file"), "reading the client certificate: %v", err)}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// tlsVersion is a version as the catalogue writes it; 0 for none.
func tlsVersion(text string) uint16 {
	return map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[text]
}

// towards is the configuration for a handshake with host, which resumes what is
// remembered of it until forget; few says that it offers few key exchanges.
func (t *trust) towards(host string) (config *tls.Config, few bool, err error) {
	if config, err = t.current(); err != nil {
		return nil, false, err
	}
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = host
	}
	return config, t.sessions.configure(config), nil
}

// forget makes the next handshake a full one, with everything verified afresh.
func (t *trust) forget() { t.sessions.forget() }

package probe

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
)

// trust is whom a probe trusts: the machine's certificate authorities, or
// those of a file, which is followed because authorities are renewed too.
type trust struct {
	site       site
	kind       string // where ca_file stands, below the probe
	serverName string // empty for the name in the address

	lowest uint16 // TLS version; 0 for TLS 1.2

	mu       sync.Mutex
	roots    source // without a path for the machine's authorities
	cert     source // our own certificate; without a path for none
	key      source
	doubtful bool // an attempt has failed: the files may be others
	config   *tls.Config
	sessions sessions // of config
	leaf     *x509.Certificate
	shown    []Certificate // the chain of leaf
}

// source is a file with what was in it when the configuration was made.
type source struct {
	path string
	*content
}

func newTrust(s site, kind, file, serverName string) *trust {
	return &trust{site: s, kind: kind, roots: source{path: file}, serverName: serverName}
}

// certify makes t prove who we are by a certificate and its key, in files.
func (t *trust) certify(cert, key string) { t.cert.path, t.key.path = cert, key }

// current is the configuration now. The error is our own fault and names the
// place in the catalogue.
func (t *trust) current() (*tls.Config, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range []struct {
		*source
		key, what string
	}{
		{&t.roots, "ca_file", "the certificate authorities"},
		{&t.cert, "cert_file", "the client certificate"},
		{&t.key, "key_file", "the client certificate's key"},
	} {
		if f.path == "" {
			continue
		}
		now, err := t.site.shared.files.current(f.path, t.doubtful)
		if err != nil {
			return nil, ourFault{t.site.errorf(t.below(f.key), "reading %s: %v", f.what, err)}
		}
		if f.content != now {
			f.content, t.config = now, nil
		}
	}
	t.doubtful = false
	if t.config != nil {
		return t.config, nil
	}
	t.sessions.forget()
	var err error
	t.config, err = t.build()
	return t.config, err
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
		if config.RootCAs = t.roots.pool(); config.RootCAs == nil {
			return nil, ourFault{t.site.errorf(t.below("ca_file"), "%q holds no certificate (want PEM)", t.roots.path)}
		}
	}
	if t.cert.path != "" {
		pair, err := tls.X509KeyPair(t.cert.text, t.key.text)
		if err != nil {
			return nil, ourFault{t.site.errorf(t.below("cert_file"), "reading the client certificate: %v", err)}
		}
		config.Certificates = []tls.Certificate{pair}
		// IIS and Apache ask for it only when they have read what is asked of
		// them. In TLS 1.3 that is another message, which crypto/tls refuses.
		config.Renegotiation = tls.RenegotiateOnceAsClient
	}
	return config, nil
}

// tlsVersion is a version as the catalogue writes it; 0 for none.
func tlsVersion(text string) uint16 {
	return map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[text]
}

// towards is the configuration for a handshake with host, which resumes what is
// remembered of it until forget; few says that it offers the cheap key exchanges
// only.
func (t *trust) towards(host string, cheap ...tls.CurveID) (config *tls.Config, few bool, err error) {
	if config, err = t.current(); err != nil {
		return nil, false, err
	}
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = host
	}
	return config, t.sessions.configure(config, cheap), nil
}

// forget makes the next handshake a full one, with everything verified and every
// file looked at afresh.
func (t *trust) forget() {
	t.mu.Lock()
	t.doubtful = true
	t.mu.Unlock()
	t.sessions.forget()
}

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

	mu       sync.Mutex
	roots    followed // without a path for the machine's authorities
	config   *tls.Config
	sessions sessions // of config
}

func newTrust(s site, kind, file, serverName string) *trust {
	return &trust{site: s, kind: kind, roots: followed{path: file}, serverName: serverName}
}

// current is the configuration now. The error is our own fault and names the
// place in the catalogue.
func (t *trust) current() (*tls.Config, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var pem []byte
	fresh := t.config == nil
	if t.roots.path != "" {
		var err error
		if pem, fresh, err = t.roots.current(); err != nil {
			return nil, ourFault{t.site.errorf(t.kind+".ca_file", "reading the certificate authorities: %v", err)}
		}
	}
	if t.config != nil && !fresh {
		return t.config, nil
	}
	config := &tls.Config{ServerName: t.serverName, MinVersion: tls.VersionTLS12}
	if pem != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			t.config = nil
			return nil, ourFault{t.site.errorf(t.kind+".ca_file", "%q holds no certificate (want PEM)", t.roots.path)}
		}
	}
	t.sessions.forget()
	t.config = config
	return config, nil
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

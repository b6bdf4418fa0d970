package probe

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"sync"
)

// trust is whom a probe trusts: the machine's certificate authorities, or
// those of a file, which is read again on every attempt because authorities
// are renewed too.
type trust struct {
	site       site
	kind       string // where ca_file stands, below the probe
	file       string // empty for the machine's authorities
	serverName string // empty for the name in the address

	mu        sync.Mutex
	pem       []byte
	config    *tls.Config
	transport *http.Transport
}

func newTrust(s site, kind, file, serverName string) *trust {
	return &trust{site: s, kind: kind, file: file, serverName: serverName}
}

// current is the configuration now, and a transport that uses it. The error is
// our own fault and names the place in the catalogue.
func (t *trust) current() (*tls.Config, *http.Transport, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var pem []byte
	if t.file != "" {
		var err error
		if pem, err = os.ReadFile(t.file); err != nil {
			return nil, nil, ourFault{t.site.errorf(t.kind+".ca_file", "reading the certificate authorities: %v", err)}
		}
	}
	if t.config != nil && bytes.Equal(pem, t.pem) {
		return t.config, t.transport, nil
	}
	config := &tls.Config{ServerName: t.serverName, MinVersion: tls.VersionTLS12}
	if t.file != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, ourFault{t.site.errorf(t.kind+".ca_file", "%q holds no certificate (want PEM)", t.file)}
		}
	}
	t.pem, t.config, t.transport = pem, config, newTransport(config)
	return t.config, t.transport, nil
}

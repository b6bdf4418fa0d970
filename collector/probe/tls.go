package probe

import (
	"cmp"
	"net"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// newTLS builds the kind tls: a verified handshake, from the start or after a
// protocol changed over.
func newTLS(s site) (Func, error) {
	spec := s.probe.TLS
	host, _, _ := net.SplitHostPort(spec.Address)
	d := &dialogue{address: spec.Address, place: "tls", secrets: s.secrets, site: s, plainFirst: spec.StartTLS != ""}
	d.keys = catalog.Encryption{CertFile: spec.CertFile, KeyFile: spec.KeyFile, MinVersion: spec.MinVersion}
	d.trust = newTrust(s, "tls", spec.CAFile, cmp.Or(spec.ServerName, host))
	c := &conversation{dialogue: d, starttls: spec.StartTLS}
	return c.run, nil
}

func tlsHost(p *catalog.Probe) string { return p.TLS.Address }

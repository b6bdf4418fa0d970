package probe

import (
	"context"
	"crypto/tls"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// newTLS builds the kind tls: a verified handshake.
func newTLS(s site) (Func, error) {
	spec := s.probe.TLS
	trust := newTrust(s, "tls", spec.CAFile, spec.ServerName)
	return func(ctx context.Context) Result { return handshake(ctx, spec.Address, trust) }, nil
}

func handshake(ctx context.Context, address string, trust *trust) Result {
	t := newTrace()
	config, err := trust.current()
	if err != nil {
		return t.fail(ctx, err)
	}
	conn, err := newDialer().DialContext(t.context(ctx), "tcp", address)
	if err != nil {
		return t.fail(ctx, err)
	}
	defer func() { _ = conn.Close() }()
	t.enter(TLS)
	secure := tls.Client(conn, config)
	err = secure.HandshakeContext(ctx)
	t.shook(secure.ConnectionState(), err)
	if err != nil {
		return t.fail(ctx, err)
	}
	return t.finish()
}

func tlsHost(p *catalog.Probe) string { return p.TLS.Address }

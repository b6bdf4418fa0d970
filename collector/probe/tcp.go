package probe

import (
	"context"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// newTCP builds the kind tcp: a connection, closed at once.
func newTCP(s site) (Func, error) {
	address := s.probe.TCP.Address
	return func(ctx context.Context) Result {
		t := newTrace()
		conn, err := newDialer().DialContext(t.context(ctx), "tcp", address)
		if err != nil {
			return t.fail(ctx, err)
		}
		_ = conn.Close()
		return t.finish()
	}, nil
}

func tcpHost(p *catalog.Probe) string { return p.TCP.Address }

package probe

import (
	"context"
	"net"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// newTCP builds the kind tcp: a connection, closed at once.
func newTCP(s site) (Func, error) {
	address := s.probe.TCP.Address
	if err := hostPort(s, "tcp.address", address); err != nil {
		return nil, err
	}
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

// hostPort checks an address; where is its place below the probe.
func hostPort(s site, where, address string) error {
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return s.errorf(where, "got %q, want host:port", address)
	}
	return nil
}

func tcpHost(p *catalog.Probe) string { return p.TCP.Address }

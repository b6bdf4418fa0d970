package probe

import (
	"context"
	"net"
	"net/netip"
)

// dialing says how addresses are resolved and connected to. The zero value is
// the machine's own way.
type dialing struct {
	dialer net.Dialer
}

func newDialing() *dialing { return &dialing{dialer: *newDialer()} }

// connect resolves address, host:port, and connects, reporting to t. An
// address without a name is not worth the hooks of package net.
func (d *dialing) connect(ctx context.Context, t *trace, address string) (net.Conn, error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return d.dialer.DialContext(t.context(ctx), "tcp", address)
	}
	t.connecting(address)
	conn, err := d.dialer.DialContext(ctx, "tcp", address)
	t.connected(address, err)
	return conn, err
}

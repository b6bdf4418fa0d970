package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// dialing says how addresses are resolved and connected to. The zero value is
// the machine's own way.
type dialing struct {
	resolver *net.Resolver
	// networks are tried one after the other.
	networks []string
}

// newDialing reads the catalogue's words for which IP version, and for whose
// answers; empty ones mean the machine's own way.
func newDialing(ip, resolver string) *dialing {
	d := &dialing{networks: []string{"tcp"}}
	switch ip {
	case "4":
		d.networks = []string{"tcp4"}
	case "6":
		d.networks = []string{"tcp6"}
	case "prefer4":
		d.networks = []string{"tcp4", "tcp6"}
	case "prefer6":
		d.networks = []string{"tcp6", "tcp4"}
	}
	d.resolver = &net.Resolver{PreferGo: resolver != "", Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if resolver != "" {
			address = resolver
		}
		conn, err := newDialer().DialContext(ctx, network, address)
		if err == nil {
			// Package net stops waiting when ctx ends, but leaves a goroutine that
			// reads for seconds from a name server that is silent.
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}}
	return d
}

// connect resolves address, host:port, and connects, reporting to t. Each
// address is shown to admit before.
func (d *dialing) connect(ctx context.Context, t *trace, address string, admit func(network, address string, c syscall.RawConn) error) (net.Conn, error) {
	dialer := newDialer()
	dialer.Control, dialer.Resolver = admit, d.resolver
	var failed error
	for i, network := range d.networks {
		conn, err := dialUntil(ctx, len(d.networks)-i, func(ctx context.Context) (net.Conn, error) {
			return dialOne(ctx, t, dialer, network, address)
		})
		if err == nil || ctx.Err() != nil {
			return conn, err
		}
		failed = d.telling(failed, err)
	}
	return nil, failed
}

// telling is which of two errors tells more: that the name has no address of the
// second choice tells little, and that we have none to connect from nothing.
func (d *dialing) telling(first, second error) error {
	if first == nil || shortage(first) != "" {
		return second
	}
	if errors.As(second, new(*net.AddrError)) || shortage(second) != "" {
		return first
	}
	return second
}

// dialUntil gives all but the last choice a share of the time.
func dialUntil(ctx context.Context, choices int, dial func(context.Context) (net.Conn, error)) (net.Conn, error) {
	share, cancel := share(ctx, choices)
	defer cancel()
	return dial(share)
}

// share is what the first of several choices gets of the time that is left.
func share(ctx context.Context, choices int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if choices == 1 || !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(choices))
}

// dialOne connects over one network. An address without a name is not worth the
// hooks of package net.
func dialOne(ctx context.Context, t *trace, dialer *net.Dialer, network, address string) (net.Conn, error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return dialer.DialContext(t.context(ctx), network, address)
	}
	t.connecting(address)
	conn, err := dialer.DialContext(ctx, network, address)
	t.connected(address, err)
	return conn, err
}

// locate resolves address, host:port, for datagrams, which nothing connects.
func (d *dialing) locate(ctx context.Context, t *trace, address string) (*net.UDPAddr, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, err
	}
	if literal, err := netip.ParseAddr(host); err == nil {
		t.connecting(address)
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(literal, uint16(number))), nil
	}
	found, err := d.lookup(ctx, t, host)
	if err != nil {
		return nil, err
	}
	remote := netip.AddrPortFrom(found.Unmap(), uint16(number))
	t.connecting(remote.String())
	return net.UDPAddrFromAddrPort(remote), nil
}

// lookup is the first address of a host in the order of the networks.
func (d *dialing) lookup(ctx context.Context, t *trace, host string) (netip.Addr, error) {
	resolver := d.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	t.enter(Resolve)
	var failed error
	for _, network := range d.networks {
		found, err := resolver.LookupNetIP(ctx, "ip"+network[len("tcp"):], host)
		if err == nil && len(found) > 0 {
			t.resolved(found)
			t.leave(Resolve, true)
			return found[0], nil
		}
		failed = err
	}
	return netip.Addr{}, failed
}

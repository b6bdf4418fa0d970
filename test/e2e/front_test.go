//go:build linux

package e2e

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a front does to the visitors of the shop's first page who come from one
// address.
type fault int

const (
	nothing  fault = iota
	refusing       // hangs up
	slow           // answers after slowness
)

const slowness = 1200 * time.Millisecond // above the threshold of a second, below the timeout

// front stands before the demo's servers and treats visitors by where they come
// from, as a firewall, a sick backend or a long way would.
type front struct {
	mu     sync.Mutex
	faults map[string]fault // by source address
}

func newFront() *front { return &front{faults: make(map[string]fault)} }

func (f *front) set(source string, what fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[source] = what
}

func (f *front) fault(visitor net.Conn) fault {
	source, _, _ := net.SplitHostPort(visitor.RemoteAddr().String())
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults[source]
}

// before is estate.Options.Front: it listens on the host until ctx ends.
func (f *front) before(ctx context.Context, host string) func(address string) (string, error) {
	return func(address string) (string, error) {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return "", err
		}
		context.AfterFunc(ctx, func() { _ = listener.Close() })
		go accept(listener, func(visitor net.Conn) { go f.serve(ctx, visitor, address) })
		return listener.Addr().String(), nil
	}
}

// accept hands connections on until the listener is closed.
func accept(listener net.Listener, serve func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		serve(conn)
	}
}

// serve hands one connection through. Every probe makes its own.
func (f *front) serve(ctx context.Context, visitor net.Conn, address string) {
	defer visitor.Close()
	defer context.AfterFunc(ctx, func() { _ = visitor.Close() })()
	first := make([]byte, 4096)
	n, err := visitor.Read(first)
	if err != nil {
		return
	}
	if bytes.HasPrefix(first, []byte("GET / ")) && !f.admit(ctx, visitor) {
		return
	}
	server, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		if _, err := server.Write(first[:n]); err == nil {
			_, _ = io.Copy(server, visitor)
		}
	}()
	_, _ = io.Copy(visitor, server)
}

// admit says whether the visitor is served, after as long as he has to wait.
func (f *front) admit(ctx context.Context, visitor net.Conn) bool {
	switch f.fault(visitor) {
	case refusing:
		return false
	case slow:
		select {
		case <-time.After(slowness):
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// listening is the address of a server that accepts and says nothing: enough
// for a location's reference.
func listening(t *testing.T, host string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go accept(listener, func(conn net.Conn) { _ = conn.Close() })
	return listener.Addr().String()
}

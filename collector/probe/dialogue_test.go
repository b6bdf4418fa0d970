package probe

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quickly is the timeout of attempts that are meant to run into it.
const quickly = 300 * time.Millisecond

// hostility tries a spec, in which ADDRESS stands for the server, on servers
// that fail in ways that every kind must bear. Hello is what a server of the
// kind says first, of its own accord; reset is what it says before it resets
// the connection.
func hostility(t *testing.T, spec, hello string, garbage ...string) {
	t.Helper()
	at := func(address string) string { return strings.ReplaceAll(spec, "ADDRESS", address) }
	silent := func(c net.Conn) { _, _ = io.WriteString(c, hello); mute(c) }
	t.Run("never answers", func(t *testing.T) {
		address := raw(t, silent)
		r := try(t, at(address), quickly)
		require.Equal(t, ReasonTimeout, r.Reason, r.Text)
		require.Contains(t, r.Text, "while waiting for the answer of "+address)
	})
	t.Run("is given up", func(t *testing.T) {
		attempt, err := build(t, at(raw(t, silent)))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan Result)
		go func() { results <- attempt(ctx) }()
		cancel()
		require.Equal(t, ReasonTimeout, (<-results).Reason)
	})
	t.Run("closes at once", func(t *testing.T) {
		r := try(t, at(raw(t, func(net.Conn) {})))
		require.Equal(t, ReasonProtocol, r.Reason, r.Text)
	})
	t.Run("resets", func(t *testing.T) {
		r := try(t, at(raw(t, func(c net.Conn) {
			_, _ = io.WriteString(c, hello)
			_, _ = c.Read(make([]byte, 4096))
			_ = c.(*net.TCPConn).SetLinger(0)
		})))
		require.Equal(t, ReasonProtocol, r.Reason, r.Text)
	})
	for _, words := range append(garbage, "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", strings.Repeat("\xff", 4096), strings.Repeat("\x00", 4096)) {
		t.Run("speaks something else", func(t *testing.T) {
			r := try(t, at(raw(t, func(c net.Conn) { _, _ = io.WriteString(c, words) })))
			require.Contains(t, []Reason{ReasonProtocol, ReasonStatus}, r.Reason, r.Text)
		})
	}
	t.Run("refuses", func(t *testing.T) {
		address := refusing(t)
		r := try(t, at(address))
		require.Equal(t, ReasonConnect, r.Reason, r.Text)
		require.Equal(t, "connecting to "+address+": connection refused", r.Text)
	})
	t.Run("does not exist", func(t *testing.T) {
		r := try(t, at("does-not-exist.invalid:1"))
		require.Contains(t, []Reason{ReasonDNS, ReasonTimeout}, r.Reason, r.Text)
	})
}

// encrypted is raw over TLS, and the file of its authority.
func encrypted(t testing.TB, end time.Time, answer func(net.Conn)) (address, ca string) {
	t.Helper()
	cert, ca := certificate(t, end)
	address = raw(t, func(c net.Conn) {
		secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		if secure.HandshakeContext(t.Context()) == nil {
			answer(secure)
		}
	})
	return address, ca
}

// until tries again and again until an attempt is as wanted, for what takes a
// real server a while.
func until(t testing.TB, spec string, wanted func(Result) bool) Result {
	t.Helper()
	end := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		r := try(t, spec)
		if wanted(r) {
			return r
		}
		select {
		case <-end:
			require.FailNow(t, "not in time", "%+v", r)
		case <-tick.C:
		}
	}
}

func succeeded(r Result) bool { return r.Outcome == Success }

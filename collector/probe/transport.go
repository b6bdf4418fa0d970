package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/idna"
)

// transport says how a probe's requests reach their servers. It holds no
// connection: each request has one of its own, which ends with its answer.
type transport struct {
	buffers *buffers
	dialing *dialing
	trust   *trust
}

// exchange makes the requests of one attempt. As an http.RoundTripper it works
// in the goroutine of its caller alone, so that nothing is left behind: no
// reader, no timer, no idle connection.
type exchange struct {
	*transport
	trace *trace
}

// under is the transport for one attempt, which reports to t.
func (tr *transport) under(t *trace) *exchange { return &exchange{transport: tr, trace: t} }

// RoundTrip implements http.RoundTripper. The answer's body must be closed:
// the connection is closed with it.
func (e *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	address, err := addressOf(req)
	if err != nil {
		return nil, err
	}
	if err := sendable(req.Header); err != nil {
		return nil, err
	}
	conn, err := e.dialing.connect(ctx, e.trace, address)
	if err != nil {
		return nil, err
	}
	wire := guard(ctx, conn)
	resp, err := e.over(wire, req)
	if err != nil {
		wire.close()
		return nil, wire.cause(err)
	}
	return resp, nil
}

// over makes the request over a connection that stands.
func (e *exchange) over(wire *wire, req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "http" {
		return e.http1(wire, wire.Conn, req)
	}
	secure, err := e.shake(req.Context(), wire.Conn, req.URL.Hostname())
	if err != nil {
		return nil, err
	}
	state := secure.ConnectionState()
	ask := e.http1
	if state.NegotiatedProtocol == "h2" {
		ask = e.http2
	}
	resp, err := ask(wire, secure, req)
	if err == nil {
		resp.TLS = &state
	}
	return resp, err
}

// shake makes the TLS handshake with host. The guard of the wire ends it with ctx,
// which costs less than the goroutine that package tls would watch ctx with.
func (e *exchange) shake(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
	config, few, err := e.trust.towards(host)
	if err != nil {
		return nil, err
	}
	config.NextProtos = []string{"h2", "http/1.1"}
	e.trace.enter(TLS)
	secure := tls.Client(conn, config)
	err = secure.HandshakeContext(context.WithoutCancel(ctx))
	e.trace.shook(secure.ConnectionState(), err)
	if err != nil && few {
		e.trust.sessions.refused()
	}
	return secure, err
}

// addressOf is the host:port that a request goes to. Names of other alphabets
// are asked for as DNS knows them.
func addressOf(req *http.Request) (string, error) {
	u := req.URL
	port := u.Port()
	switch {
	case u.Scheme == "https" && port == "":
		port = "443"
	case u.Scheme == "http" && port == "":
		port = "80"
	case u.Scheme != "http" && u.Scheme != "https":
		return "", misfitf(ReasonProtocol, "the address %s is neither http nor https", quote(place(u)))
	}
	host := u.Hostname()
	for _, c := range []byte(host) {
		if c >= 0x80 {
			name, err := idna.Lookup.ToASCII(host)
			if err != nil {
				return "", misfitf(ReasonDNS, "the name %s cannot be looked up: %v", quote(host), err)
			}
			host = name
			break
		}
	}
	return net.JoinHostPort(host, port), nil
}

// sendable wants headers that cannot be mistaken for anything else.
func sendable(header http.Header) error {
	for name, values := range header {
		for _, value := range values {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				return ourFault{fmt.Errorf("the header %s cannot be sent: it holds a control character", quote(name))}
			}
		}
	}
	return nil
}

// wire is a connection that ends with its attempt's context.
type wire struct {
	net.Conn
	ctx  context.Context //nolint:containedctx // lives as long as one request
	stop func() bool
}

// guard interrupts everything that waits for conn when ctx ends.
func guard(ctx context.Context, conn net.Conn) *wire {
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return &wire{Conn: conn, ctx: ctx, stop: stop}
}

func (w *wire) close() {
	w.stop()
	_ = w.Conn.Close()
}

// cause is the context's error where that is why err happened.
func (w *wire) cause(err error) error {
	var timeout net.Error
	if w.ctx.Err() != nil && errors.As(err, &timeout) && timeout.Timeout() {
		return context.Cause(w.ctx)
	}
	return err
}

// body is an answer's body, which ends the connection when it is closed. Close
// reads nothing more.
type body struct {
	io.Reader
	end func()
}

// Close ends the connection; only the first call does anything.
func (b *body) Close() error {
	if b.end != nil {
		b.end()
		b.end = nil
	}
	return nil
}

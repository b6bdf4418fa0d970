package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
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
	proxy   *gateway // nil for none
	version string   // of HTTP, as the catalogue writes it; empty for what is negotiated
}

// exchange makes the requests of one attempt. As an http.RoundTripper it works
// in the goroutine of its caller alone, so that nothing is left behind: no
// reader, no timer, no idle connection.
type exchange struct {
	*transport
	trace *trace
	home  realm // where the target's own address is
	sent  bool  // the next request is one that we are redirected to
}

// under is the transport for one attempt, which reports to t.
func (tr *transport) under(t *trace) *exchange { return &exchange{transport: tr, trace: t} }

// RoundTrip implements http.RoundTripper. The answer's body must be closed:
// the connection is closed with it.
func (e *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	address, err := addressOf(req)
	if err != nil {
		return nil, err
	}
	if err := sendable(req.Header); err != nil {
		return nil, err
	}
	if e.version == "3" && req.URL.Scheme == "https" {
		return e.http3(req, address)
	}
	return e.byTCP(req, address)
}

// byTCP makes the request once more where the server did not like the few key
// exchanges of the first time; nothing of the request was sent then.
func (e *exchange) byTCP(req *http.Request, address string) (*http.Response, error) {
	resp, err := e.once(req, address, tls.CurveP256, tls.CurveP384, tls.CurveP521)
	if disliked, ok := errors.AsType[fewRefused](err); ok {
		resp, err = e.once(req, address)
		if err != nil {
			return nil, disliked.error
		}
		e.trust.sessions.refused()
	}
	return resp, err
}

// fewRefused is the server's refusal of a handshake that offered few key
// exchanges, whatever the reason was.
type fewRefused struct{ error }

// Unwrap is the refusal itself.
func (f fewRefused) Unwrap() error { return f.error }

// once makes the request over a connection of its own, with these key exchanges
// where a session is resumed.
func (e *exchange) once(req *http.Request, address string, cheap ...tls.CurveID) (*http.Response, error) {
	ctx := req.Context()
	next := address
	if e.proxy != nil {
		next = e.proxy.address()
		if err := e.admit("", address, nil); err != nil { // of a name the proxy alone knows the address
			return nil, err
		}
	}
	conn, err := e.dialing.connect(ctx, e.trace, next, e.control())
	if err != nil {
		return nil, err
	}
	wire := guard(ctx, conn)
	resp, err := e.over(wire, req, address, cheap)
	if err != nil {
		wire.close()
		return nil, wire.cause(err)
	}
	return resp, nil
}

// control looks at each address before it is connected to. A proxy's is the
// catalogue's own choice.
func (e *exchange) control() func(network, address string, c syscall.RawConn) error {
	if e.proxy != nil {
		return nil
	}
	return e.admit
}

// over makes the request over a connection that stands.
func (e *exchange) over(wire *wire, req *http.Request, address string, cheap []tls.CurveID) (*http.Response, error) {
	ctx, conn := req.Context(), wire.Conn
	if e.proxy != nil {
		var err error
		if req, conn, err = e.byProxy(ctx, wire, req, address); err != nil {
			return nil, err
		}
	}
	if req.URL.Scheme == "http" {
		if e.version == "2" {
			return e.http2(wire, conn, req)
		}
		return e.http1(wire, conn, req)
	}
	secure, err := e.shake(ctx, wire.cork(conn, e.buffers), req.URL.Hostname(), cheap)
	if err != nil {
		return nil, err
	}
	state := secure.ConnectionState()
	var resp *http.Response
	switch {
	case state.NegotiatedProtocol == "h2":
		resp, err = e.http2(wire, secure, req)
	case e.version == "2":
		err = misfitf(ReasonProtocol, "the server does not offer HTTP/2, want version: 2")
	default:
		resp, err = e.http1(wire, secure, req)
	}
	if err == nil {
		resp.TLS = &state
	}
	return resp, err
}

// byProxy readies the way through the proxy, to which the wire leads. An
// unencrypted request is the proxy's to make; otherwise there is a connection
// to the target behind it.
func (e *exchange) byProxy(ctx context.Context, wire *wire, req *http.Request, address string) (*http.Request, net.Conn, error) {
	conn := wire.Conn
	if e.proxy.url.Scheme == "https" {
		secure, err := e.greet(ctx, conn)
		if err != nil {
			return nil, nil, fmt.Errorf("the proxy %s: %w", e.proxy.address(), err)
		}
		conn = secure
	}
	if req.URL.Scheme == "http" && e.proxy.url.Scheme != "socks5" && e.version != "2" {
		own := *req
		own.Header = req.Header.Clone()
		return &own, conn, e.proxy.introduce(own.Header)
	}
	conn, err := e.proxy.through(ctx, e, conn, address)
	wire.renew()
	return req, conn, err
}

// greet makes the TLS handshake with the proxy.
func (e *exchange) greet(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config, err := e.trust.current()
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.ServerName, config.Certificates = e.proxy.url.Hostname(), nil
	secure := tls.Client(conn, config)
	return secure, secure.HandshakeContext(context.WithoutCancel(ctx))
}

// shake makes the TLS handshake with host. The wire's guard ends it with ctx,
// which costs less than the goroutine that package tls would watch ctx with.
func (e *exchange) shake(ctx context.Context, conn *corked, host string, cheap []tls.CurveID) (*tls.Conn, error) {
	config, few, err := e.trust.towards(host, cheap...)
	if err != nil {
		return nil, err
	}
	config.NextProtos = e.offers()
	e.trace.enter(TLS)
	secure := tls.Client(conn, config)
	if err = secure.HandshakeContext(context.WithoutCancel(ctx)); err != nil {
		_ = conn.flush() // the alert that says why
	}
	state := secure.ConnectionState()
	e.trace.shook(state, err)
	e.trace.shows(e.trust.describe(state.PeerCertificates))
	if alert, ok := errors.AsType[*net.OpError](err); ok && few && alert.Op == "remote error" {
		return nil, fewRefused{err}
	}
	return secure, err
}

// offers are the protocols to choose from in the TLS handshake.
func (e *exchange) offers() []string {
	switch e.version {
	case "1.1":
		return []string{"http/1.1"}
	case "2":
		return []string{"h2"}
	}
	return []string{"h2", "http/1.1"}
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

	corked  *corked // nil for none
	buffers *buffers
}

// guard interrupts everything that waits for conn when ctx ends.
func guard(ctx context.Context, conn net.Conn) *wire {
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return &wire{Conn: conn, ctx: ctx, stop: stop}
}

// renew sets the deadline anew, which package socks takes away.
func (w *wire) renew() {
	if deadline, ok := w.ctx.Deadline(); ok {
		_ = w.SetDeadline(deadline)
	}
	if w.ctx.Err() != nil {
		_ = w.SetDeadline(time.Unix(1, 0))
	}
}

// cork holds back what is written to conn, which is the wire or leads over it.
func (w *wire) cork(conn net.Conn, b *buffers) *corked {
	w.corked, w.buffers = &corked{Conn: conn, out: b.writer(conn)}, b
	return w.corked
}

func (w *wire) close() {
	w.stop()
	_ = w.Conn.Close()
	if w.corked != nil {
		_ = w.buffers.flush(w.corked.out, net.ErrClosed)
	}
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

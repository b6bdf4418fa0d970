package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// http3 makes a request by HTTP/3 over a QUIC connection and a socket of its
// own, which end with the answer's body. Nothing of the request is sent ahead
// of the handshake (0-RTT): anybody could repeat it.
func (e *exchange) http3(req *http.Request, address string) (*http.Response, error) {
	ctx := req.Context()
	config, few, err := e.trust.towards(req.URL.Hostname(), tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521)
	if err != nil {
		return nil, err
	}
	config.MinVersion, config.NextProtos = tls.VersionTLS13, []string{http3.NextProtoH3}
	remote, err := e.dialing.locate(ctx, e.trace, address)
	if err != nil {
		return nil, err
	}
	if err := e.admit("udp", remote.String(), nil); err != nil {
		return nil, err
	}
	conn, end, err := e.shake3(ctx, remote, config)
	if err != nil {
		if few {
			e.trust.sessions.refused()
		}
		return nil, err
	}
	resp, err := e.byQUIC(ctx, conn, req)
	if err != nil {
		end()
		return nil, refusedBy(remote.String(), err)
	}
	resp.Body = &body{Reader: &late3{ctx, resp.Body}, end: end}
	return resp, nil
}

// shake3 connects, which is one with the TLS handshake. The caller ends it.
func (e *exchange) shake3(ctx context.Context, remote *net.UDPAddr, config *tls.Config) (*quic.Conn, func(), error) {
	e.trace.enter(TLS)
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, nil, err
	}
	tellErrors(socket)
	under := &quic.Transport{Conn: socket}
	conn, err := under.Dial(ctx, remote, config, boundedQUIC(ctx))
	if err != nil {
		e.trace.shook(tls.ConnectionState{}, err)
		_ = under.Close()
		_ = socket.Close()
		return nil, nil, e.unshaken(ctx, remote.String(), err)
	}
	state := conn.ConnectionState().TLS
	e.trace.shook(state, nil)
	e.trace.shows(e.trust.describe(state.PeerCertificates))
	return conn, func() {
		_ = conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
		_ = under.Close()
		_ = socket.Close()
	}, nil
}

// boundedQUIC bounds what a hostile server makes us keep, and leaves it to ctx
// how long a silent one is waited for. How large packets may be on the way is
// not worth finding out for one request.
func boundedQUIC(ctx context.Context) *quic.Config {
	const most, oneWay = 1 << 20, 8
	patience := time.Hour
	if deadline, ok := ctx.Deadline(); ok {
		patience = time.Until(deadline) + time.Second
	}
	return &quic.Config{
		HandshakeIdleTimeout: patience, MaxIdleTimeout: patience, KeepAlivePeriod: 10 * time.Second,
		MaxStreamReceiveWindow: most, MaxConnectionReceiveWindow: most,
		MaxIncomingStreams: -1, MaxIncomingUniStreams: oneWay,
		DisablePathMTUDiscovery: true,
	}
}

// unshaken says why there is no connection.
func (e *exchange) unshaken(ctx context.Context, address string, err error) error {
	if ctx.Err() != nil {
		return misfitf(ReasonTimeout, "%s by QUIC, over UDP", e.trace.timeoutText(ctx, TLS, address))
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return &net.OpError{Op: "dial", Err: number}
	}
	return refusedBy(address, err)
}

// refusedBy gives an alert of the server's its meaning, which may come after
// our part of the handshake.
func refusedBy(address string, err error) error {
	alert, ok := errors.AsType[*quic.TransportError](err)
	if !ok || !alert.Remote || !alert.ErrorCode.IsCryptoError() {
		return err
	}
	return misfitf(ReasonTLS, "handshake with %s: the server refuses: %s", address, alert.ErrorCode.Message())
}

// byQUIC makes the request over a connection that stands.
func (e *exchange) byQUIC(ctx context.Context, conn *quic.Conn, req *http.Request) (*http.Response, error) {
	e.trace.enter(FirstByte)
	client := (&http3.Transport{MaxResponseHeaderBytes: maxHeaderBytes, DisableCompression: true}).NewClientConn(conn)
	resp, err := client.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	e.trace.answered()
	state := conn.ConnectionState().TLS
	resp.TLS = &state
	return resp, nil
}

// late3 says that the time was up, where QUIC only says that it was canceled.
type late3 struct {
	ctx context.Context //nolint:containedctx // lives as long as one answer
	io.Reader
}

// Read implements io.Reader.
func (l *late3) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if err != nil && err != io.EOF && l.ctx.Err() != nil { //nolint:errorlint // an io.Reader's own EOF
		err = context.Cause(l.ctx)
	}
	return n, err
}

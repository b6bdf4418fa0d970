package probe

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// http3 makes a request by HTTP/3 over a QUIC connection and a socket of its
// own, which end with the answer's body.
func (e *exchange) http3(req *http.Request, address string) (*http.Response, error) {
	ctx := req.Context()
	config, _, err := e.trust.towards(req.URL.Hostname())
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
	e.trace.enter(TLS)
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	under := &quic.Transport{Conn: socket}
	end := func() { _ = under.Close(); _ = socket.Close() }
	conn, err := under.Dial(ctx, remote, config, &quic.Config{})
	if err != nil {
		e.trace.shook(tls.ConnectionState{}, err)
		end()
		return nil, err
	}
	state := conn.ConnectionState().TLS
	e.trace.shook(state, nil)
	resp, err := e.byQUIC(ctx, conn, req)
	if err != nil {
		_ = conn.CloseWithError(0, "")
		end()
		return nil, err
	}
	resp.TLS = &state
	resp.Body = &body{Reader: &late3{ctx, resp.Body}, end: func() {
		_ = conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
		end()
	}}
	return resp, nil
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

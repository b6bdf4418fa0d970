package probe

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/coder/websocket"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxMessage bounds one message that is read.
const maxMessage = 1 << 20

// socketProbe is what stays the same from attempt to attempt.
type socketProbe struct {
	*dialogue
	spec *catalog.WebSocketProbe
}

// newWebSocket builds the kind websocket (RFC 6455).
func newWebSocket(s site) (Func, error) {
	spec := s.probe.WebSocket
	w := &socketProbe{dialogue: newDialogue(s, "websocket", webSocketAddress(spec.URL), spec.TLS), spec: spec}
	headers(spec.Headers).conceal(s.secrets)
	return func(ctx context.Context) Result { return w.run(ctx, w.talk) }, nil
}

func (w *socketProbe) talk(ctx context.Context, l *line) error {
	transport := over(l)
	defer transport.CloseIdleConnections()
	header, err := w.header()
	if err != nil {
		return err
	}
	options := &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport, CheckRedirect: stay}, HTTPHeader: header}
	if w.spec.Subprotocol != "" {
		options.Subprotocols = []string{w.spec.Subprotocol}
	}
	conn, resp, err := websocket.Dial(ctx, w.spec.URL, options)
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			return misfitf(ReasonStatus, "the upgrade to a WebSocket: status %d, want 101", resp.StatusCode)
		}
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(maxMessage)
	if w.spec.Subprotocol != "" && conn.Subprotocol() != w.spec.Subprotocol {
		return misfitf(ReasonStatus, "the server speaks the subprotocol %s, want %s", quote(conn.Subprotocol()), quote(w.spec.Subprotocol))
	}
	return w.exchange(ctx, l, conn)
}

func (w *socketProbe) header() (http.Header, error) {
	req := &http.Request{Header: make(http.Header)}
	if err := headers(w.spec.Headers).set(req, w.secrets, unchanged); err != nil {
		return nil, err
	}
	return req.Header, nil
}

// exchange sends and expects, or else sends a ping.
func (w *socketProbe) exchange(ctx context.Context, l *line, conn *websocket.Conn) error {
	if w.spec.Send != nil {
		text, err := w.secrets.read(*w.spec.Send)
		if err != nil {
			return ourFault{err}
		}
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return err
		}
	}
	step := &catalog.Exchange{Expect: w.spec.Expect, ExpectRegexp: w.spec.ExpectRegexp}
	find, want := expected(step)
	if find == nil {
		return conn.Ping(conn.CloseRead(ctx))
	}
	return w.await(ctx, l, conn, find, want)
}

// await reads messages until one has what is expected. What came instead tells
// more than that the time was up.
func (w *socketProbe) await(ctx context.Context, l *line, conn *websocket.Conn, find func([]byte) int, want string) error {
	last := ""
	for i := range maxReply {
		_, message, err := conn.Read(ctx)
		switch {
		case err != nil && ctx.Err() != nil && i > 0:
			return misfitf(ReasonTimeout, "%s; no message with %s, the last of %d is %s", l.trace.timeoutText(ctx, FirstByte, w.address), want, i, last)
		case err != nil:
			return err
		case find(message) >= 0:
			return nil
		}
		last = quote(w.secrets.redact(string(message)))
	}
	return misfitf(ReasonBody, "none of %d messages has %s, the last is %s", maxReply, want, last)
}

// webSocketAddress is host:port of a URL.
func webSocketAddress(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = strconv.Itoa(map[bool]int{true: 443, false: 80}[strings.EqualFold(u.Scheme, "wss")])
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func webSocketHost(p *catalog.Probe) string { return webSocketAddress(p.WebSocket.URL) }

package probe

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/net/proxy"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// gateway is the proxy that a probe's requests go through.
type gateway struct {
	url     *url.URL
	spec    *catalog.Proxy
	secrets *secrets
}

// newProxy is the proxy of the catalogue, or nil for none.
func newProxy(s site, spec *catalog.Proxy) *gateway {
	if spec == nil {
		return nil
	}
	u, err := url.Parse(spec.URL)
	if err != nil {
		u = new(url.URL) // the catalogue was checked
	}
	return &gateway{url: u, spec: spec, secrets: s.secrets}
}

// address is the proxy's host:port.
func (g *gateway) address() string {
	port := g.url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[g.url.Scheme]
	}
	return net.JoinHostPort(g.url.Hostname(), port)
}

// password is the proxy's password now, or nothing.
func (g *gateway) password() (string, error) {
	if g.spec.Password == nil {
		return "", nil
	}
	password, err := g.secrets.read(catalog.Text{File: g.spec.Password})
	if err != nil {
		return "", ourFault{err}
	}
	return password, nil
}

// authorization is the header that proves to the proxy who is asking, or
// nothing.
func (g *gateway) authorization() (string, error) {
	password, err := g.password()
	if g.spec.User == "" || err != nil {
		return "", err
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(g.spec.User+":"+password)), nil
}

// through asks the proxy, to which conn leads, for a connection to address.
func (g *gateway) through(ctx context.Context, e *exchange, conn net.Conn, address string) (net.Conn, error) {
	if g.url.Scheme == "socks5" {
		return g.socks(ctx, conn, address)
	}
	header := make(http.Header)
	if err := g.introduce(header); err != nil {
		return nil, err
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: header}
	req.Header.Set("User-Agent", userAgent())
	w := e.buffers.writer(conn)
	if err := e.buffers.flush(w, req.Write(w)); err != nil {
		return nil, err
	}
	r := e.buffers.reader(&headerLimit{from: conn, left: maxHeaderBytes})
	defer e.buffers.release(r)
	resp, err := http.ReadResponse(r, req)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, misfitf(ReasonConnect, "the proxy %s refused: status %d", g.address(), resp.StatusCode)
	case r.Buffered() > 0:
		return nil, misfitf(ReasonProtocol, "the proxy %s speaks before it is spoken to", g.address())
	}
	return conn, nil
}

// introduce adds the proof of who is asking, if there is any.
func (g *gateway) introduce(header http.Header) error {
	value, err := g.authorization()
	if err == nil && value != "" {
		header.Set("Proxy-Authorization", value)
	}
	return err
}

func (g *gateway) socks(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	password, err := g.password()
	if err != nil {
		return nil, err
	}
	var login *proxy.Auth
	if g.spec.User != "" {
		login = &proxy.Auth{User: g.spec.User, Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", g.address(), login, already{conn})
	if err != nil {
		return nil, ourFault{err}
	}
	_, err = dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", address)
	if err != nil && ctx.Err() == nil && !late(err) {
		return nil, misfitf(ReasonConnect, "the proxy %s refused: %v", g.address(), unwrapped(err))
	}
	return conn, err
}

// unwrapped is the innermost error of the operation of a network.
func unwrapped(err error) error {
	if op, ok := err.(*net.OpError); ok { //nolint:errorlint // only its own wrapping is taken off
		return op.Err
	}
	return err
}

// already is a connection that stands, as a dialer.
type already struct{ net.Conn }

// Dial implements proxy.Dialer.
func (a already) Dial(string, string) (net.Conn, error) { return a.Conn, nil }

// DialContext implements proxy.ContextDialer.
func (a already) DialContext(context.Context, string, string) (net.Conn, error) { return a.Conn, nil }

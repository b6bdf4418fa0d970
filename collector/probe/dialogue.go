package probe

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxHeard bounds what one attempt reads of a server that speaks a protocol of
// its own, in all.
const maxHeard = 4 << 20

// ourName is how we introduce ourselves where a protocol lets us.
const ourName = "tocsin"

// dialogue is what stays the same from attempt to attempt of a kind that speaks
// a protocol of its own over a connection.
type dialogue struct {
	network string // tcp by default
	address string
	trust   *trust // nil without TLS
	place   string // of the TLS settings, below the probe
	keys    catalog.Encryption
	secrets *secrets
	site    site
	// protocols are offered in the TLS handshake (ALPN), if any.
	protocols []string
	// home is the realm of the server that named the address; empty where the
	// catalogue did.
	home realm
	// plainFirst says that the protocol itself changes over to TLS.
	plainFirst bool
}

// newDialogue is for a kind of that name; e is nil without TLS. A kind with
// several addresses goes towards each.
func newDialogue(s site, kind, address string, e *catalog.Encryption) *dialogue {
	d := &dialogue{address: address, place: kind + ".tls", secrets: s.secrets, site: s}
	if e != nil {
		host, _, _ := net.SplitHostPort(address)
		d.keys = *e
		d.trust = newTrust(s, d.place, e.CAFile, cmp.Or(e.ServerName, host))
	}
	return d
}

// line is one connection, on which both sides speak in turn.
type line struct {
	conn  net.Conn
	in    *bufio.Reader
	tls   *tls.Config // nil without TLS
	trace *trace
	heard *bounded // below TLS
	// blocks says that a reply refuses us, whatever we ask; nil for never.
	blocks func(code, text string) bool
	*findings
}

// findings are the numbers that an attempt found besides the time.
type findings struct{ measures []Measured }

// run makes one attempt over one connection.
func (d *dialogue) run(ctx context.Context, talk func(context.Context, *line) error) Result {
	return attempt(ctx, func(t *trace, f *findings) error { return d.visit(ctx, t, f, talk) })
}

// attempt is the result of what was asked.
func attempt(ctx context.Context, ask func(*trace, *findings) error) Result {
	t, f := newTrace(), new(findings)
	err := ask(t, f)
	t.leave(FirstByte, err == nil)
	r := t.finish()
	if err != nil {
		r = t.fail(ctx, err)
	}
	r.Measures = f.measures
	return r
}

// visit connects, and closes when talk returns or ctx ends.
func (d *dialogue) visit(ctx context.Context, t *trace, f *findings, talk func(context.Context, *line) error) error {
	l, err := d.open(ctx, t)
	if err != nil {
		return err
	}
	l.findings = f
	socket := l.conn
	defer func() { _ = socket.Close() }()
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })()
	t.enter(FirstByte)
	return talk(ctx, l)
}

// towards is d for another address. Home is the realm of the server that named
// it; empty where the catalogue did.
func (d *dialogue) towards(address string, home realm) *dialogue {
	other := *d
	other.address, other.home = address, home
	return &other
}

// admit is called with each address before it is connected to: a public server
// cannot make us ask what only we can reach.
func (d *dialogue) admit(_, address string, _ syscall.RawConn) error {
	to, known := realmOf(address)
	if known && d.home != "" && strays(to, d.home) {
		return misfitf(ReasonProtocol, "the server sends us to %s, a %s address, from a %s one", address, to, d.home)
	}
	return nil
}

// open connects, and shakes hands unless the protocol does it later.
func (d *dialogue) open(ctx context.Context, t *trace) (*line, error) {
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	dialer := newDialer()
	dialer.Control = d.admit
	conn, err := dialer.DialContext(t.context(ctx), cmp.Or(d.network, "tcp"), d.address)
	if said, ok := errors.AsType[*misfit](err); ok {
		return nil, said
	}
	if err != nil {
		return nil, err
	}
	if config != nil && config.ServerName == "" {
		host, _, _ := net.SplitHostPort(d.address)
		config = named(config, host)
	}
	l := &line{trace: t, tls: config, heard: &bounded{Conn: conn, left: maxHeard}}
	l.use(l.heard)
	if config != nil && !d.plainFirst {
		err = l.secure(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

// config is the TLS configuration now, or nil for none.
func (d *dialogue) config() (*tls.Config, error) {
	if d.trust == nil {
		return nil, nil
	}
	config, err := d.trust.current()
	if err != nil || d.keys.CertFile == "" && d.keys.MinVersion == "" && d.protocols == nil {
		return config, err
	}
	config = config.Clone()
	config.NextProtos = d.protocols
	config.MinVersion = oldest(d.keys.MinVersion)
	if d.keys.CertFile == "" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(d.keys.CertFile, d.keys.KeyFile)
	if err != nil {
		return nil, ourFault{d.site.errorf(d.place+".cert_file", "reading the client certificate: %v", err)}
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// oldest is a version as package tls has it; 1.2 by default.
func oldest(v catalog.TLSVersion) uint16 {
	switch v {
	case catalog.TLS10:
		return tls.VersionTLS10
	case catalog.TLS11:
		return tls.VersionTLS11
	case catalog.TLS13:
		return tls.VersionTLS13
	}
	return tls.VersionTLS12
}

// noting is a configuration for a library that shakes hands by itself: t sees
// the certificates, and when the handshake ends.
func noting(config *tls.Config, t *trace) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.VerifyConnection = func(state tls.ConnectionState) error {
		t.shook(state, nil)
		t.enter(FirstByte)
		return nil
	}
	return config
}

// password reads a secret, or nothing where there is none.
func (d *dialogue) password(secret *catalog.Secret) (string, error) {
	if secret == nil {
		return "", nil
	}
	password, err := d.secrets.read(catalog.Text{File: secret})
	if err != nil {
		return "", ourFault{err}
	}
	return password, nil
}

// said is the failure of an attempt that the server refused, in its own words.
func (d *dialogue) said(what, words string) error {
	return misfitf(ReasonStatus, "%s: the server says %s", what, quote(d.secrets.redact(words)))
}

// use makes conn what is spoken over from now on.
func (l *line) use(conn net.Conn) { l.conn, l.in = conn, bufio.NewReader(conn) }

// secure changes over to TLS. What was read ahead in the clear is an attack.
func (l *line) secure(ctx context.Context) error {
	if l.in.Buffered() > 0 {
		return misfitf(ReasonTLS, "the server sent %d bytes in the clear after it agreed on TLS", l.in.Buffered())
	}
	l.trace.enter(TLS)
	secure := tls.Client(l.conn, l.tls)
	err := secure.HandshakeContext(ctx)
	l.trace.shook(secure.ConnectionState(), err)
	if err != nil {
		return err
	}
	l.use(secure)
	return nil
}

// read is the next n bytes. What a frame announces is not believed: more than
// limit is refused, and less is allocated as it comes.
func (l *line) read(n, limit int) ([]byte, error) {
	if n < 0 || n > limit {
		return nil, misfitf(ReasonProtocol, "the server announces a message of %d bytes, want at most %d", n, limit)
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(l.in, frame)
	return frame, err
}

// readLine is the next line without its end, of at most limit bytes.
func (l *line) readLine(limit int) (string, error) {
	var text []byte
	for {
		part, err := l.in.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > limit:
			return "", misfitf(ReasonProtocol, "the server sends a line of over %d bytes", limit)
		case err == nil:
			return strings.TrimRight(string(text), "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// cause is what the connection itself met, where a library does not say it.
func (l *line) cause(err error) error {
	l.heard.mu.Lock()
	defer l.heard.mu.Unlock()
	return cmp.Or(l.heard.err, err)
}

// measure notes a number besides the time.
func (f *findings) measure(m Measure, value float64) {
	f.measures = append(f.measures, Measured{m, value})
}

// judge exports and compares a value that was read.
func (f *findings) judge(what, found string, want catalog.Comparison) error {
	measures, err := judgeValue(what, found, want)
	f.measures = append(f.measures, measures...)
	return err
}

// bounded is a connection of which at most so much is read. Libraries read it
// in a goroutine of their own.
type bounded struct {
	net.Conn
	left int

	mu  sync.Mutex
	err error // of the first read that came to nothing
}

// Read reads from the connection until too much has come.
func (b *bounded) Read(p []byte) (n int, err error) {
	if b.left <= 0 {
		err = misfitf(ReasonProtocol, "the server sent more than %d bytes", maxHeard)
	} else {
		n, err = b.Conn.Read(p[:min(len(p), b.left)])
		b.left -= n
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = cmp.Or(b.err, err)
	return n, err
}

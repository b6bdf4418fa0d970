package notify_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo is what a hostile server gives back wherever it can: our secrets, the
// person's addresses, and bytes that would rewrite a terminal.
const echo = secret + " " + address + " " + mailbox + " " + dialled + " " + pushoverUser + " \x1b[31m\u202e"

// listener answers every connection by a function until the test's end.
type listener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func listen(t *testing.T, serve func(net.Conn)) *listener {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &listener{Listener: socket}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			l.mu.Lock()
			l.conns = append(l.conns, conn)
			l.mu.Unlock()
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = socket.Close()
		l.mu.Lock()
		for _, conn := range l.conns {
			_ = conn.Close()
		}
		l.mu.Unlock()
		serving.Wait()
	})
	return l
}

// met is how many connections there were.
func (l *listener) met() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.conns) }

func (l *listener) url() string { return "http://" + l.Addr().String() }

// answering reads one request after the other, wholly, and answers each by a
// function; it ends the connection when that is false.
func answering(answer func(net.Conn, *http.Request) bool) func(net.Conn) {
	return func(conn net.Conn) {
		from := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(from)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil || !answer(conn, r) {
				return
			}
		}
	}
}

// says answers every request with the same bytes.
func says(text string) func(net.Conn) {
	return answering(func(conn net.Conn, _ *http.Request) bool {
		_, err := io.WriteString(conn, text)
		return err == nil
	})
}

// page is a whole answer.
func page(status int, headers, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s", status, strings.NewReplacer("\x1b", "?").Replace(echo), headers, len(body), body)
}

// endless writes a start and then the same for as long as it is taken, and notes
// how much that was.
func endless(start, more string, taken func(int)) func(net.Conn) {
	return answering(func(conn net.Conn, _ *http.Request) bool {
		_ = conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
		total, err := io.WriteString(conn, start)
		block := strings.Repeat(more, 1+(32<<10)/len(more))
		for n := 0; err == nil && total < 256<<20; total += n {
			n, err = io.WriteString(conn, block)
		}
		taken(total)
		return false
	})
}

// authority makes certificates.
type authority struct {
	t     *testing.T
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
	roots *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, roots: x509.NewCertPool()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: echo}, IsCA: true, BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	var der []byte
	der, a.key = a.sign(template, template, nil)
	var err error
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.roots.AddCert(a.cert)
	return a
}

func (a *authority) sign(template, parent *x509.Certificate, by *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	require.NoError(a.t, err)
	return der, key
}

// server is the TLS of one with a certificate for a name until a time.
func (a *authority) server(name string, until time.Time) *tls.Config {
	a.t.Helper()
	der, key := a.sign(&x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: until.Add(-2 * time.Hour), NotAfter: until}, a.cert, a.key)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

// piped hands a connection on to an address.
func piped(conn net.Conn, address string) {
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, conn)
		_ = to.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(conn, to)
}

// inTLS hands every connection on to an address, without its TLS.
func inTLS(config *tls.Config, address string) func(net.Conn) {
	return func(conn net.Conn) {
		secure := tls.Server(conn, config)
		if secure.Handshake() == nil {
			piped(secure, address)
		}
	}
}

// through is a proxy that takes every connection to one address, whichever was
// asked for, if the login is right.
func through(address, login string, asked func(target string)) func(net.Conn) {
	return func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		asked(r.Method + " " + r.Host)
		if user, password, _ := proxyLogin(r); user+":"+password != login {
			_, _ = io.WriteString(conn, "HTTP/1.1 407 "+strings.ReplaceAll(echo, "\x1b", "?")+"\r\nProxy-Authenticate: Basic\r\n\r\n")
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err == nil {
			piped(conn, address)
		}
	}
}

func proxyLogin(r *http.Request) (user, password string, ok bool) {
	r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
	return r.BasicAuth()
}

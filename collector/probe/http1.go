package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// maxInformational bounds the 1xx answers before the real one.
const maxInformational = 8

// http1 makes a request by HTTP/1.1 over conn, which is the wire or speaks TLS over
// it.
func (e *exchange) http1(wire *wire, conn net.Conn, req *http.Request) (*http.Response, error) {
	e.trace.enter(FirstByte)
	w := e.buffers.writer(conn)
	write := req.Write
	if e.proxy != nil && e.proxy.url.Scheme != "socks5" && req.URL.Scheme == "http" {
		write = req.WriteProxy
	}
	wrote := e.buffers.flush(w, write(w))
	limit := &headerLimit{from: conn, left: maxHeaderBytes}
	r := e.buffers.reader(limit)
	resp, err := e.head(r, req)
	if err != nil {
		e.buffers.release(r)
		if wrote != nil {
			return nil, wrote
		}
		return nil, err
	}
	limit.left = -1
	resp.Body = &body{Reader: resp.Body, end: func() { wire.close(); e.buffers.release(r) }}
	return resp, nil
}

// head reads an answer up to its body. What a server says before it has read
// the whole request counts too.
func (e *exchange) head(r *bufio.Reader, req *http.Request) (*http.Response, error) {
	if _, err := r.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			err = errSilent
		}
		return nil, err
	}
	e.trace.answered()
	for range maxInformational {
		resp, err := http.ReadResponse(r, req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode >= http.StatusOK || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
	return nil, fmt.Errorf("more than %d answers that only announce another", maxInformational)
}

// errSilent is an EOF where an answer should begin.
var errSilent = errors.New("the connection was closed without an answer")

// headerLimit bounds what is read until the headers are complete.
type headerLimit struct {
	from io.Reader
	left int // negative for no limit
}

// Read implements io.Reader.
func (l *headerLimit) Read(p []byte) (int, error) {
	if l.left < 0 {
		return l.from.Read(p)
	}
	if l.left == 0 {
		return 0, fmt.Errorf("the headers exceeded %d bytes", maxHeaderBytes)
	}
	n, err := l.from.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

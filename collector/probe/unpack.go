package probe

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// maxPackedWindow bounds what unpacking may remember of a body.
const maxPackedWindow = 8 << 20

// unpack is a body without its Content-Encoding; done must be called after it
// was read. Whoever reads it bounds what comes out.
func unpack(resp *http.Response) (plain io.Reader, done func(), err error) {
	packed := io.LimitReader(resp.Body, maxDrain)
	encoding := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header.Values("Content-Encoding"), ", ")))
	done = func() {}
	switch encoding {
	case "", "identity", "none", "utf-8", "binary": // the last three are often seen, and mean nothing
		return packed, done, nil
	case "gzip", "x-gzip":
		return &lazy{open: func() (io.Reader, error) { return gzip.NewReader(packed) }}, done, nil
	case "deflate":
		return &lazy{open: func() (io.Reader, error) { return inflate(packed) }}, done, nil
	case "br":
		return &lazy{open: func() (io.Reader, error) { return unbrotli(packed) }}, done, nil
	case "zstd":
		reader, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxPackedWindow))
		if err != nil {
			return nil, done, err
		}
		return reader, reader.Close, nil
	}
	return nil, done, misfitf(ReasonProtocol, "the body is packed as %s, want gzip, br, zstd or deflate", quote(encoding))
}

// inflate reads what is called deflate: RFC 1950, as it is meant, or RFC 1951
// alone, as some servers send it (RFC 9110, section 8.4.1.2).
func inflate(packed io.Reader) (io.Reader, error) {
	r := bufio.NewReader(packed)
	head, err := r.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && binary.BigEndian.Uint16(head)%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}

// unbrotli reads brotli, of which nothing at all is no error: so it is sent in
// answer to HEAD.
func unbrotli(packed io.Reader) (io.Reader, error) {
	r := bufio.NewReader(packed)
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	return brotli.NewReader(r), nil
}

// lazy opens a reader when it is first read: an answer without a body has no
// packed one either.
type lazy struct {
	open   func() (io.Reader, error)
	reader io.Reader
	failed error // of open, which may be an io.EOF, and stays
}

// Read implements io.Reader.
func (l *lazy) Read(p []byte) (int, error) {
	if l.open != nil {
		l.reader, l.failed = l.open()
		l.open = nil
	}
	if l.failed != nil {
		return 0, l.failed
	}
	return l.reader.Read(p)
}

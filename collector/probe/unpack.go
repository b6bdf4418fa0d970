package probe

import (
	"compress/flate"
	"compress/gzip"
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
	encoding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding")))
	done = func() {}
	switch encoding {
	case "", "identity":
		return packed, done, nil
	case "gzip", "x-gzip":
		return &lazy{open: func() (io.Reader, error) { return gzip.NewReader(packed) }}, done, nil
	case "deflate":
		return &lazy{open: func() (io.Reader, error) { return flate.NewReader(packed), nil }}, done, nil
	case "br":
		return brotli.NewReader(packed), done, nil
	case "zstd":
		reader, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxPackedWindow))
		if err != nil {
			return nil, done, err
		}
		return reader, reader.Close, nil
	}
	return nil, done, misfitf(ReasonProtocol, "the body is packed as %s, want gzip, br, zstd or deflate", quote(encoding))
}

// lazy opens a reader when it is first read: an answer without a body has no
// packed one either.
type lazy struct {
	open   func() (io.Reader, error)
	reader io.Reader
}

// Read implements io.Reader.
func (l *lazy) Read(p []byte) (int, error) {
	if l.reader == nil {
		var err error
		if l.reader, err = l.open(); err != nil {
			return 0, err
		}
	}
	return l.reader.Read(p)
}

package probe

import (
	"bufio"
	"io"
	"sync"
)

// buffers are lent to attempts, so that a thousand idle probes hold none. The
// zero value is ready, and safe for concurrent use.
type buffers struct {
	readers sync.Pool // of *bufio.Reader
	writers sync.Pool // of *bufio.Writer
}

// reader is a buffered reader of r; release takes it back.
func (l *buffers) reader(r io.Reader) *bufio.Reader {
	b, ok := l.readers.Get().(*bufio.Reader)
	if !ok {
		return bufio.NewReader(r)
	}
	b.Reset(r)
	return b
}

func (l *buffers) release(b *bufio.Reader) {
	b.Reset(nil)
	l.readers.Put(b)
}

// writer is a buffered writer to w; flush takes it back.
func (l *buffers) writer(w io.Writer) *bufio.Writer {
	b, ok := l.writers.Get().(*bufio.Writer)
	if !ok {
		return bufio.NewWriter(w)
	}
	b.Reset(w)
	return b
}

// flush writes what b still holds, unless err says that it is lost, and takes
// b back.
func (l *buffers) flush(b *bufio.Writer, err error) error {
	if err == nil {
		err = b.Flush()
	}
	b.Reset(nil)
	l.writers.Put(b)
	return err
}

package probe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// onlyStream is the one stream that a connection is opened for.
	onlyStream = 1
	// window is what the server may send before it must hear that it was read:
	// more than is ever read of a body, so that it never has to.
	window = 4 * maxDrain
	// maxFrame is the protocol's smallest bound on a frame, kept both ways.
	maxFrame = 16 << 10
	// maxControl bounds the frames that carry no part of an answer.
	maxControl = 1000
)

// stream is one request over an HTTP/2 connection of its own (RFC 9113). The
// frames are golang.org/x/net's. A client that serves many requests needs a
// reader, queues and timers; this one works in its caller's goroutine, so that
// nothing of it can stay behind.
type stream struct {
	buffer *bufio.Writer
	frames *http2.Framer

	room    int64 // what may still be sent of a body on the stream
	total   int64 // and on the connection
	initial int64 // what the server's settings give a new stream
	control int   // frames so far that carried no part of an answer

	early *http2.MetaHeadersFrame // came before the request was all sent
	data  []byte                  // of the answer's body, not read yet
	left  int64                   // of the announced length; negative when none was announced
	ended bool                    // the server has said everything
}

func newStream(w *bufio.Writer, r *bufio.Reader) *stream {
	const initial = 65535 // section 6.9.2
	s := &stream{buffer: w, frames: http2.NewFramer(w, r), room: initial, total: initial, initial: initial}
	s.frames.SetMaxReadFrameSize(maxFrame)
	s.frames.SetReuseFrames()
	s.frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	s.frames.MaxHeaderListSize = maxHeaderBytes
	return s
}

// http2 makes a request by HTTP/2 over conn, which is the wire or speaks TLS over
// it.
func (e *exchange) http2(wire *wire, conn net.Conn, req *http.Request) (*http.Response, error) {
	e.trace.enter(FirstByte)
	w, r := e.buffers.writer(conn), e.buffers.reader(conn)
	release := func() {
		e.buffers.release(r)
		_ = e.buffers.flush(w, net.ErrClosed)
	}
	s := newStream(w, r)
	resp, err := s.ask(req, e.trace.answered)
	if err != nil {
		release()
		return nil, err
	}
	resp.Body = &body{Reader: s, end: func() { wire.close(); release() }}
	return resp, nil
}

// ask sends a request and reads the answer's headers.
func (s *stream) ask(req *http.Request, answered func()) (*http.Response, error) {
	if err := s.open(req); err != nil {
		return nil, err
	}
	if err := s.send(req.Body); err != nil {
		return nil, err
	}
	for i := range maxInformational {
		headers, err := s.headers()
		if err != nil {
			return nil, err
		}
		if i == 0 {
			answered()
		}
		resp, err := s.response(req, headers)
		if err != nil || resp.StatusCode >= http.StatusOK {
			return resp, err
		}
	}
	return nil, fmt.Errorf("more than %d answers that only announce another", maxInformational)
}

// open begins the connection and the request.
func (s *stream) open(req *http.Request) error {
	_, err := s.buffer.WriteString(http2.ClientPreface)
	if err != nil {
		return err
	}
	if err := s.frames.WriteSettings(
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: window},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: maxHeaderBytes},
	); err != nil {
		return err
	}
	if err := s.frames.WriteWindowUpdate(0, window); err != nil {
		return err
	}
	return s.writeHeaders(encodeHeaders(req), noBody(req.Body))
}

func noBody(b io.Reader) bool { return b == nil || b == http.NoBody }

// writeHeaders cuts a block into frames.
func (s *stream) writeHeaders(block []byte, last bool) error {
	first := block[:min(len(block), maxFrame)]
	rest := block[len(first):]
	err := s.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: onlyStream, BlockFragment: first, EndStream: last, EndHeaders: len(rest) == 0})
	for err == nil && len(rest) > 0 {
		part := rest[:min(len(rest), maxFrame)]
		rest = rest[len(part):]
		err = s.frames.WriteContinuation(onlyStream, len(rest) == 0, part)
	}
	return err
}

// send sends a body, as fast as the server takes it, until the server answers.
func (s *stream) send(body io.Reader) error {
	if noBody(body) {
		return s.buffer.Flush()
	}
	block := make([]byte, maxFrame)
	for s.early == nil {
		n, err := io.ReadFull(body, block)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if err := s.sendBlock(block[:n]); err != nil {
			return err
		}
		if last {
			if err := s.frames.WriteData(onlyStream, true, nil); err != nil {
				return err
			}
			break
		}
	}
	return s.buffer.Flush()
}

func (s *stream) sendBlock(rest []byte) error {
	for len(rest) > 0 && s.early == nil {
		n := min(int64(len(rest)), s.room, s.total)
		if n <= 0 {
			if err := s.wait(); err != nil {
				return err
			}
			continue
		}
		if err := s.frames.WriteData(onlyStream, false, rest[:n]); err != nil {
			return err
		}
		s.room, s.total, rest = s.room-n, s.total-n, rest[n:]
	}
	return nil
}

// wait reads one frame while the server takes no more.
func (s *stream) wait() error {
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	frame, err := s.read()
	headers, ok := frame.(*http2.MetaHeadersFrame)
	if ok && err == nil && !strings.HasPrefix(headers.PseudoValue("status"), "1") {
		s.early = headers
	}
	return err
}

// headers are the next headers of the stream.
func (s *stream) headers() (*http2.MetaHeadersFrame, error) {
	if early := s.early; early != nil {
		s.early = nil
		return early, nil
	}
	for {
		frame, err := s.read()
		if errors.Is(err, io.EOF) {
			return nil, errSilent
		}
		if err != nil {
			return nil, err
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			return frame, nil
		case *http2.DataFrame:
			return nil, errors.New("malformed HTTP/2 answer: a body before its headers")
		}
	}
}

// response begins the answer.
func (s *stream) response(req *http.Request, headers *http2.MetaHeadersFrame) (*http.Response, error) {
	text := headers.PseudoValue("status")
	code, err := strconv.Atoi(text)
	if err != nil || len(text) != 3 || code < 100 {
		return nil, fmt.Errorf("malformed HTTP/2 answer: status %s", quote(text))
	}
	resp := &http.Response{
		Status: text + " " + http.StatusText(code), StatusCode: code,
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: make(http.Header), ContentLength: -1, Request: req,
	}
	for _, field := range headers.RegularFields() {
		resp.Header.Add(field.Name, field.Value)
	}
	if n, err := strconv.ParseInt(resp.Header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		resp.ContentLength = n
	}
	s.left, s.ended = resp.ContentLength, headers.StreamEnded()
	if req.Method == http.MethodHead || code == http.StatusNotModified || code == http.StatusNoContent {
		s.left = -1
	}
	return resp, nil
}

// Read implements io.Reader for the answer's body.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.data) == 0 {
		if s.ended && s.left > 0 {
			return 0, io.ErrUnexpectedEOF
		}
		if s.ended {
			return 0, io.EOF
		}
		frame, err := s.read()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		s.take(frame)
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	return n, nil
}

// take is the next part of the body, or the trailers behind it.
func (s *stream) take(frame http2.Frame) {
	switch frame := frame.(type) {
	case *http2.DataFrame:
		s.data, s.ended = frame.Data(), frame.StreamEnded()
		if s.left >= 0 {
			s.left = max(0, s.left-int64(len(s.data)))
		}
	case *http2.MetaHeadersFrame:
		s.ended = true
	}
}

// encodeHeaders writes a request's headers (section 8.3.1).
func encodeHeaders(req *http.Request) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSize(0) // nothing is said twice
	write := func(name, value string) { _ = encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) }
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	write(":authority", host)
	write(":method", req.Method)
	write(":path", req.URL.RequestURI())
	write(":scheme", req.URL.Scheme)
	eachHeader(req, write)
	return block.Bytes()
}

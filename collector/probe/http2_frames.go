package probe

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
)

// read reads one frame and answers what the connection itself asks. The frame
// is nil when it was not about the stream; it is valid until the next call.
func (s *stream) read() (http2.Frame, error) {
	frame, err := s.frames.ReadFrame()
	if violation, ok := errors.AsType[http2.ConnectionError](err); ok {
		return nil, fmt.Errorf("malformed HTTP/2 answer: %s", http2.ErrCode(violation))
	}
	if err != nil {
		return nil, err
	}
	switch frame := frame.(type) {
	case *http2.MetaHeadersFrame:
		if frame.Truncated {
			return nil, fmt.Errorf("the headers exceeded %d bytes", maxHeaderBytes)
		}
		return frame, s.ours(frame)
	case *http2.DataFrame:
		if frame.Length > 0 || frame.StreamEnded() {
			return frame, s.ours(frame)
		}
	}
	if s.control++; s.control > maxControl {
		return nil, fmt.Errorf("more than %d HTTP/2 frames that say nothing", maxControl)
	}
	return nil, s.answer(frame)
}

// ours refuses frames of streams that we did not open.
func (s *stream) ours(frame http2.Frame) error {
	if id := frame.Header().StreamID; id != onlyStream {
		return fmt.Errorf("malformed HTTP/2 answer: a frame of stream %d, which nobody opened", id)
	}
	return nil
}

// answer does what a frame asks of the connection.
func (s *stream) answer(frame http2.Frame) error {
	switch frame := frame.(type) {
	case *http2.SettingsFrame:
		return s.settings(frame)
	case *http2.PingFrame:
		if !frame.IsAck() {
			return s.reply(s.frames.WritePing(true, frame.Data))
		}
	case *http2.WindowUpdateFrame:
		if frame.StreamID == 0 {
			s.total += int64(frame.Increment)
		} else {
			s.room += int64(frame.Increment)
		}
	case *http2.RSTStreamFrame:
		return fmt.Errorf("the server reset the stream: %s", frame.ErrCode)
	case *http2.GoAwayFrame:
		// Without an error it only takes no further streams.
		if frame.ErrCode != http2.ErrCodeNo || frame.LastStreamID < onlyStream {
			return fmt.Errorf("the server closed the connection: %s%s", frame.ErrCode, debugOf(frame))
		}
	case *http2.PushPromiseFrame:
		return errors.New("malformed HTTP/2 answer: a push, which we switched off")
	}
	return nil
}

// debugOf is what a server says besides the code.
func debugOf(frame *http2.GoAwayFrame) string {
	if len(frame.DebugData()) == 0 {
		return ""
	}
	return ": " + quote(string(frame.DebugData()))
}

// settings takes the server's settings: of all of them only the window is for
// us, because we send small frames and few headers.
func (s *stream) settings(frame *http2.SettingsFrame) error {
	if frame.IsAck() {
		return nil
	}
	if size, ok := frame.Value(http2.SettingInitialWindowSize); ok {
		s.room += int64(size) - s.initial
		s.initial = int64(size)
	}
	return s.reply(s.frames.WriteSettingsAck())
}

// reply sends what was just written. A server that has said everything may be
// gone already, which then matters to nobody.
func (s *stream) reply(err error) error {
	if err == nil {
		_ = s.buffer.Flush()
	}
	return err
}

// eachHeader calls write with a request's headers in the spelling of HTTP/2,
// without those that are about an HTTP/1.1 connection.
func eachHeader(req *http.Request, write func(name, value string)) {
	for name, values := range req.Header {
		lower := strings.ToLower(name)
		switch lower {
		case "host", "connection", "proxy-connection", "transfer-encoding", "upgrade", "keep-alive", "content-length":
			continue
		}
		for _, value := range values {
			write(lower, value)
		}
	}
	empty := noBody(req.Body) && (req.Method == http.MethodPost || req.Method == http.MethodPut || req.Method == http.MethodPatch)
	if req.ContentLength > 0 || empty {
		write("content-length", strconv.FormatInt(max(0, req.ContentLength), 10))
	}
}

package inbound

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
)

// bounded reads a body. What is too long is read to its end, so that the
// sender reads the answer, and not kept.
func bounded(body io.Reader) (text []byte, tooLong bool, err error) {
	text, err = io.ReadAll(io.LimitReader(body, maxBody+1))
	if len(text) > maxBody {
		_, _ = io.CopyN(io.Discard, body, 4*maxBody)
		return text[:maxBody], true, nil
	}
	return text, false, err
}

// unpacked is a body as it was before it was packed. One that cannot be
// unpacked stays as it is, with the reason: who sends is to be proved first.
func unpacked(encoding string, body []byte, tooLong bool) (text []byte, long bool, err error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, tooLong, nil
	case "gzip", "x-gzip":
	default:
		return body, tooLong, fmt.Errorf("Content-Encoding is %q, want gzip or none", line(encoding))
	}
	if tooLong {
		return body, true, nil
	}
	packed, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(packed, maxBody+1))
	}
	if err != nil {
		return body, false, fmt.Errorf("the body cannot be unpacked: %w", err)
	}
	return text[:min(len(text), maxBody)], len(text) > maxBody, nil
}

package probe

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// ask makes a request by HTTP/2 without TLS.
func ask(t testing.TB, address string, req *http.Request) (*http.Response, error) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	e := &exchange{transport: &transport{buffers: new(buffers)}, trace: newTrace()}
	ctx, cancel := timeout(t, 5*time.Second)
	t.Cleanup(cancel)
	wire := guard(ctx, conn)
	resp, err := e.http2(wire, conn, req)
	if err != nil {
		wire.close()
		return nil, err
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp, nil
}

func unencrypted(t testing.TB, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestHTTP2AgainstTheStandardServer(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 100_000) // many windows and frames
	address := unencrypted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/early" {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		w.Header().Set("Trailer", "X-After")
		w.WriteHeader(http.StatusEarlyHints)
		got, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-Request", fmt.Sprintf("%s %s %s %d %x", r.Method, r.Host, r.URL.RequestURI(), r.ContentLength, sha256.Sum256(got)))
		w.Header().Set("X-Long", r.Header.Get("X-Long"))
		_, _ = w.Write(big)
		w.Header().Set("X-After", "yes")
	})
	url := "http://" + address + "/path?q=1"
	for _, test := range []struct {
		method string
		body   []byte
	}{{http.MethodGet, nil}, {http.MethodPost, nil}, {http.MethodPost, []byte("small")}, {http.MethodPut, big}} {
		t.Run(fmt.Sprintf("%s %d", test.method, len(test.body)), func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), test.method, url, bytes.NewReader(test.body))
			require.NoError(t, err)
			req.Header.Set("Connection", "close")
			long := strings.Repeat("long ", 10_000) // several frames of headers
			req.Header.Set("X-Long", long)
			resp, err := ask(t, address, req)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("%s %s /path?q=1 %d %x", test.method, address, len(test.body), sha256.Sum256(test.body)), resp.Header.Get("X-Request"))
			require.Equal(t, long, resp.Header.Get("X-Long"))
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.True(t, bytes.Equal(big, got))
		})
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/early", bytes.NewReader(big))
	require.NoError(t, err)
	resp, err := ask(t, address, req)
	require.NoError(t, err, "an answer before the request was all sent")
	require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
	req, err = http.NewRequestWithContext(t.Context(), http.MethodHead, url, http.NoBody)
	require.NoError(t, err)
	resp, err = ask(t, address, req)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Empty(t, got)
}

// respond writes the headers of an answer.
func respond(f *http2.Framer, last bool, fields ...string) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: last})
}

func TestHTTP2HostileServers(t *testing.T) {
	for _, test := range []struct {
		name, text string
		answer     func(net.Conn, *http2.Framer)
	}{
		{"another protocol", "looked like an HTTP/1.1 header", func(c net.Conn, _ *http2.Framer) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }},
		{"nothing", "closed without an answer", func(net.Conn, *http2.Framer) {}},
		{"a reset", "the server reset the stream: REFUSED_STREAM", func(_ net.Conn, f *http2.Framer) { _ = f.WriteRSTStream(1, http2.ErrCodeRefusedStream) }},
		{"a farewell", `the server closed the connection: ENHANCE_YOUR_CALM: "slow down"`, func(_ net.Conn, f *http2.Framer) {
			_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("slow down"))
		}},
		{"endless settings", "more than 1000 HTTP/2 frames that say nothing", func(_ net.Conn, f *http2.Framer) {
			for f.WriteSettings() == nil {
			}
		}},
		{"endless empty data", "more than 1000 HTTP/2 frames that say nothing", func(_ net.Conn, f *http2.Framer) {
			respond(f, false, ":status", "200")
			for f.WriteData(1, false, nil) == nil {
			}
		}},
		{"endless hints", "more than 8 answers that only announce another", func(_ net.Conn, f *http2.Framer) {
			for range 20 {
				respond(f, false, ":status", "103")
			}
		}},
		{"endless headers", "malformed HTTP/2 answer: PROTOCOL_ERROR", func(_ net.Conn, f *http2.Framer) {
			var block bytes.Buffer
			encoder := hpack.NewEncoder(&block)
			_ = encoder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes()})
			for err := error(nil); err == nil; err = f.WriteContinuation(1, false, block.Bytes()) {
				block.Reset()
				_ = encoder.WriteField(hpack.HeaderField{Name: "x-more", Value: strings.Repeat("~", 12000), Sensitive: true})
			}
		}},
		{"no status", `malformed HTTP/2 answer: status ""`, func(_ net.Conn, f *http2.Framer) { respond(f, true, "x-a", "b") }},
		{"a body first", "a body before its headers", func(_ net.Conn, f *http2.Framer) { _ = f.WriteData(1, true, []byte("x")) }},
		{"a huge frame", "frame too large", func(c net.Conn, _ *http2.Framer) {
			_, _ = c.Write([]byte{0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1})
		}},
		{"another stream", "a frame of stream 3", func(_ net.Conn, f *http2.Framer) { _ = f.WriteData(3, true, []byte("x")) }},
		{"a short body", "unexpected EOF", func(_ net.Conn, f *http2.Framer) {
			respond(f, false, ":status", "200", "content-length", "10")
			_ = f.WriteData(1, true, []byte("short"))
		}},
		{"an end in the middle", "unexpected EOF", func(_ net.Conn, f *http2.Framer) {
			respond(f, false, ":status", "200")
			_ = f.WriteData(1, false, []byte("short"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 4096))
				test.answer(c, http2.NewFramer(c, c))
				_ = c.(*net.TCPConn).CloseWrite()
				mute(c)
			})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address, http.NoBody)
			require.NoError(t, err)
			resp, err := ask(t, address, req)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			require.ErrorContains(t, err, test.text)
		})
	}
}

package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxHealth bounds the one message that is read.
const maxHealth = 4 << 10

// grpcHealth is what stays the same from attempt to attempt.
type grpcHealth struct {
	*dialogue
	spec *catalog.GRPCProbe
}

// newGRPC builds the kind grpc: grpc.health.v1.Health/Check, in HTTP/2 and two
// messages of one field each, which is all that is needed of gRPC's library.
func newGRPC(s site) (Func, error) {
	spec := s.probe.GRPC
	g := &grpcHealth{dialogue: newDialogue(s, "grpc", spec.Address, spec.TLS), spec: spec}
	g.protocols = []string{"h2"}
	return func(ctx context.Context) Result { return g.run(ctx, g.talk) }, nil
}

func (g *grpcHealth) talk(ctx context.Context, l *line) error {
	transport := over(l)
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetUnencryptedHTTP2(true) // without asking: TLS, if any, is there already
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(g.request(ctx))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/grpc") {
		return misfitf(ReasonProtocol, "the server does not speak gRPC: status %d, content type %s", resp.StatusCode, quote(resp.Header.Get("Content-Type")))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxHealth))
	if err != nil {
		return err
	}
	return g.judge(resp, body)
}

// over is a transport for one exchange over a connection that stands.
func over(l *line) *http.Transport {
	connected := func(context.Context, string, string) (net.Conn, error) { return l.conn, nil }
	return &http.Transport{DialContext: connected, DialTLSContext: connected, MaxResponseHeaderBytes: maxHeaderBytes, DisableCompression: true}
}

// request is the call, with a frame of gRPC as its body.
func (g *grpcHealth) request(ctx context.Context) *http.Request {
	var message []byte
	if g.spec.Service != "" {
		message = protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), g.spec.Service)
	}
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	frame = append(frame, message...)
	r := &http.Request{
		Method: http.MethodPost,
		URL:    &url.URL{Scheme: "http", Host: g.spec.Authority, Path: "/grpc.health.v1.Health/Check"},
		Header: http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "User-Agent": {userAgent()}},
		Body:   io.NopCloser(bytes.NewReader(frame)), ContentLength: int64(len(frame)),
	}
	return r.WithContext(ctx)
}

// judge compares the call's status, which stands in the trailer, or in the
// header where there is no message; and the health in the message.
func (g *grpcHealth) judge(resp *http.Response, body []byte) error {
	status, text := resp.Trailer.Get("Grpc-Status"), resp.Trailer.Get("Grpc-Message")
	if status == "" {
		status, text = resp.Header.Get("Grpc-Status"), resp.Header.Get("Grpc-Message")
	}
	if said, err := url.PathUnescape(text); err == nil {
		text = said
	}
	switch status {
	case "0":
	case "5":
		return misfitf(ReasonStatus, "the server does not know the health of %s (NOT_FOUND)", g.subject())
	case "12":
		return misfitf(ReasonStatus, "the server has no health service (UNIMPLEMENTED)")
	case "":
		return misfitf(ReasonProtocol, "the answer has no gRPC status")
	default:
		return misfitf(ReasonStatus, "gRPC status %s: %s", quote(status), quote(text))
	}
	health, err := readHealth(body)
	if err == nil && health != "SERVING" {
		err = misfitf(ReasonStatus, "%s is %s, want SERVING", g.subject(), health)
	}
	return err
}

func (g *grpcHealth) subject() string {
	if g.spec.Service == "" {
		return "the server"
	}
	return quote(g.spec.Service)
}

// readHealth reads the one field of a HealthCheckResponse, whose zero is left
// out.
func readHealth(frame []byte) (string, error) {
	malformed := misfitf(ReasonProtocol, "the server's health is not a message of grpc.health.v1")
	if len(frame) < 5 || frame[0] != 0 || int(binary.BigEndian.Uint32(frame[1:])) != len(frame)-5 {
		return "", malformed
	}
	health := uint64(0)
	for rest := frame[5:]; len(rest) > 0; {
		number, _, n := protowire.ConsumeField(rest)
		if n < 0 {
			return "", malformed
		}
		_, _, tag := protowire.ConsumeTag(rest)
		if number == 1 {
			health, _ = protowire.ConsumeVarint(rest[tag:n])
		}
		rest = rest[n:]
	}
	names := []string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}
	if health >= uint64(len(names)) {
		return fmt.Sprint(health), nil
	}
	return names[health], nil
}

func grpcHost(p *catalog.Probe) string { return p.GRPC.Address }

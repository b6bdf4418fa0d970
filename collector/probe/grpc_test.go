package probe

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// healthServer is gRPC's own, with or without its health service.
func healthServer(t *testing.T, has bool, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(options...)
	if has {
		h := health.NewServer()
		h.SetServingStatus("shop.Cart", healthpb.HealthCheckResponse_SERVING)
		h.SetServingStatus("shop.Search", healthpb.HealthCheckResponse_NOT_SERVING)
		healthpb.RegisterHealthServer(server, h)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); <-ended })
	return l.Addr().String()
}

func TestGRPC(t *testing.T) {
	cert, ca := certificate(t, time.Now().Add(time.Hour))
	plain, none := healthServer(t, true), healthServer(t, false)
	secure := healthServer(t, true, grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	web := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	for _, test := range []struct {
		name, address, spec, text string
		reason                    Reason
	}{
		{name: "the server", address: plain},
		{name: "a service", address: plain, spec: "service: shop.Cart"},
		{name: "over TLS", address: secure, spec: "service: shop.Cart, tls: {ca_file: " + ca + "}"},
		{name: "not serving", address: plain, spec: "service: shop.Search", reason: ReasonStatus, text: `"shop.Search" is NOT_SERVING, want SERVING`},
		{name: "an unknown service", address: plain, spec: "service: shop.Till", reason: ReasonStatus, text: `the server does not know the health of "shop.Till" (NOT_FOUND)`},
		{name: "no health service", address: none, reason: ReasonStatus, text: "the server has no health service (UNIMPLEMENTED)"},
		{name: "not trusted", address: secure, spec: "tls: {}", reason: ReasonTLS, text: "certificate"},
		{name: "not gRPC", address: web.Listener.Addr().String(), reason: ReasonProtocol, text: ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, `{grpc: {address: "`+test.address+`", `+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.address, r.Address)
		})
	}
	hostility(t, `{grpc: {address: "ADDRESS"}}`, "")
}

func TestHealthMessages(t *testing.T) {
	for frame, want := range map[string]string{
		"\x00\x00\x00\x00\x00":                  "UNKNOWN",
		"\x00\x00\x00\x00\x02\x08\x01":          "SERVING",
		"\x00\x00\x00\x00\x05\x12\x01x\x08\x02": "NOT_SERVING",
		"\x00\x00\x00\x00\x02\x08\x09":          "9",
		"":                                      "",
		"\x01\x00\x00\x00\x02\x08\x01":          "",
		"\x00\xff\xff\xff\xff\x08\x01":          "",
		"\x00\x00\x00\x00\x01\x08":              "",
		"\x00\x00\x00\x00\x0b\x08" + strings.Repeat("\xff", 10): "",
	} {
		health, err := readHealth([]byte(frame))
		require.Equal(t, want, health)
		require.Equal(t, want == "", err != nil)
	}
}

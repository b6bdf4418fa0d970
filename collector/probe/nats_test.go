package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// natsServing introduces itself and answers what it reads.
func natsServing(answers ...string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, "INFO {\"server_id\":\"x\"}\r\n")
		saying(answers...)(c)
	}
}

func TestNATS(t *testing.T) {
	message := func(text string) string {
		return fmt.Sprintf("MSG _INBOX.x 1 %d\r\n%s\r\n", len(text), text)
	}
	for _, test := range []struct {
		name, spec string
		server     func(net.Conn)
		reason     Reason
		text       string
		measures   []Measured
	}{
		{name: "alive", server: natsServing("PONG\r\n")},
		{name: "a ping in between", server: natsServing("PING\r\n+OK\r\nINFO {}\r\nPONG\r\n")},
		{name: "a refused login", server: natsServing("-ERR 'Authorization Violation for hunter-two'\r\n"), reason: ReasonStatus, text: `logging in: the server says "Authorization Violation for ***"`},
		{name: "a stream", spec: `, stream: orders, value: "< 5"`, server: natsServing("PONG\r\n", message(`{"state":{"messages":4}}`)), measures: []Measured{{Value, 4}}},
		{name: "a full stream", spec: `, stream: orders, value: "< 5"`, server: natsServing("PONG\r\n", message(`{"state":{"messages":5}}`)), measures: []Measured{{Value, 5}}, reason: ReasonBody, text: `stream "orders": messages: got "5", want < 5`},
		{name: "a consumer", spec: `, stream: orders, consumer: billing`, server: natsServing("PONG\r\n", message(`{"num_pending":7}`)), measures: []Measured{{Value, 7}}},
		{name: "no stream", spec: `, stream: orders`, server: natsServing("PONG\r\n", message(`{"error":{"code":404,"description":"stream not found"}}`)), reason: ReasonStatus, text: `stream "orders": the server says "404 stream not found"`},
		{name: "no JetStream", spec: `, stream: orders`, server: natsServing("PONG\r\n", "HMSG _INBOX.x 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"), reason: ReasonStatus, text: "the server answers nothing about streams (JetStream is off for this account)"},
		{name: "a giant message", spec: `, stream: orders`, server: natsServing("PONG\r\n", "MSG _INBOX.x 1 4294967296\r\n"), reason: ReasonProtocol, text: "the server announces a message of 4294967296 bytes, want at most 1048576"},
		{name: "a message of no length", spec: `, stream: orders`, server: natsServing("PONG\r\n", "MSG many\r\n"), reason: ReasonProtocol, text: `the server announces a message with "many"`},
		{name: "no JSON", spec: `, stream: orders`, server: natsServing("PONG\r\n", message("<html>")), reason: ReasonProtocol, text: `stream "orders": the server answers what is no JSON`},
		{name: "an endless line", server: natsServing(strings.Repeat("x", maxNATS+8192)), reason: ReasonProtocol, text: "the server sends a line of over 1048576 bytes"},
		{name: "no introduction", server: func(c net.Conn) { _, _ = io.WriteString(c, "INFO nothing\r\n"); mute(c) }, reason: ReasonProtocol, text: `the server introduces itself with what is no JSON: "nothing"`},
		{name: "no TLS", spec: ", tls: {}", server: natsServing(), reason: ReasonTLS, text: "the server offers no TLS"},
		{name: "wants TLS", server: func(c net.Conn) { _, _ = io.WriteString(c, "INFO {\"tls_required\":true}\r\n"); mute(c) }, reason: ReasonTLS, text: "the server wants TLS (want tls: {} in the probe)"},
		{name: "goes on in the clear", spec: ", tls: {}", server: func(c net.Conn) {
			_, _ = io.WriteString(c, "INFO {\"tls_required\":true}\r\nPONG\r\n")
			mute(c)
		}, reason: ReasonTLS, text: "the server sent 6 bytes in the clear after it agreed on TLS"},
		{name: "resets after the login", server: func(c net.Conn) {
			_, _ = io.WriteString(c, "INFO {}\r\n")
			_, _ = c.Read(make([]byte, 4096))
			_ = c.(*net.TCPConn).SetLinger(0)
		}, reason: ReasonProtocol, text: "connection reset by peer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, test.server)
			r := try(t, `{nats: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "hunter-two")+`}`+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.measures, r.Measures)
			require.Equal(t, address, r.Address)
		})
	}
	hostility(t, `{nats: {address: "ADDRESS"}}`, "INFO {}\r\n")
}

// natsTell sends lines to a NATS server and waits until it has read them.
func natsTell(t testing.TB, address, lines string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "CONNECT {\"verbose\":false,\"user\":\"probe\",\"pass\":\"hunter-two\"}\r\n"+lines+"PING\r\n")
	require.NoError(t, err)
	for in := bufio.NewScanner(conn); in.Scan() && in.Text() != "PONG"; {
		require.NotContains(t, in.Text(), "-ERR")
	}
}

func TestRealNATS(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, ""), "")
	address := servers.NATS(t, `authorization {user: probe, password: "hunter-two"}`)
	login := `{nats: {address: "` + address + `", user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}`
	require.Equal(t, Success, try(t, login+"}}").Outcome)
	r := try(t, `{nats: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "wrong")+`}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, `logging in: the server says "Authorization Violation"`, r.Text)
	r = try(t, login+", stream: orders}}")
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, `stream "orders": the server says "404 stream not found"`, r.Text)
	create := func(subject, json string) string {
		return fmt.Sprintf("PUB %s x %d\r\n%s\r\n", subject, len(json), json)
	}
	natsTell(t, address, create("$JS.API.STREAM.CREATE.orders", `{"name":"orders","subjects":["orders"],"storage":"memory"}`))
	until(t, login+", stream: orders}}", succeeded)
	natsTell(t, address, create("$JS.API.CONSUMER.DURABLE.CREATE.orders.billing", `{"stream_name":"orders","config":{"durable_name":"billing","ack_policy":"explicit"}}`)+"PUB orders 1\r\na\r\nPUB orders 1\r\nb\r\n")
	r = until(t, login+`, stream: orders, consumer: billing, value: "== 2"}}`, succeeded)
	require.Equal(t, []Measured{{Value, 2}}, r.Measures)

	secure := servers.NATS(t, `authorization {token: "hunter-two"}
tls {cert_file: "`+cert+`", key_file: "`+key+`"}`)
	token := `{nats: {address: "` + secure + `", token: {file: ` + secretFile(t, "hunter-two") + `}`
	r = try(t, token+", tls: {ca_file: "+cert+"}}}")
	require.Equal(t, Success, r.Outcome, r.Text)
	require.False(t, r.CertificateExpiry.IsZero())
	require.Positive(t, r.Phases[TLS])
	require.Equal(t, ReasonTLS, try(t, token+", tls: {}}}").Reason)
	require.Equal(t, "the server wants TLS (want tls: {} in the probe)", try(t, token+"}}").Text)
}

package probe

import (
	"context"
	"io"
	"net"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// amqpStart is how a broker begins: connection.start, without properties.
func amqpStart() string {
	return amqpMethod("\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US")
}

// amqpMethod is a frame with a method on the connection.
func amqpMethod(payload string) string {
	n := len(payload)
	return "\x01\x00\x00" + string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + payload + "\xce"
}

func TestAMQP(t *testing.T) {
	tune := amqpMethod("\x00\x0a\x00\x1e\x00\x00\x00\x02\x00\x00\x00\x3c")
	refusal := func(text string) string {
		return amqpMethod("\x00\x0a\x00\x32\x01\x93" + string([]byte{byte(len(text))}) + text + "\x00\x0a\x00\x0b")
	}
	for _, test := range []struct {
		name   string
		server func(net.Conn)
		reason Reason
		text   string
	}{
		{name: "a refused login", server: saying(amqpStart(), refusal("refused for hunter-two")), reason: ReasonStatus, text: `logging in: the server says "403 refused for ***"`},
		{name: "a refused host", server: saying(amqpStart(), tune, refusal("no vhost")), reason: ReasonStatus, text: "logging in: "},
		{name: "a giant frame", server: saying("\x01\x00\x00\xff\xff\xff\xff"), reason: ReasonProtocol, text: "logging in: the server does not speak AMQP 0-9-1"},
		{name: "another version", server: saying("AMQP\x00\x01\x00\x00"), reason: ReasonProtocol},
		{name: "closes after the login", server: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, amqpStart())
			_, _ = c.Read(make([]byte, 4096))
		}, reason: ReasonStatus, text: "logging in: the server closed the connection, as it does when the user or the password is wrong"},
		{name: "stalls after the login", server: saying(amqpStart(), tune), reason: ReasonTimeout},
		{name: "resets after the login", server: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, amqpStart())
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, tune)
			_, _ = c.Read(make([]byte, 4096))
			_ = c.(*net.TCPConn).SetLinger(0)
		}, reason: ReasonStatus, text: `logging in: no access to the virtual host "/"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, test.server)
			r := try(t, `{amqp: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "hunter-two")+`}}}`, quickly)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, address, r.Address)
		})
	}
	hostility(t, `{amqp: {address: "ADDRESS", user: probe, password: {file: `+secretFile(t, "hunter-two")+`}}}`, "")
}

func TestRealRabbitMQ(t *testing.T) {
	address, secure, cert := servers.RabbitMQ(t)
	password := secretFile(t, "hunter-two")
	login := `{amqp: {address: "` + address + `", user: probe, password: {file: ` + password + `}`
	r := until(t, login+"}}", succeeded)
	require.Empty(t, r.Measures)
	r = try(t, `{amqp: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "hunter-nine")+`}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, "logging in: the server closed the connection, as it does when the user or the password is wrong", r.Text)
	r = try(t, login+", virtual_host: nowhere}}")
	require.Equal(t, ReasonStatus, r.Reason, r.Text)
	r = try(t, login+", queue: letters}}")
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, `queue "letters": the server says "404 NOT_FOUND - no queue 'letters' in vhost '/'"`, r.Text)

	fill(t, "amqp://probe:hunter-two@"+address+"/", "letters", 3)
	r = until(t, login+`, queue: letters, value: "== 3"}}`, succeeded)
	require.Equal(t, []Measured{{Value, 3}}, r.Measures)
	r = try(t, login+`, queue: letters, value: "< 3"}}`)
	require.Equal(t, `queue "letters": messages: got "3", want < 3`, r.Text)
	r = try(t, login+`, queue: letters, consumers: "> 0"}}`)
	require.Equal(t, `queue "letters": consumers: got 0, want > 0`, r.Text)

	r = try(t, `{amqp: {address: "`+secure+`", user: probe, password: {file: `+password+`}, tls: {ca_file: `+cert+`}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.False(t, r.CertificateExpiry.IsZero())
	require.Equal(t, ReasonTLS, try(t, `{amqp: {address: "`+secure+`", user: probe, password: {file: `+password+`}, tls: {}}}`).Reason)
}

// fill makes a queue and puts messages into it.
func fill(t testing.TB, url, queue string, messages int) {
	t.Helper()
	conn, err := amqp.Dial(url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	channel, err := conn.Channel()
	require.NoError(t, err)
	_, err = channel.QueueDeclare(queue, true, false, false, false, nil)
	require.NoError(t, err)
	for range messages {
		require.NoError(t, channel.PublishWithContext(context.WithoutCancel(t.Context()), "", queue, false, false, amqp.Publishing{Body: []byte("x")}))
	}
}

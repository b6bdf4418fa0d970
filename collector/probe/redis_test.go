package probe

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// saying is a server that answers each thing it reads with the next of answers.
func saying(answers ...string) func(net.Conn) {
	return func(c net.Conn) {
		for _, answer := range answers {
			if _, err := c.Read(make([]byte, 4096)); err != nil {
				return
			}
			_, _ = io.WriteString(c, answer)
		}
		mute(c)
	}
}

func TestRedis(t *testing.T) {
	login := `password: {file: ` + secretFile(t, "hunter-two") + `}`
	info := func(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
	for _, test := range []struct {
		name, spec string
		answers    []string
		reason     Reason
		text       string
		measures   []Measured
	}{
		{name: "alive", answers: []string{"+PONG\r\n"}},
		{name: "a login", spec: login, answers: []string{"+OK\r\n", "+PONG\r\n"}},
		{name: "a user and a database", spec: "user: probe, database: 3, " + login, answers: []string{"+OK\r\n", "+OK\r\n", "+PONG\r\n"}},
		{name: "a number", spec: `command: LLEN jobs, value: "< 5"`, answers: []string{":4\r\n"}, measures: []Measured{{Value, 4}}},
		{name: "another number", spec: `command: LLEN jobs, value: "< 5"`, answers: []string{":5\r\n"}, measures: []Measured{{Value, 5}}, reason: ReasonBody, text: `LLEN jobs: got "5", want < 5`},
		{name: "a text", spec: `command: GET state, value: == ready`, answers: []string{"$5\r\nready\r\n"}},
		{name: "nothing", spec: `command: GET state, value: == ready`, answers: []string{"$-1\r\n"}, reason: ReasonBody, text: `GET state: got "", want == ready`},
		{name: "a list", spec: `command: TIME, value: "== 2"`, answers: []string{"*2\r\n$1\r\n1\r\n*1\r\n:5\r\n"}, measures: []Measured{{Value, 2}}},
		{name: "a refused login", spec: login, answers: []string{"-WRONGPASS invalid password hunter-two\r\n"}, reason: ReasonStatus, text: `logging in: the server says "WRONGPASS invalid password ***"`},
		{name: "a missing login", answers: []string{"-NOAUTH Authentication required.\r\n"}, reason: ReasonStatus, text: `PING: the server says "NOAUTH Authentication required."`},
		{name: "a password at the border of what is shown", spec: login, answers: []string{"-ERR " + strings.Repeat("x", 90) + "hunter-two\r\n"}, reason: ReasonStatus, text: `logging in: the server says "ERR ` + strings.Repeat("x", 90) + `***"`},
		{name: "a giant text", answers: []string{"$4294967296\r\n"}, reason: ReasonProtocol, text: "the server announces a message of 4294967298 bytes, want at most 1048576"},
		{name: "a giant list", answers: []string{"*4294967296\r\n"}, reason: ReasonProtocol, text: `the server announces a list of "4294967296" items, want at most 10000`},
		{name: "a bottomless list", answers: []string{strings.Repeat("*1\r\n", 10)}, reason: ReasonProtocol, text: "the server announces a list"},
		{name: "an endless line", answers: []string{"+" + strings.Repeat("x", 8192)}, reason: ReasonProtocol, text: "the server does not speak the protocol of Redis"},
		{name: "no number", answers: []string{"$many\r\n"}, reason: ReasonProtocol, text: `the server announces a text of "many" bytes`},
		{name: "another language", answers: []string{"220 mail.example.org ESMTP\r\n"}, reason: ReasonProtocol, text: `the server does not speak the protocol of Redis: it begins with "220 mail.example.org ESMTP"`},
		{name: "a replica", spec: "replication: {role: replica, max_lag: 5s}", answers: []string{"+PONG\r\n", info("role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:3\r\n")}, measures: []Measured{{ReplicationLag, 3}}},
		{name: "a replica behind", spec: "replication: {max_lag: 2s}", answers: []string{"+PONG\r\n", info("role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:3\r\n")}, measures: []Measured{{ReplicationLag, 3}}, reason: ReasonBody, text: "3s behind, want at most 2s"},
		{name: "a replica alone", spec: "replication: {}", answers: []string{"+PONG\r\n", info("role:slave\r\nmaster_link_status:down\r\nmaster_link_down_since_seconds:70\r\n")}, measures: []Measured{{ReplicationLag, 70}}, reason: ReasonBody, text: "the replica does not replicate: its connection to the primary is down"},
		{name: "a primary", spec: "replication: {role: primary, replicas: 2}", answers: []string{"+PONG\r\n", info("role:master\r\nslave0:ip=a,port=1,state=online,offset=1,lag=0\r\nslave1:ip=b,port=1,state=online,offset=1,lag=4\r\n")}, measures: []Measured{{ReplicationLag, 4}}},
		{name: "a primary with one replica", spec: "replication: {replicas: 2}", answers: []string{"+PONG\r\n", info("role:master\r\nslave0:ip=a,port=1,state=online,offset=1,lag=0\r\nslave1:ip=b,port=1,state=wait_bgsave,offset=0,lag=0\r\n")}, measures: []Measured{{ReplicationLag, 0}}, reason: ReasonBody, text: "replicas that replicate: got 1, want at least 2"},
		{name: "a primary taken for a replica", spec: "replication: {role: replica}", answers: []string{"+PONG\r\n", info("role:master\r\n")}, reason: ReasonBody, text: "the server is a primary, want a replica"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, saying(test.answers...))
			r := try(t, `{redis: {address: "`+address+`", `+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.measures, r.Measures)
			require.Equal(t, address, r.Address)
			require.Positive(t, r.Phases[FirstByte])
		})
	}
	hostility(t, `{redis: {address: "ADDRESS"}}`, "")
}

func TestRedisOverTLS(t *testing.T) {
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	address, ca := encrypted(t, end, saying("+PONG\r\n"))
	r := try(t, `{redis: {address: "`+address+`", tls: {ca_file: `+ca+`}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.True(t, end.Equal(r.CertificateExpiry))
	require.Positive(t, r.Phases[TLS])
	r = try(t, `{redis: {address: "`+address+`", tls: {}}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	r = try(t, `{redis: {address: "`+address+`", tls: {ca_file: `+ca+`, cert_file: `+ca+`, key_file: /nowhere}}}`)
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "services.shop.probes.it.redis.tls.cert_file: reading the client certificate")
	plain := raw(t, saying("+PONG\r\n"))
	r = try(t, `{redis: {address: "`+plain+`", tls: {ca_file: `+ca+`}}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	require.Contains(t, r.Text, "does not speak TLS")
}

func TestRealRedis(t *testing.T) {
	password := secretFile(t, "hunter-two")
	primary := servers.Redis(t, "--repl-diskless-sync-delay", "0", "--requirepass", "hunter-two", "--user", "probe", "on", ">probe-pass", "~*", "+@read", "+ping", "+info")
	replica := servers.Redis(t, "--replicaof", strings.Replace(primary, ":", " ", 1), "--masterauth", "hunter-two")
	login := `address: "` + primary + `", password: {file: ` + password + `}`

	require.Equal(t, Success, try(t, `{redis: {`+login+`, command: DBSIZE, value: "== 0"}}`).Outcome)
	r := try(t, `{redis: {address: "`+primary+`"}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, `PING: the server says "NOAUTH Authentication required."`, r.Text)
	r = try(t, `{redis: {address: "`+primary+`", user: probe, password: {file: `+secretFile(t, "wrong")+`}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Contains(t, r.Text, "WRONGPASS")
	r = try(t, `{redis: {address: "`+primary+`", user: probe, database: 2, password: {file: `+secretFile(t, "probe-pass")+`}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Contains(t, r.Text, "choosing the database: the server says \"NOPERM")

	until(t, `{redis: {address: "`+replica+`", replication: {role: replica, max_lag: 1m}}}`, succeeded)
	r = until(t, `{redis: {`+login+`, replication: {role: primary, replicas: 1}}}`, succeeded)
	require.Len(t, r.Measures, 1)
	require.Less(t, r.Measures[0].Value, 60.0)
}

func TestRealRedisOverTLS(t *testing.T) {
	folder := servers.Folder(t, "")
	cert, key := servers.Certificate(t, folder, "")
	plain := servers.Free(t)
	_, port, err := net.SplitHostPort(plain)
	require.NoError(t, err)
	servers.Redis(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert)
	r := try(t, `{redis: {address: "`+plain+`", tls: {ca_file: `+cert+`, cert_file: `+cert+`, key_file: `+key+`}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.False(t, r.CertificateExpiry.IsZero())
	r = try(t, `{redis: {address: "`+plain+`", tls: {ca_file: `+cert+`}}}`)
	require.NotEqual(t, Success, r.Outcome, "the server wants a certificate of ours")
}

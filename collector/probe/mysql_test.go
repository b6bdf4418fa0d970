package probe

import (
	"database/sql"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// mysqlPacket is a packet of MySQL's protocol.
func mysqlPacket(number byte, payload string) string {
	n := len(payload)
	return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), number}) + payload
}

// mysqlHello is what a server says first: version 10 of the protocol, no TLS,
// native passwords.
func mysqlHello() string {
	return mysqlPacket(0, "\x0a8.0.36\x00\x01\x00\x00\x00"+"12345678\x00"+"\x00\xa2\x21\x02\x00\x08\x00\x15"+strings.Repeat("\x00", 10)+"123456789012\x00mysql_native_password\x00")
}

// mysqlServing greets, lets everybody in, and answers the first queries, of
// which the driver's own about the size of packets comes first.
func mysqlServing(login string, answers ...string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, mysqlHello())
		saying(append([]string{login}, answers...)...)(c)
	}
}

// mysqlAnswer is one row of one column.
func mysqlAnswer(value string) string {
	column := "\x03def\x00\x00\x00\x01x\x00\x0c\x3f\x00\x01\x00\x00\x00\xfd\x00\x00\x00\x00\x00"
	eof := "\xfe\x00\x00\x02\x00"
	return mysqlPacket(1, "\x01") + mysqlPacket(2, column) + mysqlPacket(3, eof) + mysqlPacket(4, string([]byte{byte(len(value))})+value) + mysqlPacket(5, eof)
}

func TestMySQL(t *testing.T) {
	const ok = "\x00\x00\x00\x02\x00\x00\x00"
	in := mysqlPacket(2, ok)
	for _, test := range []struct {
		name, spec string
		server     func(net.Conn)
		reason     Reason
		text       string
	}{
		{name: "a row", server: mysqlServing(in, mysqlAnswer("1"))},
		{name: "the value", spec: `value: "< 9"`, server: mysqlServing(in, mysqlAnswer("10")), reason: ReasonBody, text: `query "SELECT 1": got "10", want < 9`},
		{name: "a refused login", server: mysqlServing(mysqlPacket(2, "\xff\x15\x04#28000Access denied for hunter-two")), reason: ReasonStatus, text: `logging in: the server says "Error 1045 (28000): Access denied for ***"`},
		{name: "a refused query", server: mysqlServing(in, mysqlPacket(1, "\xff\x7a\x04#42S02No such table hunter-two")), reason: ReasonStatus, text: `query "SELECT 1": the server says "Error 1146 (42S02): No such table ***"`},
		{name: "no TLS", spec: "tls: {}", server: mysqlServing(in), reason: ReasonTLS, text: "the server offers no TLS"},
		{name: "a giant packet", server: mysqlServing(in, "\xff\xff\xff\x01"+strings.Repeat("x", 8<<20)), reason: ReasonProtocol, text: "the server sent more than 4194304 bytes"},
		{name: "resets after the login", server: func(c net.Conn) {
			_, _ = io.WriteString(c, mysqlHello())
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, in)
			_, _ = c.Read(make([]byte, 4096))
			_ = c.(*net.TCPConn).SetLinger(0)
		}, reason: ReasonProtocol, text: "connection reset by peer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, test.server)
			r := try(t, `{mysql: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "hunter-two")+`}, `+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, address, r.Address)
		})
	}
	hostility(t, `{mysql: {address: "ADDRESS", user: probe}}`, mysqlHello())
}

// tellMySQL runs statements on a MariaDB.
func tellMySQL(t testing.TB, address string, statements ...string) {
	t.Helper()
	db, err := sql.Open("mysql", "probe:hunter-two@tcp("+address+")/")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for _, statement := range statements {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

func TestRealMariaDBAndItsReplica(t *testing.T) {
	const user = "SET sql_log_bin=0;\nCREATE USER probe IDENTIFIED BY 'hunter-two';\nGRANT ALL ON *.* TO probe;\n"
	primary := servers.MariaDB(t, user+"CREATE DATABASE shop;\nCREATE TABLE shop.orders (id INT);\nINSERT INTO shop.orders VALUES (1), (2), (3);\n", "--server-id=1", "--log-bin=log")
	login := `user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}`
	ask := func(address, more string) string {
		return `{mysql: {address: "` + address + `", ` + login + more + `}}`
	}
	r := until(t, ask(primary, `, database: shop, query: SELECT count(*) FROM orders, value: "== 3"`), succeeded)
	require.Equal(t, []Measured{{Value, 3}}, r.Measures)
	r = try(t, ask(primary, `, query: SELECT 1 FROM shop.orders WHERE id > 3`))
	require.Equal(t, ReasonBody, r.Reason, r.Text)
	r = try(t, ask(primary, `, query: SELECT 1 FROM nowhere.orders`))
	require.Equal(t, ReasonStatus, r.Reason)
	require.Contains(t, r.Text, "Error 1146 (42S02)")
	r = try(t, `{mysql: {address: "`+primary+`", user: probe, password: {file: `+secretFile(t, "wrong")+`}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Contains(t, r.Text, "Access denied for user 'probe'")
	r = try(t, ask(primary, `, replication: {role: replica}`))
	require.Equal(t, "the server is a primary, want a replica", r.Text)

	host, port, err := net.SplitHostPort(primary)
	require.NoError(t, err)
	source := "CHANGE MASTER TO master_host='" + host + "', master_port=" + port + ", master_user='probe', master_password='hunter-two', master_use_gtid=no, master_delay=1000;\n"
	replica := servers.MariaDB(t, user+source, "--server-id=2")
	r = until(t, ask(replica, ", replication: {}"), func(r Result) bool { return r.Reason == ReasonBody })
	require.Contains(t, r.Text, "the replica does not replicate: it receives nothing (running: No)")
	tellMySQL(t, replica, "START SLAVE")
	r = until(t, ask(replica, ", replication: {role: replica, max_lag: 1ms}"), succeeded)
	require.Equal(t, []Measured{{Value, 1}, {ReplicationLag, 0}}, r.Measures)
	tellMySQL(t, primary, "CREATE DATABASE late")
	r = until(t, ask(replica, ", replication: {max_lag: 1ms}"), func(r Result) bool { return r.Reason == ReasonBody })
	require.Regexp(t, `^\d+s behind, want at most 1ms$`, r.Text)
	tellMySQL(t, replica, "STOP SLAVE SQL_THREAD")
	r = try(t, ask(replica, ", replication: {}"))
	require.Equal(t, "the replica does not replicate: it applies nothing (running: No)", r.Text)
}

func TestRealMariaDBOverTLS(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, "mysql"), "mysql")
	address := servers.MariaDB(t, "CREATE USER probe IDENTIFIED BY 'hunter-two' REQUIRE SSL;\n", "--ssl-cert="+cert, "--ssl-key="+key)
	login := `{mysql: {address: "` + address + `", user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}`
	r := until(t, login+`, tls: {ca_file: `+cert+`}}}`, succeeded)
	require.False(t, r.CertificateExpiry.IsZero())
	require.Positive(t, r.Phases[TLS])
	require.Positive(t, r.Phases[FirstByte])
	r = try(t, login+`, tls: {}}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	r = try(t, login+`}}`)
	require.Equal(t, ReasonStatus, r.Reason, "the server wants TLS")
}

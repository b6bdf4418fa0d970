package probe

import (
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// greet takes a login as PostgreSQL does, and hands the query to answer.
func greet(answer func(*pgproto3.Backend)) func(net.Conn) {
	return func(c net.Conn) {
		b := pgproto3.NewBackend(c, c)
		if _, err := b.ReceiveStartupMessage(); err != nil {
			return
		}
		b.Send(&pgproto3.AuthenticationOk{})
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if b.Flush() != nil {
			return
		}
		if _, err := b.Receive(); err != nil {
			return
		}
		answer(b)
		_ = b.Flush()
		_, _ = b.Receive() // the goodbye
	}
}

// rows answers a query with n rows.
func rows(n int) func(*pgproto3.Backend) {
	return func(b *pgproto3.Backend) {
		b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("one")}}})
		for range n {
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("1")}})
		}
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	}
}

func TestPostgres(t *testing.T) {
	for _, test := range []struct {
		name   string
		spec   string
		server func(net.Conn)
		reason Reason
		text   string
	}{
		{name: "a row", server: greet(rows(1))},
		{name: "many rows", server: greet(rows(5 * maxRows))},
		{name: "no row", server: greet(rows(0)), reason: ReasonBody, text: `query "SELECT 1": no row, want at least one`},
		{name: "the value", spec: `value: "< 2"`, server: greet(rows(1))},
		{name: "another value", spec: `value: "> 5"`, server: greet(rows(1)), reason: ReasonBody, text: `query "SELECT 1": got "1", want > 5`},
		{name: "a refused query", server: greet(func(b *pgproto3.Backend) {
			b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42P01", Message: `relation "orders" does not exist`})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		}), reason: ReasonStatus, text: `the server says "relation \"orders\" does not exist" (SQLSTATE 42P01)`},
		{name: "a refused login", server: func(c net.Conn) {
			b := pgproto3.NewBackend(c, c)
			_, _ = b.ReceiveStartupMessage()
			b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: `password "hunter-two" is wrong`})
			_ = b.Flush()
		}, reason: ReasonStatus, text: `the server says "password \"***\" is wrong" (SQLSTATE 28P01)`},
		{name: "never answers", server: mute, reason: ReasonTimeout, text: "while waiting for the answer of"},
		{name: "closes at once", server: func(net.Conn) {}, reason: ReasonProtocol, text: "waiting for the answer of"},
		{name: "an endless message", server: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte{'R', 0x7f, 0xff, 0xff, 0xff})
			mute(c)
		}, reason: ReasonProtocol, text: "waiting for the answer of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, test.server)
			dsn := secretFile(t, "postgres://probe:hunter-two@"+address+"/shop?sslmode=disable")
			r := try(t, `{postgres: {dsn: {file: `+dsn+`}, `+test.spec+`}}`, 500*time.Millisecond)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.NotContains(t, r.Text, "hunter-two")
			require.Equal(t, address, r.Address)
		})
	}
	closed := refusing(t)
	r := try(t, `{postgres: {dsn: {file: `+secretFile(t, "postgres://probe:hunter-two@"+closed+"/shop")+`}}}`)
	require.Equal(t, ReasonConnect, r.Reason, r.Text)
	require.Equal(t, "connecting to "+closed+": connection refused", r.Text)
	r = try(t, `{postgres: {dsn: {file: `+secretFile(t, "postgres://probe:hunter-two@:nonsense/")+`}}}`)
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "does not hold a connection string")
}

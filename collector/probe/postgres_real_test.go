package probe

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// tell runs a statement on a PostgreSQL.
func tell(t testing.TB, address, statement string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), "postgres://probe:hunter-two@"+address+"/postgres?sslmode=disable")
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), statement).ReadAll()
	require.NoError(t, err, statement)
}

func TestRealPostgresAndItsReplica(t *testing.T) {
	primary := servers.Postgres(t)
	dsn := secretFile(t, "postgres://probe:hunter-two@"+primary+"/postgres?sslmode=disable")
	login := `user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}, database: postgres`
	ask := func(address, more string) string {
		return `{postgres: {address: "` + address + `", ` + login + more + `}}`
	}
	until(t, ask(primary, ""), succeeded)
	tell(t, primary, "CREATE TABLE orders AS SELECT generate_series(1, 7) AS id; CREATE USER watcher PASSWORD 'hunter-three'")

	r := try(t, `{postgres: {dsn: {file: `+dsn+`}, query: SELECT count(*) FROM orders, value: "== 7"}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Equal(t, []Measured{{Value, 7}}, r.Measures)
	require.Equal(t, Success, try(t, ask(primary, `, query: SELECT NULL, value: '== ""'`)).Outcome)
	require.Equal(t, Success, try(t, ask(primary, `, query: SHOW application_name, value: == tocsin`)).Outcome)
	r = try(t, ask(primary, ", query: SELECT id FROM orders WHERE id > 9"))
	require.Equal(t, ReasonBody, r.Reason)
	r = try(t, ask(primary, ", query: SELECT nothing FROM nowhere"))
	require.Equal(t, `query "SELECT nothing FROM nowhere": the server says "relation \"nowhere\" does not exist" (SQLSTATE 42P01)`, r.Text)
	r = try(t, `{postgres: {address: "`+primary+`", user: probe, password: {file: `+secretFile(t, "wrong")+`}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Contains(t, r.Text, `password authentication failed for user \"probe\"" (SQLSTATE 28P01)`)
	r = try(t, ask(primary, ", tls: {}"))
	require.Equal(t, ReasonTLS, r.Reason)
	require.Equal(t, "the server offers no TLS", r.Text)
	r = try(t, ask(primary, ", replication: {replicas: 1}"))
	require.Equal(t, "replicas that replicate: got 0, want at least 1", r.Text)

	replica := servers.PostgresReplica(t, primary)
	r = until(t, ask(replica, ", replication: {role: replica, max_lag: 10s}"), succeeded)
	require.Equal(t, []Measured{{Value, 1}, {ReplicationLag, 0}}, r.Measures)
	r = until(t, ask(primary, ", replication: {role: primary, replicas: 1}"), succeeded)
	require.Len(t, r.Measures, 2)
	r = try(t, `{postgres: {address: "`+primary+`", user: watcher, database: postgres, password: {file: `+secretFile(t, "hunter-three")+`}, replication: {}}}`)
	require.Equal(t, "replication: the user may not see it (want GRANT pg_monitor TO the user)", r.Text)

	tell(t, replica, "SELECT pg_wal_replay_pause()")
	tell(t, primary, "INSERT INTO orders VALUES (8)")
	r = until(t, ask(replica, ", replication: {max_lag: 1ms}"), func(r Result) bool { return r.Reason == ReasonBody })
	require.Regexp(t, `^\S+s behind, want at most 1ms$`, r.Text)
	require.Positive(t, r.Measures[1].Value)
	tell(t, replica, "SELECT pg_wal_replay_resume()")
	until(t, ask(replica, ", replication: {max_lag: 10s}, query: SELECT count(*) FROM orders, value: '== 8'"), succeeded)
}

func TestRealPostgresOverTLS(t *testing.T) {
	folder := servers.Folder(t, "postgres")
	cert, key := servers.Certificate(t, folder, "postgres")
	address := servers.Postgres(t, "ssl=on", "ssl_cert_file="+cert, "ssl_key_file="+key)
	login := `{postgres: {address: "` + address + `", user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}, database: postgres, `
	r := until(t, login+`query: SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid(), value: == t, tls: {ca_file: `+cert+`}}}`, succeeded)
	require.False(t, r.CertificateExpiry.IsZero())
	require.Positive(t, r.Phases[TLS])
	require.Positive(t, r.Phases[FirstByte])
	r = try(t, login+`tls: {}}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	require.Contains(t, r.Text, "signed by unknown authority")
	require.False(t, r.CertificateExpiry.IsZero())
	dsn := secretFile(t, "postgres://probe:hunter-two@"+address+"/postgres?sslmode=require")
	r = try(t, `{postgres: {dsn: {file: `+dsn+`}, tls: {server_name: elsewhere.example.org, ca_file: `+cert+`}}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	require.Contains(t, r.Text, "not elsewhere.example.org")
}

package servers

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresUser is who runs a PostgreSQL, which refuses root.
const postgresUser = "postgres"

// Postgres runs a PostgreSQL, with further settings such as "ssl=on", and
// returns its address. Its superuser is probe, with the password hunter-two.
func Postgres(t testing.TB, settings ...string) string {
	t.Helper()
	program := Need(t, "initdb", "postgresql")
	folder := Folder(t, postgresUser)
	password := Write(t, folder, "password", "hunter-two", postgresUser)
	data := filepath.Join(folder, "data")
	Do(t, postgresUser, program, "--pgdata", data, "--username", "probe", "--pwfile", password, "--auth", "scram-sha-256", "--no-sync", "--no-instructions")
	return runPostgres(t, data, settings...)
}

// PostgresReplica runs a hot standby of the PostgreSQL at an address.
func PostgresReplica(t testing.TB, primary string) string {
	t.Helper()
	program := Need(t, "pg_basebackup", "postgresql")
	host, port := split(t, primary)
	data := filepath.Join(Folder(t, postgresUser), "data")
	Do(t, postgresUser, program, "--pgdata", data, "--write-recovery-conf", "--checkpoint", "fast", "--no-sync",
		"--dbname", "host="+host+" port="+port+" user=probe password=hunter-two")
	return runPostgres(t, data)
}

func runPostgres(t testing.TB, data string, settings ...string) string {
	t.Helper()
	address := Free(t)
	_, port := split(t, address)
	args := []string{"-D", data}
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "port=" + port, "unix_socket_directories=", "fsync=off"}, settings...) {
		args = append(args, "-c", setting)
	}
	Run(t, Server{Program: Need(t, "postgres", "postgresql"), Args: args, Dir: data, User: postgresUser, Ready: takesQueries(address)})
	return address
}

// takesQueries is a Ready that wants more than a refusal because the server
// still starts up.
func takesQueries(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := pgconn.Connect(ctx, "postgres://probe:hunter-two@"+address+"/postgres?sslmode=prefer")
		if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code != "57P03" {
			return nil // it answers, whatever the test has made of its logins
		}
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
}

package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxRows bounds what is read of a query's answer.
const maxRows = 1000

// newPostgres builds the kind postgres: a login and one query, which answers at
// least one row.
func newPostgres(s site) (Func, error) {
	p := &database{spec: s.probe.Postgres, secrets: s.secrets}
	return p.run, nil
}

// database is what stays the same from attempt to attempt.
type database struct {
	spec    *catalog.PostgresProbe
	secrets *secrets
}

func (d *database) run(ctx context.Context) Result {
	t := newTrace()
	config, err := d.config()
	if err != nil {
		return t.fail(ctx, ourFault{err})
	}
	conn, err := pgconn.ConnectConfig(t.context(ctx), config)
	if err != nil {
		return t.fail(ctx, refusal(err))
	}
	// Closing says goodbye to the server, which may hang as everything else may.
	defer func() { _ = conn.Close(ctx) }()
	t.enter(FirstByte)
	err = query(ctx, conn, d.spec.Query)
	t.leave(FirstByte, err == nil)
	if err != nil {
		return t.fail(ctx, refusal(err))
	}
	return t.finish()
}

// config reads the connection string. Its errors leave the string out.
func (d *database) config() (*pgconn.Config, error) {
	dsn, err := d.secrets.read(catalog.Text{File: d.spec.DSN})
	if err != nil {
		return nil, err
	}
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("%s does not hold a connection string (want postgres://USER:PASSWORD@HOST/DATABASE)", d.spec.DSN.Path)
	}
	d.secrets.conceal(config.Password)
	config.DialFunc = newDialer().DialContext
	config.LookupFunc = net.DefaultResolver.LookupHost
	build := config.BuildFrontend
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := build(r, w)
		f.SetMaxBodyLen(maxBody)
		return f
	}
	return config, nil
}

// query runs sql and wants a row.
func query(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	results := conn.Exec(ctx, sql)
	rows := 0
	for rows < maxRows && results.NextResult() {
		for reader := results.ResultReader(); rows < maxRows && reader.NextRow(); {
			rows++
		}
	}
	if rows == maxRows {
		return nil
	}
	if err := results.Close(); err != nil {
		return err
	}
	if rows == 0 {
		return misfitf(ReasonBody, "query %s: no row, want at least one", quote(sql))
	}
	return nil
}

// refusal is the server's own word, where it gave one.
func refusal(err error) error {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		return misfitf(ReasonStatus, "the server says %s (SQLSTATE %s)", quote(said.Message), said.Code)
	}
	return err
}

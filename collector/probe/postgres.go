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
	measures, err := d.query(ctx, conn)
	t.leave(FirstByte, err == nil)
	r := t.finish()
	if err != nil {
		r = t.fail(ctx, refusal(err))
	}
	r.Measures = measures
	return r
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

// query runs the query, wants a row, and compares its first value.
func (d *database) query(ctx context.Context, conn *pgconn.PgConn) ([]Measured, error) {
	sql := d.spec.Query
	first, rows, err := rowsOf(conn.Exec(ctx, sql))
	switch {
	case err != nil:
		return nil, err
	case rows == 0:
		return nil, misfitf(ReasonBody, "query %s: no row, want at least one", quote(sql))
	}
	return judgeValue("query "+quote(sql), first, d.spec.Value)
}

// rowsOf reads up to maxRows, and the first value of the first. A null is
// written as nothing.
func rowsOf(results *pgconn.MultiResultReader) (first string, rows int, err error) {
	for rows < maxRows && results.NextResult() {
		for reader := results.ResultReader(); rows < maxRows && reader.NextRow(); rows++ {
			if values := reader.Values(); rows == 0 && len(values) > 0 {
				first = string(values[0])
			}
		}
	}
	if rows == maxRows {
		return first, rows, nil
	}
	return first, rows, results.Close()
}

// refusal is the server's own word, where it gave one.
func refusal(err error) error {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		return misfitf(ReasonStatus, "the server says %s (SQLSTATE %s)", quote(said.Message), said.Code)
	}
	return err
}

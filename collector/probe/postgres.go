package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// maxRows bounds what is read of a query's answer.
	maxRows = 1000
	// postgresReplication asks a replica how long ago the last transaction was
	// made that it has applied (or how long ago it started, when it has applied none
	// since), unless it has applied all that it received, and a primary about its
	// replicas. Its last column counts those that the user may
	// not see. The views and functions are those of
	// https://www.postgresql.org/docs/current/monitoring-stats.html and
	// https://www.postgresql.org/docs/current/functions-admin.html.
	postgresReplication = `SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END,
  CASE WHEN NOT pg_is_in_recovery() THEN (SELECT max(extract(epoch FROM coalesce(replay_lag, '0'))) FROM pg_stat_replication WHERE state = 'streaming')
       WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
       ELSE greatest(0, extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))) END,
  (SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'),
  (SELECT count(*) FROM pg_stat_wal_receiver),
  (SELECT count(*) FROM pg_stat_replication WHERE state IS NULL)`
)

// database is what stays the same from attempt to attempt.
type database struct {
	*dialogue
	spec *catalog.PostgresProbe
}

// newPostgres builds the kind postgres: a login and one query, which answers at
// least one row.
func newPostgres(s site) (Func, error) {
	spec := s.probe.Postgres
	d := &database{dialogue: newDialogue(s, "postgres", spec.Address, spec.TLS), spec: spec}
	return d.run, nil
}

func (d *database) run(ctx context.Context) Result {
	t := newTrace()
	config, err := d.config(t)
	if err != nil {
		return t.fail(ctx, err)
	}
	conn, err := pgconn.ConnectConfig(t.context(ctx), config)
	if err != nil {
		return t.fail(ctx, d.refusal("logging in", err))
	}
	// Closing says goodbye to the server, which may hang as everything else may.
	defer func() { _ = conn.Close(ctx) }()
	t.enter(FirstByte)
	var f findings
	err = d.ask(ctx, conn, &f)
	t.leave(FirstByte, err == nil)
	r := t.finish()
	if err != nil {
		r = t.fail(ctx, err)
	}
	r.Measures = f.measures
	return r
}

// ask asks for the replication first, because of the query's answer only the
// beginning is read.
func (d *database) ask(ctx context.Context, conn *pgconn.PgConn, f *findings) error {
	var status sqlRow
	var err error
	if d.spec.Replication != nil {
		if status, err = rowOf(conn.Exec(ctx, postgresReplication)); err != nil {
			return d.refusal("replication", err)
		}
	}
	row, err := rowOf(conn.Exec(ctx, d.spec.Query))
	if err != nil {
		return d.refusal("query "+quote(d.spec.Query), err)
	}
	if err := f.judgeRow(d.spec.Query, row, d.spec.Value); err != nil || d.spec.Replication == nil {
		return err
	}
	found, err := postgresReplicas(status)
	if err != nil {
		return err
	}
	return f.judgeReplication(found, d.spec.Replication)
}

// config reads the connection string, or puts one together. Its errors leave
// the string out.
func (d *database) config(t *trace) (*pgconn.Config, error) {
	config, err := d.server()
	if err != nil {
		return nil, err
	}
	d.secrets.conceal("password", config.Password)
	encryption, err := d.dialogue.config()
	if err != nil {
		return nil, err
	}
	if encryption != nil {
		config.TLSConfig = named(encryption, config.Host)
		for _, f := range config.Fallbacks {
			f.TLSConfig = named(encryption, f.Host)
		}
	}
	config.TLSConfig = noting(config.TLSConfig, t)
	always := config.TLSConfig != nil
	for _, f := range config.Fallbacks {
		f.TLSConfig = noting(f.TLSConfig, t)
		always = always && f.TLSConfig != nil
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := newDialer().DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn = &bounded{Conn: conn, left: maxHeard}
		if always {
			conn = &upgrading{Conn: conn, trace: t}
		}
		return conn, nil
	}
	config.LookupFunc = net.DefaultResolver.LookupHost
	build := config.BuildFrontend
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := build(r, w)
		f.SetMaxBodyLen(maxBody)
		return f
	}
	return config, nil
}

// named asks for a host's name where the catalogue names none.
func named(config *tls.Config, host string) *tls.Config {
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = host
	}
	return config
}

// server is where and as whom to log in.
func (d *database) server() (*pgconn.Config, error) {
	if d.spec.DSN != nil {
		dsn, err := d.password(d.spec.DSN)
		if err != nil {
			return nil, err
		}
		config, err := pgconn.ParseConfig(dsn)
		if err != nil {
			return nil, ourFault{fmt.Errorf("%s does not hold a connection string (want postgres://USER:PASSWORD@HOST/DATABASE)", d.spec.DSN.Path)}
		}
		return config, nil
	}
	password, err := d.password(d.spec.Password)
	if err != nil {
		return nil, err
	}
	config, err := pgconn.ParseConfig("sslmode=disable passfile='' servicefile=''")
	if err != nil {
		return nil, ourFault{err}
	}
	host, port, _ := net.SplitHostPort(d.spec.Address)
	number, _ := strconv.ParseUint(port, 10, 16) // which the catalogue has looked at
	config.Host, config.Port, config.User, config.Password = host, uint16(number), d.spec.User, password
	config.Database, config.Fallbacks, config.TLSConfig = d.spec.Database, nil, nil
	config.RuntimeParams["application_name"] = ourName
	return config, nil
}

// rowOf reads up to maxRows of an answer, and keeps the first.
func rowOf(results *pgconn.MultiResultReader) (sqlRow, error) {
	var row sqlRow
	rows := 0
	for rows < maxRows && results.NextResult() {
		for reader := results.ResultReader(); rows < maxRows && reader.NextRow(); rows++ {
			if rows > 0 {
				continue
			}
			row.values = []string{} // a row without a column is one
			for _, value := range reader.Values() {
				row.values = append(row.values, string(value))
			}
		}
	}
	if rows == maxRows {
		return row, nil
	}
	return row, results.Close()
}

// postgresReplicas reads the answer to postgresReplication.
func postgresReplicas(row sqlRow) (replicas, error) {
	const columns = 5
	if len(row.values) != columns {
		return replicas{}, misfitf(ReasonProtocol, "replication: the server answers %d values, want %d", len(row.values), columns)
	}
	found := replicas{role: row.values[0], lag: seconds(row.values[1])}
	found.count, _ = strconv.Atoi(row.values[2])
	if found.role == catalog.RoleReplica && row.values[3] == "0" {
		found.broken = "it is not connected to its primary"
	}
	if row.values[4] != "0" && found.role == catalog.RolePrimary {
		return found, misfitf(ReasonStatus, "replication: the user may not see it (want GRANT pg_monitor TO the user)")
	}
	if math.IsNaN(found.lag) && found.count > 0 {
		found.lag = 0
	}
	return found, nil
}

// refusal is the server's own word, where it gave one.
func (d *database) refusal(what string, err error) error {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		return misfitf(ReasonStatus, "%s: the server says %s (SQLSTATE %s)", what, quote(d.secrets.redact(said.Message)), said.Code)
	}
	if err != nil && strings.Contains(err.Error(), "server refused TLS connection") {
		return misfitf(ReasonTLS, "the server offers no TLS")
	}
	return err
}

func postgresHost(p *catalog.Probe) string { return p.Postgres.Address }

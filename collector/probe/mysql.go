package probe

import (
	"context"
	"database/sql/driver"
	"errors"
	"math"
	"net"

	"github.com/go-sql-driver/mysql"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// mysqlServer is what stays the same from attempt to attempt.
type mysqlServer struct {
	*dialogue
	spec *catalog.MySQLProbe
}

// newMySQL builds the kind mysql, which MariaDB speaks too: a login and one
// query, which answers at least one row.
func newMySQL(s site) (Func, error) {
	spec := s.probe.MySQL
	m := &mysqlServer{dialogue: newDialogue(s, "mysql", spec.Address, spec.TLS), spec: spec}
	m.plainFirst = true
	return func(ctx context.Context) Result { return m.run(ctx, m.talk) }, nil
}

func (m *mysqlServer) talk(ctx context.Context, l *line) error {
	config, err := m.login(l)
	if err != nil {
		return err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return ourFault{err}
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return m.refusal(l, "logging in", err)
	}
	defer func() { _ = conn.Close() }()
	return m.ask(ctx, l, conn.(driver.QueryerContext))
}

// login is the driver's configuration, over the connection that is there.
func (m *mysqlServer) login(l *line) (*mysql.Config, error) {
	password, err := m.password(m.spec.Password)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = m.spec.User, password, m.spec.Database
	config.Net, config.Addr, config.TLS = "tcp", m.spec.Address, noting(l.tls, l.trace)
	config.ConnectionAttributes = "program_name:" + ourName
	config.Logger = new(mysql.NopLogger)
	config.DialFunc = func(context.Context, string, string) (net.Conn, error) { return l.conn, nil }
	if l.tls != nil {
		config.DialFunc = func(context.Context, string, string) (net.Conn, error) {
			return &upgrading{Conn: l.conn, trace: l.trace}, nil
		}
	}
	return config, nil
}

// upgrading is a connection on which the first that we say begins the change
// over to TLS.
type upgrading struct {
	net.Conn
	trace *trace
	begun bool
}

// Write implements net.Conn.
func (u *upgrading) Write(p []byte) (int, error) {
	if !u.begun {
		u.begun = true
		u.trace.enter(TLS)
	}
	return u.Conn.Write(p)
}

// ask asks for the replication first, because of the query's answer only the
// beginning is read.
func (m *mysqlServer) ask(ctx context.Context, l *line, conn driver.QueryerContext) error {
	var status sqlRow
	var err error
	if m.spec.Replication != nil {
		status, err = askSQL(ctx, conn, "SHOW REPLICA STATUS", true)
		if said, ok := errors.AsType[*mysql.MySQLError](err); ok && said.Number == mysqlSyntax {
			status, err = askSQL(ctx, conn, "SHOW SLAVE STATUS", true)
		}
		if err != nil {
			return m.refusal(l, "replication", err)
		}
	}
	row, err := askSQL(ctx, conn, m.spec.Query, false)
	if err != nil {
		return m.refusal(l, "query "+quote(m.spec.Query), err)
	}
	if err := l.judgeRow(m.spec.Query, row, m.spec.Value); err != nil || m.spec.Replication == nil {
		return err
	}
	return l.judgeReplication(mysqlReplicas(status), m.spec.Replication)
}

// mysqlSyntax is the number of a syntax error: servers before MySQL 8.0.22 and
// MariaDB 10.5 know only the older word.
const mysqlSyntax = 1064

// mysqlReplicas reads the row of SHOW REPLICA STATUS, whose columns MariaDB and
// older versions name by the older words. No row is a primary's.
func mysqlReplicas(row sqlRow) replicas {
	behind, is := row.field("Seconds_Behind_Source", "Seconds_Behind_Master")
	if !is {
		return replicas{role: catalog.RolePrimary, lag: math.NaN()}
	}
	found := replicas{role: catalog.RoleReplica, lag: seconds(behind)}
	receives, _ := row.field("Replica_IO_Running", "Slave_IO_Running")
	applies, _ := row.field("Replica_SQL_Running", "Slave_SQL_Running")
	wrong, _ := row.field("Last_IO_Error")
	also, _ := row.field("Last_SQL_Error")
	switch {
	case receives != "Yes":
		found.broken = "it receives nothing (running: " + receives + ")" + because(wrong)
	case applies != "Yes":
		found.broken = "it applies nothing (running: " + applies + ")" + because(also)
	}
	return found
}

// because is a reason after what happened, where there is one.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// refusal is the server's own word, where it gave one, or what the connection
// itself met, which the driver does not say.
func (m *mysqlServer) refusal(l *line, what string, err error) error {
	if said, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return m.said(what, said.Error())
	}
	if errors.Is(err, mysql.ErrNoTLS) {
		return misfitf(ReasonTLS, "the server offers no TLS")
	}
	return l.cause(err)
}

func mysqlHost(p *catalog.Probe) string { return p.MySQL.Address }

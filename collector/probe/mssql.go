package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"strconv"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// mssqlReplication asks a server for its part in availability groups: its role,
// how many seconds the last of a primary's secondaries is behind, how many are
// healthy, and why a database of a secondary does not follow. The views are those of
// https://learn.microsoft.com/en-us/sql/relational-databases/system-dynamic-management-views/sys-dm-hadr-database-replica-states-transact-sql
// and its neighbours.
const mssqlReplication = `SET NOCOUNT ON; SELECT
 CASE (SELECT max(role) FROM sys.dm_hadr_availability_replica_states WHERE is_local = 1) WHEN 1 THEN 'primary' WHEN 2 THEN 'replica' ELSE 'neither primary nor replica' END,
 (SELECT max(secondary_lag_seconds) FROM sys.dm_hadr_database_replica_states WHERE is_primary_replica = 0),
 (SELECT count(*) FROM sys.dm_hadr_availability_replica_states WHERE is_local = 0 AND role = 2 AND connected_state = 1 AND synchronization_health = 2),
 (SELECT max(CASE WHEN is_suspended = 1 THEN 'suspended: ' + suspend_reason_desc ELSE lower(synchronization_state_desc) END)
  FROM sys.dm_hadr_database_replica_states WHERE is_local = 1 AND is_primary_replica = 0 AND (is_suspended = 1 OR synchronization_state IN (0, 3, 4)))`

// mssqlServer is what stays the same from attempt to attempt.
type mssqlServer struct {
	*dialogue
	spec *catalog.MSSQLProbe
}

// newMSSQL builds the kind mssql: a login by user and password, and one query,
// which answers at least one row.
func newMSSQL(s site) (Func, error) {
	spec := s.probe.MSSQL
	m := &mssqlServer{dialogue: newDialogue(s, "mssql", spec.Address, spec.TLS), spec: spec}
	m.plainFirst = spec.Encryption == catalog.EncryptionRequired
	if spec.Encryption == catalog.EncryptionStrict {
		m.protocols = []string{"tds/8.0"}
	}
	return func(ctx context.Context) Result {
		return attempt(ctx, func(t *trace, f *findings) error { return m.ask(ctx, t, f) })
	}, nil
}

// ask goes where the server sends us, once, as Azure's gateways do.
func (m *mssqlServer) ask(ctx context.Context, t *trace, f *findings) error {
	var home realm
	talk := func(ctx context.Context, l *line) error {
		home, _ = realmOf(l.conn.RemoteAddr().String())
		return m.talk(ctx, l)
	}
	err := m.visit(ctx, t, f, talk)
	elsewhere, sent := errors.AsType[*tdsRoute](err)
	if !sent {
		return err
	}
	err = m.towards(elsewhere.address, home).visit(ctx, t, f, talk)
	if errors.As(err, &elsewhere) {
		return misfitf(ReasonProtocol, "logging in: the server sends us on again, to %s", quote(elsewhere.address))
	}
	return err
}

func (m *mssqlServer) talk(ctx context.Context, l *line) error {
	s := &tdsSession{line: l}
	if err := m.secure(ctx, s); err != nil {
		return err
	}
	password, err := m.password(m.spec.Password)
	if err != nil {
		return err
	}
	who := tdsLogin{user: m.spec.User, password: password, database: m.spec.Database, server: m.spec.Address, strict: m.spec.Encryption == catalog.EncryptionStrict}
	if err := s.send(tdsLogin7, who.message()); err != nil {
		return err
	}
	if err := s.welcome(); err != nil {
		return m.refusal("logging in", err)
	}
	return m.query(s)
}

// secure agrees on encryption, and changes over to it inside of the protocol's
// own packets unless it was there from the start.
func (m *mssqlServer) secure(ctx context.Context, s *tdsSession) error {
	want := byte(tdsEncrypted)
	if m.spec.Encryption == catalog.EncryptionOff {
		want = tdsUnencrypted
	}
	got, err := s.prelogin(want)
	switch {
	case err != nil || m.spec.Encryption == catalog.EncryptionStrict:
		return err
	case want == tdsEncrypted && got != tdsEncrypted && got != tdsDemanded:
		return misfitf(ReasonTLS, "the server offers no TLS")
	case want == tdsUnencrypted && (got == tdsEncrypted || got == tdsDemanded):
		return misfitf(ReasonTLS, "the server wants TLS (want encryption: required in the probe)")
	case want == tdsUnencrypted:
		return nil
	}
	socket := s.conn
	wrapped := &tdsHandshake{Conn: socket, session: &tdsSession{line: &line{conn: socket, in: s.in}, kind: tdsPrelogin}}
	s.conn = wrapped
	s.tls = s.tls.Clone()
	s.tls.MaxVersion = tls.VersionTLS12      // the newer one says more after the handshake, inside of no packet
	s.tls.DynamicRecordSizingDisabled = true // a server wants to find a packet in one record
	if err := s.line.secure(ctx); err != nil {
		return err
	}
	wrapped.over = true
	s.trace.enter(FirstByte)
	return nil
}

// query asks for the replication first, because of the query's answer only the
// beginning is read.
func (m *mssqlServer) query(s *tdsSession) error {
	var status sqlRow
	var err error
	if m.spec.Replication != nil {
		if status, err = s.query(mssqlReplication, true); err != nil {
			return m.refusal("replication", err)
		}
	}
	row, err := s.query(m.spec.Query, false)
	if err != nil {
		return m.refusal("query "+quote(m.spec.Query), err)
	}
	if err := s.judgeRow(m.spec.Query, row, m.spec.Value); err != nil || m.spec.Replication == nil {
		return err
	}
	found, err := mssqlReplicas(status)
	if err != nil {
		return err
	}
	return s.judgeReplication(found, m.spec.Replication)
}

// mssqlReplicas reads the answer to mssqlReplication.
func mssqlReplicas(row sqlRow) (replicas, error) {
	const columns = 4
	if len(row.values) != columns {
		return replicas{}, misfitf(ReasonProtocol, "replication: the server answers %d values, want %d", len(row.values), columns)
	}
	found := replicas{role: row.values[0], lag: seconds(row.values[1])}
	found.count, _ = strconv.Atoi(row.values[2])
	switch found.role {
	case catalog.RoleReplica:
		found.broken = row.values[3]
	case catalog.RolePrimary:
		if math.IsNaN(found.lag) && found.count > 0 {
			found.lag = 0
		}
	default:
		return found, misfitf(ReasonBody, "replication: the server is %s (want one that is in an availability group)", quote(found.role))
	}
	return found, nil
}

// refusal is the server's own word, where it gave one.
func (m *mssqlServer) refusal(what string, err error) error {
	if said, ok := errors.AsType[*tdsError](err); ok {
		return m.said(what, said.Error())
	}
	return err
}

func mssqlHost(p *catalog.Probe) string { return p.MSSQL.Address }

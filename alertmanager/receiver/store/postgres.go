package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// transactionLimit bounds one transaction from both sides: a receiver that
	// was stopped, or cut off, in the middle of one does not hold up the others.
	transactionLimit = 4 * time.Second
	// readConnections is how many are read from at once.
	readConnections = 8
)

// Connect opens a PostgreSQL, which several receivers may share, by its address
// (postgres://… or name=value). The tables are made where they are missing.
func Connect(ctx context.Context, address string) (*Store, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address of PostgreSQL is malformed: give postgres://user:password@host:5432/database?sslmode=verify-full")
	}
	s := newStore(postgresDialect())
	if err := s.openServer(ctx, config); err != nil {
		_ = s.closeFiles()
		return nil, fmt.Errorf("opening PostgreSQL at %s:%d: %w", config.Host, config.Port, err)
	}
	go s.write()
	beats := s.server(config, 1, map[string]string{"statement_timeout": fmt.Sprint(leaseFor.Milliseconds())})
	if err := s.join(conn{on: beats, speaks: s.dialect}); err != nil {
		s.member = nil
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) openServer(ctx context.Context, config *pgx.ConnConfig) error {
	limit := fmt.Sprint(transactionLimit.Milliseconds())
	s.writes = s.server(config, 1, map[string]string{
		"synchronous_commit": "on", "lock_timeout": fmt.Sprint(busyTimeout.Milliseconds()),
		"statement_timeout": limit, "idle_in_transaction_session_timeout": limit,
	})
	if err := migrate(ctx, s.writes, s.dialect); err != nil {
		return err
	}
	s.limit = transactionLimit
	s.readsDB = s.server(config, readConnections, map[string]string{"default_transaction_read_only": "on", "statement_timeout": "30000"})
	s.reads = conn{on: s.readsDB, speaks: s.dialect}
	return nil
}

// server gives connections with settings of their session.
func (s *Store) server(config *pgx.ConnConfig, connections int, settings map[string]string) *sql.DB {
	own := config.Copy()
	own.ConnectTimeout = transactionLimit
	own.RuntimeParams["application_name"] = "tocsin_receiver"
	maps.Copy(own.RuntimeParams, settings)
	db := stdlib.OpenDB(*own)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	s.files = append(s.files, db)
	return db
}

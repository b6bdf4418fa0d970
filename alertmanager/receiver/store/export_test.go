package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// RefuseKind is refuseKind.
var RefuseKind = refuseKind

// Postgres is how PostgreSQL is spoken to: its queries and its schema.
func Postgres() (query, schema func(string) string) {
	d := postgresDialect()
	return d.query, d.schema
}

// Die ends a member as a crash would: it says nothing to anybody.
func (s *Store) Die() {
	s.member.stop()
	<-s.member.ended
	s.member = nil
}

// LimitPages bounds the size of the database, as a full disk would.
func (s *Store) LimitPages(ctx context.Context, pages int) error {
	_, err := s.writes.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

// DropHistory makes the database one from before there was a history.
func (tx *Tx) DropHistory() error {
	_, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM history`)
	return err
}

// ExportEarly exports a database as the program of its schema did.
func ExportEarly(ctx context.Context, folder string, schema int, to io.Writer) error {
	s := newStore(sqliteDialect())
	reads, err := connectReadOnly(filepath.Join(folder, fileName))
	if err != nil {
		return err
	}
	s.schema, s.readsDB = schema, reads
	_, err = s.Export(ctx, to)
	return errors.Join(err, reads.Close())
}

package store

import (
	"context"
	"fmt"
)

// RefuseKind is refuseKind.
var RefuseKind = refuseKind

// Postgres is how PostgreSQL is spoken to: its queries and its schema.
func Postgres() (query, schema func(string) string) {
	d := postgresDialect()
	return d.query, d.schema
}

// LimitPages bounds the size of the database, as a full disk would.
func (s *Store) LimitPages(ctx context.Context, pages int) error {
	_, err := s.writes.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

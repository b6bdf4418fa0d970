package store

import (
	"context"
	"fmt"
)

// RefuseKind is refuseKind.
var RefuseKind = refuseKind

// LimitPages bounds the size of the database, as a full disk would.
func (s *Store) LimitPages(ctx context.Context, pages int) error {
	_, err := s.writes.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

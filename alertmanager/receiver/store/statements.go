package store

import (
	"context"
	"database/sql"
)

// mostStatements bounds the queries that are kept understood. The receiver
// writes by some fifty; those of which the text differs from call to call stay
// outside.
const mostStatements = 100

// statements are the queries by which the writer writes, as SQLite has
// understood them: that takes it as long as to run them. PostgreSQL's driver
// remembers them by itself: there are none for it.
type statements struct {
	db    *sql.DB
	known map[string]*sql.Stmt // nil for one that was met and is not understood yet
	met   []string
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, known: map[string]*sql.Stmt{}}
}

// learn has what was met since understood. It is for between transactions:
// there is one connection.
func (s *statements) learn(ctx context.Context) {
	if s == nil {
		return
	}
	for _, query := range s.met {
		if stmt, err := s.db.PrepareContext(ctx, query); err == nil { // else it is understood anew each time
			s.known[query] = stmt
		}
	}
	s.met = nil
}

// of gives a query as a transaction runs it; nil for one that is run by its
// text.
func (s *statements) of(ctx context.Context, tx *sql.Tx, query string) *sql.Stmt {
	if s == nil {
		return nil
	}
	stmt, met := s.known[query]
	if stmt != nil {
		return tx.StmtContext(ctx, stmt)
	}
	if !met && len(s.known) < mostStatements {
		s.known[query], s.met = nil, append(s.met, query)
	}
	return nil
}

// understood is a transaction that runs the queries which are known.
type understood struct {
	*sql.Tx
	statements *statements
}

// ExecContext is that of database/sql.
func (u understood) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := u.statements.of(ctx, u.Tx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return u.Tx.ExecContext(ctx, query, args...)
}

// QueryContext is that of database/sql.
func (u understood) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := u.statements.of(ctx, u.Tx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return u.Tx.QueryContext(ctx, query, args...)
}

// QueryRowContext is that of database/sql.
func (u understood) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := u.statements.of(ctx, u.Tx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return u.Tx.QueryRowContext(ctx, query, args...)
}

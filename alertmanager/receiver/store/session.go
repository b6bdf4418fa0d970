package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// EndSession remembers, until the session would have ended, that it has.
func (tx *Tx) EndSession(id string, until time.Time) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO ended_sessions (session, until_at) VALUES (?, ?) ON CONFLICT (session) DO NOTHING`, id, nanos(until))
	if err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// SessionEnded says whether a session was ended before its time.
func (s *Store) SessionEnded(ctx context.Context, id string) (ended bool, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM ended_sessions WHERE session = ?)`, id).Scan(&ended)
	if err != nil {
		return false, fmt.Errorf("reading sessions: %w", err)
	}
	return ended, nil
}

// Feed is what the addresses of one calendar have to be.
type Feed struct {
	Edition int64 // the number in a good address
	Open    bool  // there is one
}

// Feed tells the edition of a calendar; one that nobody has ever renewed is the
// open edition 0.
func (s *Store) Feed(ctx context.Context, name string) (Feed, error) {
	f, open := Feed{}, int64(0)
	row := s.reads.QueryRowContext(ctx, `SELECT edition, open FROM feeds WHERE feed = ?`, name)
	switch err := row.Scan(&f.Edition, &open); {
	case errors.Is(err, sql.ErrNoRows):
		return Feed{Open: true}, nil
	case err != nil:
		return f, fmt.Errorf("reading the edition of a calendar: %w", err)
	}
	f.Open = open != 0
	return f, nil
}

// RenewFeed begins a new edition: all addresses that there were are no good
// any more. Unless it is open there is no new one either.
func (tx *Tx) RenewFeed(name string, open bool) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO feeds (feed, edition, open) VALUES (?, 1, ?)
		ON CONFLICT (feed) DO UPDATE SET edition = feeds.edition + 1, open = excluded.open`, name, flag(open))
	if err != nil {
		return fmt.Errorf("renewing the address of a calendar: %w", err)
	}
	return nil
}

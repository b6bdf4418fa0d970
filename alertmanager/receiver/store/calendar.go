package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Calendar is what a calendar that is fetched held last. Address is the digest of
// its address: that is a secret, and nobody needs it back.
type Calendar struct {
	Address          string
	Changed, Fetched time.Time // it holds this since, and did at
	ETag, Modified   string    // what the server calls it
	Body             []byte
}

// Calendar gives a calendar, or [ErrNotFound]; without its body when it has not
// changed since an instant, which may be zero.
func (s *Store) Calendar(ctx context.Context, address string, since time.Time) (Calendar, error) {
	c := Calendar{Address: address}
	var changed, fetched int64
	row := s.reads.QueryRowContext(ctx, `
		SELECT changed_at, fetched_at, etag, modified, CASE WHEN changed_at = ? THEN NULL ELSE body END FROM calendars WHERE address = ?`, nanos(since), address)
	switch err := row.Scan(&changed, &fetched, &c.ETag, &c.Modified, &c.Body); {
	case errors.Is(err, sql.ErrNoRows):
		return c, ErrNotFound
	case err != nil:
		return c, fmt.Errorf("reading a calendar: %w", err)
	}
	c.Changed, c.Fetched = instant(changed), instant(fetched)
	return c, nil
}

// SaveCalendar writes down what a calendar holds. What was fetched later stays.
func (tx *Tx) SaveCalendar(c Calendar) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO calendars (address, changed_at, fetched_at, etag, modified, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (address) DO UPDATE SET
			changed_at = excluded.changed_at, fetched_at = excluded.fetched_at, etag = excluded.etag, modified = excluded.modified, body = excluded.body
		WHERE excluded.fetched_at > calendars.fetched_at`,
		c.Address, nanos(c.Changed), nanos(c.Fetched), c.ETag, c.Modified, c.Body)
	if err != nil {
		return fmt.Errorf("writing a calendar: %w", err)
	}
	return nil
}

// ConfirmCalendar notes that a calendar still holds what it holds since changed.
func (tx *Tx) ConfirmCalendar(address string, changed, fetched time.Time) error {
	_, err := tx.sql.ExecContext(tx.ctx, `UPDATE calendars SET fetched_at = ? WHERE address = ? AND changed_at = ? AND fetched_at < ?`,
		nanos(fetched), address, nanos(changed), nanos(fetched))
	if err != nil {
		return fmt.Errorf("writing a calendar: %w", err)
	}
	return nil
}

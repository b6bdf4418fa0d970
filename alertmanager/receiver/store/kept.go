package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Errand is something that is to be fetched for an incident from another
// program, when it is due. There is one of each kind for an incident.
type Errand struct {
	Incident incident.ID
	What     string
	Due      time.Time
	Attempts int // begun since it was put
}

// PutErrand has something fetched; one of the kind that waits, or is under way,
// begins anew.
func (tx *Tx) PutErrand(e Errand) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO errands (incident_id, what, due_at, attempts) VALUES (?, ?, ?, ?)
		ON CONFLICT (incident_id, what) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts, claimed_by = ''`,
		e.Incident, e.What, nanos(e.Due), e.Attempts)
	if err != nil {
		return fmt.Errorf("writing an errand: %w", err)
	}
	return nil
}

// ClaimErrand takes the errand of a kind that is due for the longest time;
// false when none is. Nobody else takes it before the instant until, which is
// its Due from then on: whoever dies over it leaves it to be taken again.
func (tx *Tx) ClaimErrand(what string, now, until time.Time) (e Errand, found bool, err error) {
	var due int64
	row := tx.sql.QueryRowContext(tx.ctx, `
		SELECT incident_id, due_at, attempts FROM errands WHERE what = ? AND due_at <= ? ORDER BY due_at, incident_id LIMIT 1`, what, nanos(now))
	switch err := row.Scan(&e.Incident, &due, &e.Attempts); {
	case errors.Is(err, sql.ErrNoRows):
		return e, false, nil
	case err != nil:
		return e, false, fmt.Errorf("reading errands: %w", err)
	}
	e.What, e.Due = what, until.UTC()
	e.Attempts++
	result, err := tx.sql.ExecContext(tx.ctx, `
		UPDATE errands SET due_at = ?, attempts = ?, claimed_by = ? WHERE incident_id = ? AND what = ? AND due_at = ?`,
		nanos(until), e.Attempts, tx.store.name, e.Incident, what, due)
	if err != nil {
		return e, false, fmt.Errorf("claiming an errand: %w", err)
	}
	n, err := result.RowsAffected()
	return e, n == 1, err
}

// EndErrand says what follows a claimed errand: the next one of the kind, or
// none when next is zero. One that was put in the meantime stays as it is.
func (tx *Tx) EndErrand(e Errand, next time.Time, attempts int) error {
	query := `DELETE FROM errands WHERE incident_id = ? AND what = ? AND due_at = ?`
	args := []any{e.Incident, e.What, nanos(e.Due)}
	if !next.IsZero() {
		query = `UPDATE errands SET due_at = ?, attempts = ?, claimed_by = '' WHERE incident_id = ? AND what = ? AND due_at = ?`
		args = append([]any{nanos(next), attempts}, args...)
	}
	if _, err := tx.sql.ExecContext(tx.ctx, query, args...); err != nil {
		return fmt.Errorf("ending an errand: %w", err)
	}
	return nil
}

// NextErrand says when the first errand of a kind is due; zero when none waits.
func (s *Store) NextErrand(ctx context.Context, what string) (time.Time, error) {
	var due sql.NullInt64
	err := s.reads.QueryRowContext(ctx, `SELECT min(due_at) FROM errands WHERE what = ?`, what).Scan(&due)
	if err != nil || !due.Valid {
		return time.Time{}, err
	}
	return instant(due.Int64), nil
}

// Kept is something that was fetched for an incident. Name tells those of one
// kind apart.
type Kept struct {
	Incident   incident.ID
	What, Name string
	At         time.Time
	Body       []byte
}

// Keep writes something down in the place of what had its name.
func (tx *Tx) Keep(k Kept) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO kept (incident_id, what, name, at, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (incident_id, what, name) DO UPDATE SET at = excluded.at, body = excluded.body`,
		k.Incident, k.What, k.Name, nanos(k.At), k.Body)
	if err != nil {
		return fmt.Errorf("keeping %s of incident %d: %w", k.What, k.Incident, err)
	}
	return nil
}

// Kept lists what was kept of a kind with an incident, the oldest first.
func (s *Store) Kept(ctx context.Context, id incident.ID, what string) ([]Kept, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT name, at, body FROM kept WHERE incident_id = ? AND what = ? ORDER BY at, name`, id, what)
	if err != nil {
		return nil, fmt.Errorf("reading what was kept: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []Kept
	for rows.Next() {
		k := Kept{Incident: id, What: what}
		var at int64
		if err := rows.Scan(&k.Name, &at, &k.Body); err != nil {
			return nil, fmt.Errorf("reading what was kept: %w", err)
		}
		k.At = instant(at)
		found = append(found, k)
	}
	return found, rows.Err()
}

// KeptOne gives one thing that was kept, or [ErrNotFound].
func (s *Store) KeptOne(ctx context.Context, id incident.ID, what, name string) (Kept, error) {
	k := Kept{Incident: id, What: what, Name: name}
	var at int64
	row := s.reads.QueryRowContext(ctx, `SELECT at, body FROM kept WHERE incident_id = ? AND what = ? AND name = ?`, id, what, name)
	switch err := row.Scan(&at, &k.Body); {
	case errors.Is(err, sql.ErrNoRows):
		return k, ErrNotFound
	case err != nil:
		return k, fmt.Errorf("reading what was kept: %w", err)
	}
	k.At = instant(at)
	return k, nil
}

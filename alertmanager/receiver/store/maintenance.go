package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// ErrOtherRequest says that a key was used before, for another request.
var ErrOtherRequest = errors.New("the idempotency key was used for another request: take a new key")

// AddWindow writes a new window down and numbers it. A key that was used for
// the same request before gives the window of then, as it is now; added is
// false.
func (tx *Tx) AddWindow(o *maintenance.Once, key string, request []byte) (added bool, err error) {
	if key != "" {
		var body, before []byte
		row := tx.sql.QueryRowContext(tx.ctx, `SELECT body, request FROM maintenance WHERE key = ?`, key)
		switch err := row.Scan(&body, &before); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return false, fmt.Errorf("reading a maintenance window: %w", err)
		case !bytes.Equal(before, request):
			return false, ErrOtherRequest
		default:
			return false, json.Unmarshal(body, o)
		}
	}
	err = tx.sql.QueryRowContext(tx.ctx, `SELECT coalesce(max(id), 0) + 1 FROM maintenance`).Scan(&o.ID)
	if err != nil {
		return false, fmt.Errorf("numbering maintenance windows: %w", err)
	}
	named := sql.NullString{String: key, Valid: key != ""}
	_, err = tx.sql.ExecContext(tx.ctx, `INSERT INTO maintenance (id, until_at, body, key, request) VALUES (?, ?, '', ?, ?)`, o.ID, nanos(o.Until), named, request)
	if err != nil {
		return false, fmt.Errorf("writing a maintenance window: %w", err)
	}
	return true, tx.SaveWindow(*o)
}

// SaveWindow writes a window as it is now.
func (tx *Tx) SaveWindow(o maintenance.Once) error {
	body, err := json.Marshal(o)
	if err == nil {
		_, err = tx.sql.ExecContext(tx.ctx, `UPDATE maintenance SET until_at = ?, body = ? WHERE id = ?`, nanos(o.Until), body, o.ID)
	}
	if err != nil {
		return fmt.Errorf("writing maintenance window %d: %w", o.ID, err)
	}
	return nil
}

// Window gives one window, or [ErrNotFound].
func (tx *Tx) Window(id int64) (maintenance.Once, error) {
	found, err := scanWindows(tx.sql.QueryContext(tx.ctx, `SELECT body FROM maintenance WHERE id = ?`, id))
	if err != nil {
		return maintenance.Once{}, err
	}
	if len(found) == 0 {
		return maintenance.Once{}, ErrNotFound
	}
	return found[0], nil
}

const windowsAfter = `SELECT body FROM maintenance WHERE until_at > ? ORDER BY id`

// Windows lists the windows that end after an instant, by number.
func (tx *Tx) Windows(after time.Time) ([]maintenance.Once, error) {
	return scanWindows(tx.sql.QueryContext(tx.ctx, windowsAfter, nanos(after)))
}

// Windows lists the windows that end after an instant, by number.
func (s *Store) Windows(ctx context.Context, after time.Time) ([]maintenance.Once, error) {
	return scanWindows(s.reads.QueryContext(ctx, windowsAfter, nanos(after)))
}

// PastWindows lists the last windows that are over, the newest first.
func (s *Store) PastWindows(ctx context.Context, now time.Time, most int) ([]maintenance.Once, error) {
	return scanWindows(s.reads.QueryContext(ctx, `SELECT body FROM maintenance WHERE until_at <= ? ORDER BY until_at DESC, id DESC LIMIT ?`, nanos(now), most))
}

func scanWindows(rows *sql.Rows, err error) ([]maintenance.Once, error) {
	return bodies[maintenance.Once]("maintenance windows", rows, err)
}

// Open gives the services of the open incidents by number.
func (tx *Tx) Open() (map[incident.ID]string, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, `SELECT id, service FROM incidents WHERE closed_at IS NULL`)
	if err != nil {
		return nil, fmt.Errorf("reading open incidents: %w", err)
	}
	defer func() { _ = rows.Close() }()
	open := map[incident.ID]string{}
	for rows.Next() {
		var id incident.ID
		var service string
		if err := rows.Scan(&id, &service); err != nil {
			return nil, fmt.Errorf("reading open incidents: %w", err)
		}
		open[id] = service
	}
	return open, rows.Err()
}

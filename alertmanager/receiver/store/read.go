package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Closed lists the last closed incidents that closed before an instant, the
// newest first.
func (s *Store) Closed(ctx context.Context, before time.Time, most int) ([]incident.Incident, error) {
	return s.incidents(ctx, `SELECT state FROM incidents WHERE closed_at < ? ORDER BY closed_at DESC LIMIT ?`, nanos(before), most)
}

// Incident gives one incident, or [ErrNotFound].
func (s *Store) Incident(ctx context.Context, id incident.ID) (incident.Incident, error) {
	found, err := s.incidents(ctx, `SELECT state FROM incidents WHERE id = ?`, id)
	if err != nil {
		return incident.Incident{}, err
	}
	if len(found) == 0 {
		return incident.Incident{}, ErrNotFound
	}
	return found[0], nil
}

func (s *Store) incidents(ctx context.Context, query string, args ...any) ([]incident.Incident, error) {
	rows, err := s.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var state incident.State
	for rows.Next() {
		if err := scanIncident(rows, &state); err != nil {
			return nil, err
		}
	}
	return state.Incidents, rows.Err()
}

// Events is the timeline of an incident, the oldest first.
func (s *Store) Events(ctx context.Context, id incident.ID) ([]incident.Event, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT body FROM events WHERE incident_id = ? ORDER BY sequence`, id)
	return bodies[incident.Event]("events", rows, err)
}

// bodies reads rows of one column each, which is JSON. What names them in an
// error; err is the query's.
func bodies[T any](what string, rows *sql.Rows, err error) ([]T, error) {
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	defer func() { _ = rows.Close() }()
	var found []T
	for rows.Next() {
		var body []byte
		var one T
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("reading %s: %w", what, err)
		}
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, fmt.Errorf("reading %s: %w", what, err)
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

// Due lists the incidents for which time does something at now, and says when
// the next one follows; zero when none does.
func (s *Store) Due(ctx context.Context, now time.Time) (ids []incident.ID, next time.Time, err error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, due_at FROM incidents WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1000`)
	if err != nil {
		return nil, next, fmt.Errorf("reading what is due: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id incident.ID
		var due int64
		if err := rows.Scan(&id, &due); err != nil {
			return nil, next, fmt.Errorf("reading what is due: %w", err)
		}
		if at := instant(due); at.After(now) {
			return ids, at, nil
		}
		ids = append(ids, id)
	}
	return ids, next, rows.Err()
}

// Beats lists when each source's watchdog was heard last.
func (s *Store) Beats(ctx context.Context) (map[string]time.Time, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT source, at FROM beats`)
	if err != nil {
		return nil, fmt.Errorf("reading heartbeats: %w", err)
	}
	defer func() { _ = rows.Close() }()
	beats := map[string]time.Time{}
	for rows.Next() {
		var source string
		var at int64
		if err := rows.Scan(&source, &at); err != nil {
			return nil, fmt.Errorf("reading heartbeats: %w", err)
		}
		beats[source] = instant(at)
	}
	return beats, rows.Err()
}

// Beat notes that a source's watchdog was heard.
func (tx *Tx) Beat(source string, at time.Time) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO beats (source, at) VALUES (?, ?)
		ON CONFLICT (source) DO UPDATE SET at = CASE WHEN excluded.at > beats.at THEN excluded.at ELSE beats.at END`, source, nanos(at))
	if err != nil {
		return fmt.Errorf("writing a heartbeat: %w", err)
	}
	return nil
}

// Unbeat has the last heartbeat of a source, if there was one, lie no later than
// at.
func (tx *Tx) Unbeat(source string, at time.Time) error {
	_, err := tx.sql.ExecContext(tx.ctx, `UPDATE beats SET at = ? WHERE source = ? AND at > ?`, nanos(at), source, nanos(at))
	if err != nil {
		return fmt.Errorf("writing the end of a heartbeat: %w", err)
	}
	return nil
}

// Notification is one post as it came. Body may be shortened.
type Notification struct {
	ReceivedAt                 time.Time
	Source, Receiver, GroupKey string
	Alerts, Truncated          int
	Body                       []byte
}

// AddNotification writes a notification down.
func (tx *Tx) AddNotification(n Notification) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO notifications (received_at, source, receiver, group_key, alerts, truncated, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		nanos(n.ReceivedAt), n.Source, n.Receiver, n.GroupKey, n.Alerts, n.Truncated, n.Body)
	if err != nil {
		return fmt.Errorf("writing a notification: %w", err)
	}
	return nil
}

// Key gives the random key of a name, 32 bytes, and makes it the first time.
func (s *Store) Key(ctx context.Context, name string) ([]byte, error) {
	var key []byte
	err := s.Update(context.WithoutCancel(ctx), func(tx *Tx) error {
		err := tx.sql.QueryRowContext(tx.ctx, `SELECT value FROM meta WHERE name = ?`, name).Scan(&key)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		_, err = tx.sql.ExecContext(tx.ctx, `INSERT INTO meta (name, value) VALUES (?, ?)`, name, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the key %q: %w", name, err)
	}
	return key, nil
}

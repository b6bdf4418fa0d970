package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Entry is one row of the outbox. Without a recipient it stands for the roles
// of the message.
type Entry struct {
	ID        int64
	Incident  incident.ID
	Message   int
	Recipient string
	Way       string
	Attempts  int // begun, this one included
	Created   time.Time
	Digest    incident.ID // entries of one cause, person and way are one message
}

// digestAfter is how long what follows the first page of a cause is gathered.
const digestAfter = time.Minute

func (tx *Tx) queue(e incident.Event) error {
	due := e.At
	if e.Message.Digest != 0 && !e.Message.Urgent {
		due = due.Add(digestAfter)
	}
	_, err := tx.addEntry(Entry{Incident: e.Incident, Message: e.Message.Number, Created: e.At, Digest: e.Message.Digest}, due, nil)
	return err
}

func (tx *Tx) addEntry(e Entry, due time.Time, claimed any) (id int64, err error) {
	err = tx.sql.QueryRowContext(tx.ctx, `
		INSERT INTO outbox (incident_id, message, recipient, way, attempts, created_at, due_at, claimed_at, digest)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		e.Incident, e.Message, e.Recipient, e.Way, e.Attempts, nanos(e.Created), nanos(due), claimed, number(e.Digest)).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("writing to the outbox: %w", err)
	}
	return id, nil
}

// Claim takes up to most entries that are due, the oldest first, and what else
// waits for the same digests. A claimed entry is nobody else's until it is done
// or put back.
func (tx *Tx) Claim(now time.Time, most int) ([]Entry, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, `
		UPDATE outbox SET claimed_at = ?, attempts = attempts + 1
		WHERE id IN (SELECT id FROM outbox WHERE claimed_at IS NULL AND due_at <= ? ORDER BY due_at, id LIMIT ?`+tx.dialect.skipLocked+`)
		OR (claimed_at IS NULL AND recipient = '' AND digest IN (SELECT digest FROM outbox WHERE claimed_at IS NULL AND due_at <= ? AND digest IS NOT NULL))
		RETURNING id, incident_id, message, recipient, way, attempts, created_at, coalesce(digest, 0)`, nanos(now), nanos(now), most, nanos(now))
	if err != nil {
		return nil, fmt.Errorf("claiming from the outbox: %w", err)
	}
	return scanEntries(rows)
}

// Split replaces a claimed entry that names roles by one, claimed too, for
// each recipient and way.
func (tx *Tx) Split(roles Entry, now time.Time, deliveries []incident.Delivery) ([]Entry, error) {
	err := tx.Done(roles.ID)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, d := range deliveries {
		e := Entry{Incident: roles.Incident, Message: roles.Message, Recipient: d.Recipient, Way: d.Way, Attempts: 1, Created: roles.Created, Digest: roles.Digest}
		if e.ID, err = tx.addEntry(e, now, nanos(now)); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Done takes an entry off the outbox.
func (tx *Tx) Done(id int64) error {
	if _, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM outbox WHERE id = ?`, id); err != nil {
		return fmt.Errorf("taking a message off the outbox: %w", err)
	}
	return nil
}

// Later puts a claimed entry back until due.
func (tx *Tx) Later(id int64, due time.Time) error {
	_, err := tx.sql.ExecContext(tx.ctx, `UPDATE outbox SET claimed_at = NULL, due_at = ? WHERE id = ?`, nanos(due), id)
	if err != nil {
		return fmt.Errorf("putting a message back: %w", err)
	}
	return nil
}

// Overtakes says whether something older of the same incident is still to go
// to the recipient of a claimed entry by the same way.
func (tx *Tx) Overtakes(e Entry) (bool, error) {
	older := 0
	err := tx.sql.QueryRowContext(tx.ctx, `
		SELECT count(*) FROM outbox WHERE incident_id = ? AND recipient = ? AND way = ? AND message < ?`,
		e.Incident, e.Recipient, e.Way, e.Message).Scan(&older)
	if err != nil {
		return false, fmt.Errorf("reading the outbox: %w", err)
	}
	return older > 0, nil
}

// Yield puts a claimed entry back until due, as if it had not been claimed.
func (tx *Tx) Yield(id int64, due time.Time) error {
	_, err := tx.sql.ExecContext(tx.ctx, `UPDATE outbox SET claimed_at = NULL, due_at = ?, attempts = attempts - 1 WHERE id = ?`, nanos(due), id)
	if err != nil {
		return fmt.Errorf("putting a message back: %w", err)
	}
	return nil
}

// Unclaim puts back what an earlier life of the program had claimed: it may
// have been sent, so it is sent again under the same message id.
func (tx *Tx) Unclaim() (int64, error) {
	result, err := tx.sql.ExecContext(tx.ctx, `UPDATE outbox SET claimed_at = NULL WHERE claimed_at IS NOT NULL`)
	if err != nil {
		return 0, fmt.Errorf("putting messages back: %w", err)
	}
	return result.RowsAffected()
}

func scanEntries(rows *sql.Rows) ([]Entry, error) {
	defer func() { _ = rows.Close() }()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var created int64
		if err := rows.Scan(&e.ID, &e.Incident, &e.Message, &e.Recipient, &e.Way, &e.Attempts, &created, &e.Digest); err != nil {
			return nil, fmt.Errorf("reading the outbox: %w", err)
		}
		e.Created = instant(created)
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Waiting says how many entries are not sent yet, when the oldest was written
// and when the next is due; times are zero when there is none.
func (s *Store) Waiting(ctx context.Context) (count int, oldest, next time.Time, err error) {
	var created, due sql.NullInt64
	err = s.reads.QueryRowContext(ctx, `
		SELECT count(*), min(created_at), min(CASE WHEN claimed_at IS NULL THEN due_at END) FROM outbox`).Scan(&count, &created, &due)
	if err != nil {
		return 0, oldest, next, fmt.Errorf("reading the outbox: %w", err)
	}
	if created.Valid {
		oldest = instant(created.Int64)
	}
	if due.Valid {
		next = instant(due.Int64)
	}
	return count, oldest, next, nil
}

package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
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

func (tx *Tx) queue(e incident.Event) error {
	due := e.At
	if e.Message.Digest != 0 && e.Message.Kind != incident.MessagePage && !e.Message.Again {
		due = due.Add(incident.GatherFor)
	}
	_, err := tx.addEntry(Entry{Incident: e.Incident, Message: e.Message.Number, Created: e.At, Digest: e.Message.Digest}, due, false)
	return err
}

func (tx *Tx) addEntry(e Entry, due time.Time, claimed bool) (id int64, err error) {
	var at any
	by := ""
	if claimed {
		at, by = nanos(due), tx.store.name
	}
	err = tx.sql.QueryRowContext(tx.ctx, `
		INSERT INTO outbox (incident_id, message, recipient, way, attempts, created_at, due_at, claimed_at, claimed_by, digest)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		e.Incident, e.Message, e.Recipient, e.Way, e.Attempts, nanos(e.Created), nanos(due), at, by, number(e.Digest)).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("writing to the outbox: %w", err)
	}
	return id, nil
}

// Claim takes up to most entries that are due and not for one of the ways
// except, the oldest first, and what else of the same digests is due, or waits
// for its recipients to be found. A claimed entry is nobody else's until it is
// done or put back.
func (tx *Tx) Claim(now time.Time, most int, except ...string) ([]Entry, error) {
	others := ""
	if len(except) > 0 {
		others = "AND way NOT IN (?" + strings.Repeat(", ?", len(except)-1) + ")"
	}
	var ways []any
	for _, way := range except {
		ways = append(ways, way)
	}
	return tx.claim(now, most, others, ways, "AND (recipient = '' OR due_at <= ? "+others+")", append([]any{nanos(now)}, ways...))
}

// ClaimWay is [Tx.Claim] for what is for one way.
func (tx *Tx) ClaimWay(now time.Time, way string, most int) ([]Entry, error) {
	return tx.claim(now, most, "AND way = ?", []any{way}, "AND way = ? AND due_at <= ?", []any{way, nanos(now)})
}

// claim claims what meets one condition, and what meets another of the same
// digests.
func (tx *Tx) claim(now time.Time, most int, which string, args []any, also string, alsoArgs []any) ([]Entry, error) {
	all := slices.Concat([]any{nanos(now)}, args, []any{most, nanos(now), tx.store.name}, alsoArgs)
	rows, err := tx.sql.QueryContext(tx.ctx, `
		WITH first AS (SELECT id, digest FROM outbox WHERE claimed_at IS NULL AND due_at <= ? `+which+` ORDER BY due_at, id LIMIT ?`+tx.store.dialect.skipLocked+`)
		UPDATE outbox SET claimed_at = ?, claimed_by = ?, attempts = attempts + 1
		WHERE id IN (SELECT id FROM first)
		OR (claimed_at IS NULL `+also+` AND digest IN (SELECT digest FROM first WHERE digest IS NOT NULL))
		RETURNING id, incident_id, message, recipient, way, attempts, created_at, coalesce(digest, 0)`, all...)
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
		if e.ID, err = tx.addEntry(e, now, true); err != nil {
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
	_, err := tx.sql.ExecContext(tx.ctx, `UPDATE outbox SET claimed_at = NULL, claimed_by = '', due_at = ? WHERE id = ?`, nanos(due), id)
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
	_, err := tx.sql.ExecContext(tx.ctx, `UPDATE outbox SET claimed_at = NULL, claimed_by = '', due_at = ?, attempts = attempts - 1 WHERE id = ?`, nanos(due), id)
	if err != nil {
		return fmt.Errorf("putting a message back: %w", err)
	}
	return nil
}

// Hold puts a claimed entry back until due, as if it had not been claimed, to be
// one message with what else of its cause is due by then.
func (tx *Tx) Hold(id int64, cause incident.ID, due time.Time) error {
	_, err := tx.sql.ExecContext(tx.ctx, `UPDATE outbox SET claimed_at = NULL, claimed_by = '', due_at = ?, attempts = attempts - 1, digest = ? WHERE id = ?`, nanos(due), cause, id)
	if err != nil {
		return fmt.Errorf("putting a message back: %w", err)
	}
	return nil
}

// ClaimHeld takes what [Tx.Hold] put back for a person, before its time.
func (tx *Tx) ClaimHeld(now time.Time, cause incident.ID, recipient string) ([]Entry, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, `
		UPDATE outbox SET claimed_at = ?, claimed_by = ?, attempts = attempts + 1 WHERE digest = ? AND recipient = ? AND claimed_at IS NULL AND attempts = 0
		RETURNING id, incident_id, message, recipient, way, attempts, created_at, coalesce(digest, 0)`, nanos(now), tx.store.name, cause, recipient)
	if err != nil {
		return nil, fmt.Errorf("claiming from the outbox: %w", err)
	}
	return scanEntries(rows)
}

// Unclaim puts back what a receiver had claimed that has ended since, and counts
// the messages among it: they may have been sent, so they are sent again under
// the same message id. Errands are run again.
func (tx *Tx) Unclaim() (int64, error) {
	if _, err := tx.sql.ExecContext(tx.ctx, `
		UPDATE errands SET due_at = 0, claimed_by = '' WHERE claimed_by NOT IN ('', ?) AND claimed_by NOT IN (SELECT name FROM members)`,
		tx.store.name); err != nil {
		return 0, fmt.Errorf("putting errands back: %w", err)
	}
	result, err := tx.sql.ExecContext(tx.ctx, `
		UPDATE outbox SET claimed_at = NULL, claimed_by = '' WHERE claimed_at IS NOT NULL AND claimed_by NOT IN (SELECT name FROM members)`)
	if err != nil {
		return 0, fmt.Errorf("putting messages back: %w", err)
	}
	return result.RowsAffected()
}

// Disown puts back what this receiver has claimed and does not know of: the
// answer to its claim was lost.
func (tx *Tx) Disown(known func(id int64) bool) error {
	rows, err := tx.sql.QueryContext(tx.ctx, `SELECT id FROM outbox WHERE claimed_at IS NOT NULL AND claimed_by = ?`, tx.store.name)
	if err != nil {
		return fmt.Errorf("reading the outbox: %w", err)
	}
	ids, err := scanIDs(rows)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if known(id) {
			continue
		}
		if _, err := tx.sql.ExecContext(tx.ctx, `UPDATE outbox SET claimed_at = NULL, claimed_by = '' WHERE id = ?`, id); err != nil {
			return fmt.Errorf("putting messages back: %w", err)
		}
	}
	return nil
}

// Holds says whether a claimed entry is still this receiver's: it was not taken
// for dead and sent by another since.
func (tx *Tx) Holds(e Entry) (held bool, err error) {
	row := tx.sql.QueryRowContext(tx.ctx, `SELECT count(*) FROM outbox WHERE id = ? AND claimed_at IS NOT NULL AND claimed_by = ? AND attempts = ?`,
		e.ID, tx.store.name, e.Attempts)
	var n int
	if err := row.Scan(&n); err != nil {
		return false, fmt.Errorf("reading the outbox: %w", err)
	}
	return n == 1, nil
}

func scanIDs(rows *sql.Rows) (ids []int64, err error) {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading the outbox: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
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
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
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

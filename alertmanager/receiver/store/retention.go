package store

import (
	"context"
	"fmt"
	"time"
)

// mostForgotten bounds what one transaction drops of a table, so that no alert
// waits for it.
const mostForgotten = 500

// Retention says from before which instants things are dropped. What is open,
// or still to be done, is never touched.
type Retention struct {
	Incidents     time.Time // closed ones, with their events and what was fetched for them; windows and entries of rotas that are over; what providers posted
	Notifications time.Time // as they came; calendars that are not fetched any more
	Occurrences   time.Time // ends of alerts, and what other systems told
	Audit         time.Time // who did what
}

// Forget drops what is too old, in small transactions, and gives the space back
// that became free.
func (s *Store) Forget(ctx context.Context, r Retention) error {
	for again := true; again; {
		again = false
		err := s.Update(ctx, func(tx *Tx) (err error) {
			again, err = tx.forget(r)
			return err
		})
		if err != nil {
			return fmt.Errorf("dropping what is old: %w", err)
		}
	}
	return nil
}

// aged are the tables of which rows are dropped by a time alone.
var aged = [...]struct {
	table, time, only string
	before            func(Retention) time.Time
}{
	{"notifications", "received_at", "1 = 1", func(r Retention) time.Time { return r.Notifications }},
	{"occurrences", "ended_at", "1 = 1", func(r Retention) time.Time { return r.Occurrences }},
	{"inbound", "changed_at", "ends_at IS NOT NULL", func(r Retention) time.Time { return r.Occurrences }},
	{"inbound_messages", "at", "1 = 1", func(r Retention) time.Time { return r.Occurrences }},
	{"callbacks", "at", "1 = 1", func(r Retention) time.Time { return r.Incidents }},
	{"audit", "at", "1 = 1", func(r Retention) time.Time { return r.Audit }},
	{"calendars", "fetched_at", "1 = 1", func(r Retention) time.Time { return r.Notifications }},
	{"ended_sessions", "until_at", "1 = 1", func(r Retention) time.Time { return r.Notifications }},
	// The highest number stays, so that none ever names another one.
	{"maintenance", "until_at", "id < (SELECT max(id) FROM maintenance)", func(r Retention) time.Time { return r.Incidents }},
	{"rota_entries", "until_at", "id < (SELECT max(id) FROM rota_entries)", func(r Retention) time.Time { return r.Incidents }},
}

// forget drops some of each; again when there may be more.
func (tx *Tx) forget(r Retention) (again bool, err error) {
	for _, a := range aged {
		result, err := tx.sql.ExecContext(tx.ctx, fmt.Sprintf(`
			DELETE FROM %[1]s WHERE %[3]s AND %[2]s <= (SELECT max(old) FROM (
				SELECT %[2]s AS old FROM %[1]s WHERE %[3]s AND %[2]s < ? ORDER BY %[2]s LIMIT ?) AS oldest)`, a.table, a.time, a.only),
			nanos(a.before(r)), mostForgotten)
		if err != nil {
			return false, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return false, err
		}
		again = again || n >= mostForgotten
	}
	more, err := tx.forgetIncidents(r.Incidents)
	if err != nil {
		return false, err
	}
	if tx.store.dialect.shrink != "" {
		if _, err := tx.sql.ExecContext(tx.ctx, tx.store.dialect.shrink); err != nil {
			return false, err
		}
	}
	return again || more, nil
}

// forgetIncidents drops some of those that closed before an instant, the oldest
// first, unless something open comes from one or something is to be sent. The
// last one stays for its number.
func (tx *Tx) forgetIncidents(before time.Time) (again bool, err error) {
	rows, err := tx.sql.QueryContext(tx.ctx, `
		SELECT id FROM incidents WHERE closed_at < ? AND id < (SELECT max(id) FROM incidents)
		AND NOT EXISTS (SELECT 1 FROM incidents AS child WHERE child.parent_id = incidents.id AND child.closed_at IS NULL)
		AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.incident_id = incidents.id)
		ORDER BY closed_at LIMIT ?`, nanos(before), mostForgotten/10)
	if err != nil {
		return false, err
	}
	ids, err := scanIDs(rows)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	all, err := tables(tx.ctx, tx.sql)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		for _, t := range all {
			if !t.has("incident_id") || t.name == "audit" {
				continue // who did what has a time of its own
			}
			if _, err := tx.sql.ExecContext(tx.ctx, "DELETE FROM "+t.name+" WHERE incident_id = ?", id); err != nil {
				return false, err
			}
		}
		if _, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM incidents WHERE id = ?`, id); err != nil {
			return false, err
		}
	}
	return len(ids) == mostForgotten/10, nil
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
)

// AddRotaEntry writes a new entry of a rota down and numbers it. Numbers are
// never used again: of two entries the later one counts.
func (tx *Tx) AddRotaEntry(e *oncall.Entry) error {
	err := tx.sql.QueryRowContext(tx.ctx, `SELECT coalesce(max(id), 0) + 1 FROM rota_entries`).Scan(&e.ID)
	if err != nil {
		return fmt.Errorf("numbering entries of rotas: %w", err)
	}
	return tx.SaveRotaEntry(*e)
}

// SaveRotaEntry writes an entry as it is now.
func (tx *Tx) SaveRotaEntry(e oncall.Entry) error {
	body, err := json.Marshal(e)
	if err == nil {
		_, err = tx.sql.ExecContext(tx.ctx, `
			INSERT INTO rota_entries (id, until_at, body) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET until_at = excluded.until_at, body = excluded.body`, e.ID, nanos(e.Last()), body)
	}
	if err != nil {
		return fmt.Errorf("writing entry %d of a rota: %w", e.ID, err)
	}
	return nil
}

// RotaEntry gives one entry, or [ErrNotFound].
func (tx *Tx) RotaEntry(id int64) (oncall.Entry, error) {
	found, err := scanRotaEntries(tx.sql.QueryContext(tx.ctx, `SELECT body FROM rota_entries WHERE id = ?`, id))
	if err != nil {
		return oncall.Entry{}, err
	}
	if len(found) == 0 {
		return oncall.Entry{}, ErrNotFound
	}
	return found[0], nil
}

const rotaEntriesAfter = `SELECT body FROM rota_entries WHERE until_at > ? ORDER BY id`

// RotaEntries lists the entries that end after an instant, by number.
func (tx *Tx) RotaEntries(after time.Time) ([]oncall.Entry, error) {
	return scanRotaEntries(tx.sql.QueryContext(tx.ctx, rotaEntriesAfter, nanos(after)))
}

// RotaEntries lists the entries that end after an instant, by number.
func (s *Store) RotaEntries(ctx context.Context, after time.Time) ([]oncall.Entry, error) {
	return scanRotaEntries(s.reads.QueryContext(ctx, rotaEntriesAfter, nanos(after)))
}

func scanRotaEntries(rows *sql.Rows, err error) ([]oncall.Entry, error) {
	return bodies[oncall.Entry]("entries of rotas", rows, err)
}

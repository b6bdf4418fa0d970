package store

import (
	"fmt"
	"time"
)

// NewCallback says whether something that a provider posts comes for the first
// time, and remembers it.
func (tx *Tx) NewCallback(source, id string, now time.Time) (bool, error) {
	return tx.wrote(`INSERT INTO callbacks (source, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, source, id, now)
}

// InOrder says whether something happened to a thing no earlier than what was
// taken of it before, and remembers when it did.
func (tx *Tx) InOrder(source, thing string, at time.Time) (bool, error) {
	return tx.wrote(`
		INSERT INTO callbacks (source, id, at) VALUES (?, ?, ?)
		ON CONFLICT (source, id) DO UPDATE SET at = excluded.at WHERE callbacks.at <= excluded.at`, source, thing, at)
}

// wrote says whether a statement wrote its row.
func (tx *Tx) wrote(query, source, id string, at time.Time) (bool, error) {
	result, err := tx.sql.ExecContext(tx.ctx, query, source, id, nanos(at))
	if err != nil {
		return false, fmt.Errorf("remembering what was posted: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Unreached is somebody whom the last message reached by no way.
type Unreached struct {
	Person string    `json:"person"`
	At     time.Time `json:"at"`
	Why    string    `json:"why"`
}

// Unreached lists them by their ids.
func (s *Store) Unreached(ctx context.Context) ([]Unreached, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT body FROM unreached ORDER BY person`)
	return bodies[Unreached]("whom nothing reached", rows, err)
}

// PutUnreached notes that a message reached somebody by no way.
func (tx *Tx) PutUnreached(u Unreached) error {
	body, err := json.Marshal(u)
	if err == nil {
		_, err = tx.sql.ExecContext(tx.ctx, `
			INSERT INTO unreached (person, body) VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET body = excluded.body`, u.Person, body)
	}
	if err != nil {
		return fmt.Errorf("noting that nothing reached %s: %w", u.Person, err)
	}
	return nil
}

// Reached notes that a message reached somebody.
func (tx *Tx) Reached(person string) error {
	if _, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM unreached WHERE person = ?`, person); err != nil {
		return fmt.Errorf("noting that something reached %s: %w", person, err)
	}
	return nil
}

package store

import (
	"encoding/json"
	"fmt"
	"time"
)

// Turn is whose turn a rota was in when it was looked at last, and how far the
// telling of that person has come.
type Turn struct {
	Rota     string    `json:"rota"`
	Person   string    `json:"person"` // "" in a gap
	Before   string    `json:"before,omitempty"`
	Since    time.Time `json:"since"` // when it was seen
	Told     bool      `json:"told"`
	Due      time.Time `json:"due,omitzero"` // when the next attempt may be made
	Attempts int       `json:"attempts,omitempty"`
}

// Turn gives the last turn of a rota, or [ErrNotFound].
func (tx *Tx) Turn(rota string) (Turn, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, `SELECT body FROM turns WHERE rota = ?`, rota)
	return oneOf[Turn]("turns of rotas", rows, err)
}

// SaveTurn writes a turn as it is now.
func (tx *Tx) SaveTurn(t Turn) error {
	body, err := json.Marshal(t)
	if err == nil {
		_, err = tx.sql.ExecContext(tx.ctx, `
			INSERT INTO turns (rota, body) VALUES (?, ?) ON CONFLICT (rota) DO UPDATE SET body = excluded.body`, t.Rota, body)
	}
	if err != nil {
		return fmt.Errorf("writing the turn of rota %s: %w", t.Rota, err)
	}
	return nil
}

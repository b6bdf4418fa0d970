package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
)

// AddAudit writes down what somebody did.
func (tx *Tx) AddAudit(e audit.Entry) error {
	body, err := json.Marshal(e)
	if err == nil {
		_, err = tx.sql.ExecContext(tx.ctx, `INSERT INTO audit (id, at, incident_id, body) VALUES (?, ?, ?, ?)`,
			rand.Text(), nanos(e.At), number(e.Incident), body)
	}
	if err != nil {
		return fmt.Errorf("writing the audit: %w", err)
	}
	return nil
}

// Audit lists what was done before an instant, the newest first.
func (s *Store) Audit(ctx context.Context, q audit.Query) ([]audit.Entry, error) {
	query, args := `SELECT body FROM audit WHERE at < ?`, []any{nanos(q.Before)}
	if q.Incident != 0 {
		query, args = query+` AND incident_id = ?`, append(args, q.Incident)
	}
	rows, err := s.reads.QueryContext(ctx, query+` ORDER BY at DESC LIMIT ?`, append(args, q.Most)...)
	return bodies[audit.Entry]("the audit", rows, err)
}

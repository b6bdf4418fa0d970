package store

import (
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// loadRelated adds what the engine must know beside the incidents of a state:
// the incidents above and below them, the open ones under the same cause, and
// the open ones of related services whose users are affected, with what those
// come from: it may be over.
func (tx *Tx) loadRelated(state *incident.State, services []string) error {
	for _, i := range state.Incidents { // without those that are added meanwhile
		if err := tx.addIncidents(state, `SELECT state FROM incidents WHERE parent_id = ? AND closed_at IS NULL ORDER BY id`, i.ID); err != nil {
			return err
		}
		if i.Parent == 0 {
			continue
		}
		if err := tx.addIncidents(state, `SELECT state FROM incidents WHERE id = ?`, i.Parent); err != nil {
			return err
		}
		if err := tx.addIncidents(state, `SELECT state FROM incidents WHERE parent_id = ? AND closed_at IS NULL ORDER BY id`, i.Parent); err != nil {
			return err
		}
	}
	if len(services) == 0 {
		return nil
	}
	args := []any{incident.AudienceUsers}
	for _, service := range services {
		args = append(args, service)
	}
	which := `FROM incidents WHERE closed_at IS NULL AND drill = 0 AND audience = ? AND service IN (?` + strings.Repeat(", ?", len(services)-1) + `)`
	if err := tx.addIncidents(state, `SELECT state `+which+` ORDER BY id`, args...); err != nil {
		return err
	}
	return tx.addIncidents(state, `SELECT state FROM incidents WHERE id IN (SELECT parent_id `+which+`) ORDER BY id`, args...)
}

// addIncidents adds what a query gives and the state does not have yet.
func (tx *Tx) addIncidents(state *incident.State, query string, args ...any) error {
	rows, err := tx.sql.QueryContext(tx.ctx, query, args...)
	found, err := bodies[incident.Incident]("related incidents", rows, err)
	if err != nil {
		return err
	}
	for _, i := range found {
		if _, known := state.Incident(i.ID); !known {
			state.Incidents = append(state.Incidents, i)
		}
	}
	return nil
}

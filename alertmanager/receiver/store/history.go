package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// saveHistory keeps what has closed in short, and forgets what opens again.
func (tx *Tx) saveHistory(after incident.State, events []incident.Event) error {
	for _, e := range events {
		if e.Kind != incident.KindClosed && e.Kind != incident.KindReopened {
			continue
		}
		i, is := after.Incident(e.Incident)
		if !is {
			continue
		}
		if _, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM history WHERE incident_id = ?`, i.ID); err != nil {
			return fmt.Errorf("writing the history: %w", err)
		}
		if !i.Open() {
			if err := tx.addHistory(i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) addHistory(i incident.Incident) error {
	first, err := tx.firstAcknowledged(i.ID)
	if err != nil {
		return err
	}
	e := history.Of(i, first)
	body, err := json.Marshal(e)
	if err == nil {
		_, err = tx.sql.ExecContext(tx.ctx, `
			INSERT INTO history (incident_id, closed_at, service, team, audience, severity, drill, words, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.ID, nanos(e.Closed), e.Service, e.Team, e.Audience, e.Severity, flag(e.Drill), e.Words(), body)
	}
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// firstAcknowledged is when somebody took an incident on first; zero for never.
func (tx *Tx) firstAcknowledged(id incident.ID) (time.Time, error) {
	var first sql.NullInt64
	err := tx.sql.QueryRowContext(tx.ctx, `SELECT min(at) FROM events WHERE incident_id = ? AND kind IN (?, ?)`,
		id, incident.KindAcknowledged, incident.KindSnoozed).Scan(&first)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading events: %w", err)
	}
	if !first.Valid {
		return time.Time{}, nil
	}
	return instant(first.Int64), nil
}

// Recall makes the history of incidents that closed before there was one.
func (tx *Tx) Recall() error {
	var missing []incident.Incident
	rows, err := tx.sql.QueryContext(tx.ctx, `SELECT state FROM incidents WHERE closed_at IS NOT NULL AND id NOT IN (SELECT incident_id FROM history)`)
	if missing, err = bodies[incident.Incident]("incidents", rows, err); err != nil {
		return err
	}
	for _, i := range missing {
		if err := tx.addHistory(i); err != nil {
			return err
		}
	}
	return nil
}

// History lists what is over, the newest first.
func (s *Store) History(ctx context.Context, q history.Query) ([]history.Entry, error) {
	where, args := []string{"1 = 1"}, []any{}
	and := func(given bool, condition string, values ...any) {
		if given {
			where, args = append(where, condition), append(args, values...)
		}
	}
	and(q.Service != "", "service = ?", q.Service)
	and(q.Team != "", "team = ?", q.Team)
	and(q.Audience != "", "audience = ?", q.Audience)
	and(q.Severity != "", "severity = ?", q.Severity)
	and(!q.Drills, "drill = 0")
	and(!q.From.IsZero(), "closed_at >= ?", nanos(q.From))
	and(!q.Until.IsZero(), "closed_at < ?", nanos(q.Until))
	and(q.Text != "", `words LIKE ? ESCAPE '!'`, "%"+literally(strings.ToLower(q.Text))+"%")
	if q.After != nil {
		at := nanos(q.After.Closed)
		and(true, "(closed_at < ? OR closed_at = ? AND incident_id < ?)", at, at, q.After.ID)
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT body FROM history WHERE `+strings.Join(where, " AND ")+
		` ORDER BY closed_at DESC, incident_id DESC LIMIT ?`, append(args, q.Most)...)
	return bodies[history.Entry]("the history", rows, err)
}

// literally takes a text's signs for LIKE away.
func literally(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

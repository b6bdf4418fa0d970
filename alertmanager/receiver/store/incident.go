package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// LoadKey gives what is known of one incident key, of the occurrences that an
// input names, and of what is open at related services.
func (tx *Tx) LoadKey(k incident.Key, occurrences []incident.Occurrence, related []string) (incident.State, error) {
	state := incident.State{Ended: map[incident.Occurrence]incident.Ended{}}
	if err := tx.nextID(&state); err != nil {
		return state, err
	}
	row := tx.sql.QueryRowContext(tx.ctx, `SELECT state FROM incidents WHERE service = ? AND audience = ? AND drill = ? ORDER BY id DESC LIMIT 1`, k.Service, k.Audience, flag(k.Drill))
	if err := scanIncident(row, &state); err != nil && !errors.Is(err, ErrNotFound) {
		return state, err
	}
	if err := tx.loadRelated(&state, related); err != nil {
		return state, err
	}
	return state, tx.loadEnded(&state, occurrences)
}

// LoadIncident gives what is known of one incident, which comes first, and of
// those above and below it; of others beside it in the same way, where they
// are. [ErrNotFound] says that there is none.
func (tx *Tx) LoadIncident(id incident.ID, beside ...incident.ID) (incident.State, error) {
	var state incident.State
	if err := tx.nextID(&state); err != nil {
		return state, err
	}
	row := tx.sql.QueryRowContext(tx.ctx, `SELECT state FROM incidents WHERE id = ?`, id)
	if err := scanIncident(row, &state); err != nil {
		return state, err
	}
	for _, other := range beside {
		if err := tx.addIncidents(&state, `SELECT state FROM incidents WHERE id = ?`, other); err != nil {
			return state, err
		}
	}
	return state, tx.loadRelated(&state, nil)
}

func (tx *Tx) nextID(state *incident.State) error {
	err := tx.sql.QueryRowContext(tx.ctx, `SELECT coalesce(max(id), 0) + 1 FROM incidents`).Scan(&state.NextID)
	if err != nil {
		return fmt.Errorf("numbering incidents: %w", err)
	}
	return nil
}

func (tx *Tx) loadEnded(state *incident.State, occurrences []incident.Occurrence) error {
	for _, o := range occurrences {
		var at int64
		var removed bool
		err := tx.sql.QueryRowContext(tx.ctx, `SELECT ended_at, removed FROM occurrences WHERE source = ? AND fingerprint = ? AND starts_at = ?`,
			o.Source, o.Fingerprint, nanos(o.StartsAt)).Scan(&at, &removed)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading occurrences: %w", err)
		}
		state.Ended[o] = incident.Ended{At: instant(at), Removed: removed}
	}
	return nil
}

// EndedSince says whether an alert that began at start, or later, has ended here.
func (tx *Tx) EndedSince(source, fingerprint string, start time.Time) (bool, error) {
	n := 0
	err := tx.sql.QueryRowContext(tx.ctx, `SELECT count(*) FROM occurrences WHERE source = ? AND fingerprint = ? AND starts_at >= ?`,
		source, fingerprint, nanos(start)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("reading occurrences: %w", err)
	}
	return n > 0, nil
}

type scanner interface{ Scan(...any) error }

func scanIncident(row scanner, state *incident.State) error {
	var text []byte
	err := row.Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("reading an incident: %w", err)
	}
	var i incident.Incident
	if err := json.Unmarshal(text, &i); err != nil {
		return fmt.Errorf("reading an incident: %w", err)
	}
	state.Incidents = append(state.Incidents, i)
	return nil
}

// Save writes events and the incidents as they are after them, and puts what
// is to be sent into the outbox.
func (tx *Tx) Save(after incident.State, events []incident.Event) error {
	sequence := map[incident.ID]int{}
	changed := map[incident.ID]bool{}
	for _, e := range events {
		changed[e.Incident] = true
		sequence[e.Incident]-- // the events end at the incident's sequence number
	}
	for _, i := range after.Incidents {
		sequence[i.ID] += i.Sequence
		if changed[i.ID] {
			if err := tx.saveIncident(i); err != nil {
				return err
			}
		}
	}
	for _, e := range events { // forward: what was queued first is sent first
		sequence[e.Incident]++
		if err := tx.saveEvent(e, sequence[e.Incident]); err != nil {
			return err
		}
	}
	return tx.saveHistory(after, events)
}

func (tx *Tx) saveIncident(i incident.Incident) error {
	text, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("writing incident %d: %w", i.ID, err)
	}
	_, err = tx.sql.ExecContext(tx.ctx, `
		INSERT INTO incidents (id, service, audience, drill, opened_at, closed_at, due_at, parent_id, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET closed_at = excluded.closed_at, due_at = excluded.due_at, parent_id = excluded.parent_id, state = excluded.state`,
		i.ID, i.Service, i.Audience, flag(i.Drill), nanos(i.Opened), maybe(i.Closed), maybe(i.Due()), number(i.Parent), text)
	if err != nil {
		return fmt.Errorf("writing incident %d: %w", i.ID, err)
	}
	return nil
}

func (tx *Tx) saveEvent(e incident.Event, sequence int) error {
	switch e.Kind {
	case incident.KindAlertResolved, incident.KindAlertEnded:
		if err := tx.saveEnded(e); err != nil {
			return err
		}
	case incident.KindMessageQueued:
		if err := tx.queue(e); err != nil {
			return err
		}
	}
	if e.Incident == 0 {
		return nil
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	_, err = tx.sql.ExecContext(tx.ctx, `INSERT INTO events (incident_id, sequence, at, kind, body) VALUES (?, ?, ?, ?, ?)`,
		e.Incident, sequence, nanos(e.At), e.Kind, text)
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	return nil
}

func (tx *Tx) saveEnded(e incident.Event) error {
	_, err := tx.sql.ExecContext(tx.ctx, `
		INSERT INTO occurrences (source, fingerprint, starts_at, ended_at, removed) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (source, fingerprint, starts_at) DO UPDATE SET ended_at = excluded.ended_at, removed = excluded.removed`,
		e.Alert.Source, e.Alert.Fingerprint, nanos(e.Alert.StartsAt), nanos(e.At), e.Text == incident.ReasonRemoved)
	if err != nil {
		return fmt.Errorf("writing the end of an alert: %w", err)
	}
	return nil
}

// nanos keeps the zero time apart from 1970.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return -1 << 62
	}
	return t.UnixNano()
}

func maybe(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func number(id incident.ID) any {
	if id == 0 {
		return nil
	}
	return id
}

func flag(set bool) int {
	if set {
		return 1
	}
	return 0
}

func instant(nanos int64) time.Time { return time.Unix(0, nanos).UTC() }

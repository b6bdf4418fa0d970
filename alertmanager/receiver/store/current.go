package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// mostDecoded bounds the open incidents that are kept decoded: about ten
// megabytes.
const mostDecoded = 1500

// decoded remembers what the rows of open incidents meant. The board reads
// all of them for each page, and few change between two: understanding a row
// costs twenty times as much as reading it.
type decoded struct {
	seed maphash.Seed

	mu  sync.Mutex
	was map[incident.ID]meaning
}

// meaning is an incident with the sum of the row that it was read from.
type meaning struct {
	sum uint64
	is  incident.Incident
}

func newDecoded() *decoded { return &decoded{seed: maphash.MakeSeed()} }

// Current lists the open incidents, by number. They are shared with other
// readers: nobody changes what is in them.
func (s *Store) Current(ctx context.Context) ([]incident.Incident, error) {
	var list []incident.Incident
	err := s.EachOpen(ctx, func(i incident.Incident) { list = append(list, i) })
	return list, err
}

// EachOpen goes through the open incidents as Current lists them, one at a time:
// ten thousand are never in memory at once. do writes nothing to the store.
func (s *Store) EachOpen(ctx context.Context, do func(incident.Incident)) error {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, state FROM incidents WHERE closed_at IS NULL ORDER BY id`)
	if err != nil {
		return fmt.Errorf("reading incidents: %w", err)
	}
	defer func() { _ = rows.Close() }()
	return s.open.read(rows, do)
}

// EachOpenOf goes through the open incidents of one service.
func (s *Store) EachOpenOf(ctx context.Context, service string, do func(incident.Incident)) error {
	rows, err := s.reads.QueryContext(ctx, `SELECT state FROM incidents WHERE closed_at IS NULL AND service = ? ORDER BY id`, service)
	found, err := bodies[incident.Incident]("incidents", rows, err)
	for _, i := range found {
		do(i)
	}
	return err
}

func (d *decoded) read(rows *sql.Rows, do func(incident.Incident)) error {
	d.mu.Lock()
	before := d.was
	d.mu.Unlock()
	now := make(map[incident.ID]meaning, len(before))
	for rows.Next() {
		var id incident.ID
		var state sql.RawBytes
		if err := rows.Scan(&id, &state); err != nil {
			return fmt.Errorf("reading an incident: %w", err)
		}
		known, sum := before[id], maphash.Bytes(d.seed, state)
		if known.sum != sum || known.is.ID != id {
			known = meaning{sum: sum}
			if err := json.Unmarshal(state, &known.is); err != nil {
				return fmt.Errorf("reading an incident: %w", err)
			}
		}
		do(known.is)
		if len(now) < mostDecoded {
			now[id] = known
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading incidents: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.was = now
	return nil
}

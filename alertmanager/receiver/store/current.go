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
	rows, err := s.reads.QueryContext(ctx, `SELECT id, state FROM incidents WHERE closed_at IS NULL ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	defer func() { _ = rows.Close() }()
	return s.open.read(rows)
}

func (d *decoded) read(rows *sql.Rows) ([]incident.Incident, error) {
	d.mu.Lock()
	before := d.was
	d.mu.Unlock()
	now := make(map[incident.ID]meaning, len(before))
	var list []incident.Incident
	for rows.Next() {
		var id incident.ID
		var state sql.RawBytes
		if err := rows.Scan(&id, &state); err != nil {
			return nil, fmt.Errorf("reading an incident: %w", err)
		}
		known, sum := before[id], maphash.Bytes(d.seed, state)
		if known.sum != sum || known.is.ID != id {
			known = meaning{sum: sum}
			if err := json.Unmarshal(state, &known.is); err != nil {
				return nil, fmt.Errorf("reading an incident: %w", err)
			}
		}
		list = append(list, known.is)
		if len(now) < mostDecoded {
			now[id] = known
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.was = now
	return list, nil
}

package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Two or more receivers over one PostgreSQL are members of it. Each says again
// and again that it lives. What one that has fallen silent had claimed goes
// back to the others, and the first of those who live leads: it alone does
// what must not be done twice.
const (
	// beatEvery is how often a member says that it lives.
	beatEvery = time.Second
	// leaseFor is for how long after it a member relies on what it has claimed,
	// and on leading. It is shorter than deadAfter, so that two never do.
	leaseFor = 4 * time.Second
	// deadAfter is how long after it the others take it for dead.
	deadAfter = 6 * time.Second
	// now is PostgreSQL's clock: those of two machines may differ.
	serverNow = `CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`
)

// member is this program among those that share the database.
type member struct {
	store   *Store
	db      conn // beside the writer, so that no queue delays it
	changed chan struct{}
	stop    context.CancelFunc
	ended   chan struct{}
	own     atomic.Int64 // changes made here

	mu    sync.Mutex
	until time.Time // the end of the lease, by the clock that never jumps
	leads bool
	seen  int64 // changes made elsewhere
}

// join makes the store a member, until leave.
func (s *Store) join(db conn) error {
	ctx, stop := context.WithCancel(context.Background())
	m := &member{store: s, db: db, changed: make(chan struct{}, 1), stop: stop, ended: make(chan struct{})}
	s.member = m
	if err := m.beat(ctx); err != nil {
		stop()
		return fmt.Errorf("joining the receivers that share the database: %w", err)
	}
	go m.run(ctx)
	return nil
}

func (m *member) run(ctx context.Context) {
	defer close(m.ended)
	every := time.NewTicker(beatEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		limited, cancel := context.WithTimeout(ctx, leaseFor)
		_ = m.beat(limited) // the lease runs out by itself
		cancel()
	}
}

// beat renews the lease, and looks at what the others did.
func (m *member) beat(ctx context.Context) error {
	begun := time.Now()
	result, err := m.db.ExecContext(ctx, `UPDATE members SET seen_at = `+serverNow+` WHERE name = ?`, m.store.name)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 { // it is new, or the others took it for dead
		if err := m.store.Update(ctx, m.enter); err != nil {
			return err
		}
	}
	var first string
	var dead bool
	var changes int64
	err = m.db.QueryRowContext(ctx, `
		SELECT (SELECT name FROM members ORDER BY id LIMIT 1), EXISTS (SELECT 1 FROM members WHERE seen_at < `+serverNow+` - ?),
		       (SELECT number FROM changes)`, deadAfter.Milliseconds()).Scan(&first, &dead, &changes)
	if err != nil {
		return err
	}
	if dead {
		if err := m.store.Update(ctx, m.bury); err != nil {
			return err
		}
	}
	m.renew(begun, first == m.store.name, changes-m.own.Load(), dead)
	return nil
}

func (m *member) renew(begun time.Time, leads bool, elsewhere int64, dead bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := dead || elsewhere != m.seen || leads && !m.leads
	m.until, m.leads, m.seen = begun.Add(leaseFor), leads, elsewhere
	if news {
		select {
		case m.changed <- struct{}{}:
		default: // they will look anyway
		}
	}
}

// enter is done one after the other: the first number is the first to be seen.
func (m *member) enter(tx *Tx) error {
	_, err := tx.sql.ExecContext(tx.ctx, `INSERT INTO members (name, seen_at) VALUES (?, `+serverNow+`) ON CONFLICT (name) DO NOTHING`, m.store.name)
	return err
}

// bury takes the dead off the list, and what they had claimed back.
func (m *member) bury(tx *Tx) error {
	if _, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM members WHERE seen_at < `+serverNow+` - ?`, deadAfter.Milliseconds()); err != nil {
		return err
	}
	_, err := tx.Unclaim()
	return err
}

// leave lets the others go on at once.
func (m *member) leave() {
	m.stop()
	<-m.ended
	ctx, cancel := context.WithTimeout(context.Background(), leaseFor)
	defer cancel()
	_ = m.store.Update(ctx, func(tx *Tx) error { // else they take it for dead a little later
		if _, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM members WHERE name = ?`, m.store.name); err != nil {
			return err
		}
		tx.AfterCommit(func() {})
		_, err := tx.Unclaim()
		return err
	})
}

// Holds says whether what this store has claimed is still its own: nobody else
// has it. It always is where there are no others.
func (s *Store) Holds() bool {
	if s.member == nil {
		return true
	}
	s.member.mu.Lock()
	defer s.member.mu.Unlock()
	return time.Now().Before(s.member.until)
}

// Leads says whether this store's receiver is the one of several that does what
// must be done by one only.
func (s *Store) Leads() bool {
	if s.member == nil {
		return true
	}
	s.member.mu.Lock()
	defer s.member.mu.Unlock()
	return s.member.leads && time.Now().Before(s.member.until)
}

// Changes receives after another receiver has changed what is stored, and when
// this one has come to lead. It is nil where there are no others.
func (s *Store) Changes() <-chan struct{} {
	if s.member == nil {
		return nil
	}
	return s.member.changed
}

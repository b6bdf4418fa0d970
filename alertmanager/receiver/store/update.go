package store

import (
	"context"
	"fmt"
	"slices"
)

// mostJobs bounds what one transaction takes, and so the time that the first
// of its jobs waits for the last.
const mostJobs = 128

// job is one call of Update.
type job struct {
	do    func(*Tx) error
	after []func()
	err   error
	ended chan struct{}
}

// Tx is what a function given to Update may do. It is valid until the function
// returns.
type Tx struct {
	ctx   context.Context
	sql   conn
	store *Store
	job   *job
}

// AfterCommit has f called once everything is on the disk, and never if it
// does not get there. f must not block.
func (tx *Tx) AfterCommit(f func()) { tx.job.after = append(tx.job.after, f) }

// Update runs do in a transaction and returns nil when what it wrote is on the
// disk. do may not use anything of the store but its Tx. When ctx ends first,
// Update returns its error, and do may still run: what it shares with its
// caller needs a ctx that does not end.
func (s *Store) Update(ctx context.Context, do func(*Tx) error) error {
	j := &job{do: do, ended: make(chan struct{})}
	if err := s.enqueue(j); err != nil {
		return err
	}
	select {
	case <-j.ended:
		return j.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) enqueue(j *job) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	select {
	case s.queue <- j:
		return nil
	default:
		return ErrOverloaded
	}
}

// write is the one goroutine that writes. It ends when the queue is closed and
// empty.
func (s *Store) write() {
	defer close(s.done)
	for first := range s.queue {
		jobs := []*job{first}
		for len(jobs) < mostJobs {
			select {
			case next, ok := <-s.queue:
				if ok {
					jobs = append(jobs, next)
					continue
				}
			default:
			}
			break
		}
		s.commit(jobs)
	}
}

// commit runs the jobs in one transaction and tells each how it ended.
func (s *Store) commit(jobs []*job) {
	if err := s.transact(jobs); err != nil {
		for _, j := range jobs {
			j.err, j.after = err, nil
		}
	}
	for _, j := range jobs {
		if j.err == nil {
			for _, f := range j.after {
				f()
			}
		}
		close(j.ended)
	}
}

func (s *Store) transact(jobs []*job) error {
	ctx := context.Background() // its callers may go, what they asked for is done
	if s.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.limit)
		defer cancel()
	}
	s.statements.learn(ctx)
	plain, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning to write: %w", err)
	}
	defer func() { _ = plain.Rollback() }()
	tx := understood{plain, s.statements}
	if s.dialect.begin != "" {
		if _, err := tx.ExecContext(ctx, s.dialect.begin); err != nil {
			return fmt.Errorf("beginning to write: %w", err)
		}
	}
	for _, j := range jobs {
		if err := s.runJob(ctx, tx, j); err != nil {
			return err
		}
	}
	if err := s.noteChange(ctx, tx, jobs); err != nil {
		return err
	}
	return s.end(tx)
}

func (s *Store) end(tx understood) error {
	err := error(nil)
	if s.step != nil {
		err = s.step()
	}
	if err == nil {
		err = tx.Commit()
	}
	if err == nil && s.step != nil {
		err = s.step()
	}
	if err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// noteChange tells the other receivers, if there are any, that there is
// something to see.
func (s *Store) noteChange(ctx context.Context, tx understood, jobs []*job) error {
	if s.member == nil || !slices.ContainsFunc(jobs, func(j *job) bool { return j.err == nil && len(j.after) > 0 }) {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "UPDATE changes SET number = number + 1"); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	s.member.own.Add(1)
	return nil
}

// runJob gives an error only when the whole transaction is spoilt.
func (s *Store) runJob(ctx context.Context, tx understood, j *job) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return fmt.Errorf("beginning to write: %w", err)
	}
	j.err = guard(func() error {
		return j.do(&Tx{ctx: ctx, sql: conn{on: tx, speaks: s.dialect, step: s.step}, store: s, job: j})
	})
	if j.err != nil {
		// A full disk has rolled everything back already.
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO job"); err != nil {
			return j.err
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE job"); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

// guard turns a panic into an error: one input that the engine cannot bear
// must not stop the others.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("deciding panicked: %v", r)
		}
	}()
	return f()
}

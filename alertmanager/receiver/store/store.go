// Package store keeps everything the receiver must not forget: notifications,
// incidents with their events, the outbox. It does so in one SQLite file, or
// in a PostgreSQL that several receivers share.
//
// The receiver writes through [Store.Update] and answers Alertmanager only
// when that has returned; the board reads beside it. Every write goes through
// one goroutine that puts what is waiting into one transaction, so that many
// notifications at once cost one flush to the disk.
//
// A function given to Update runs under a savepoint of its own: its error or
// panic undoes its own writes and nobody else's. A failed commit is everybody's
// error, because then nothing of it is on the disk.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

// queueLength is how many writes may wait; more are refused at once, so that
// Alertmanager comes again instead of waiting for its timeout.
const queueLength = 512

// Errors that callers tell apart.
var (
	ErrOverloaded = errors.New("too many writes are waiting")
	ErrClosed     = errors.New("the store is closing")
	ErrNotFound   = errors.New("not found")
)

// Store is open until Close.
type Store struct {
	dialect    *dialect
	name       string  // of this life of the receiver, among those that claim
	member     *member // nil where no others can be
	writes     *sql.DB
	statements *statements
	reads      conn
	open       *decoded
	readsDB    *sql.DB
	schema     int           // the newest
	files      []io.Closer   // what is closed at the end
	limit      time.Duration // of a transaction; 0 for none
	step       func() error  // see OnStep

	mu     sync.RWMutex // guards closing against sending on queue
	closed bool
	queue  chan *job
	done   chan struct{}
}

func newStore(d *dialect) *Store {
	return &Store{dialect: d, open: newDecoded(), name: rand.Text(), schema: len(schemaFiles()), queue: make(chan *job, queueLength), done: make(chan struct{})}
}

// Close takes no more writes, finishes those that wait and closes the files.
func (s *Store) Close() error {
	s.mu.RLock()
	last := !s.closed
	s.mu.RUnlock()
	if last && s.member != nil {
		s.member.leave()
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.queue)
	s.mu.Unlock()
	<-s.done
	return s.closeFiles()
}

func (s *Store) closeFiles() error {
	var problems []error
	for _, file := range slices.Backward(s.files) {
		problems = append(problems, file.Close())
	}
	return errors.Join(problems...)
}

// OnStep has f called before each write, before each commit and after it, to
// try out what a crash there does: where f gives an error, what is asked of the
// store ends with it, as far as it has come. It is for tests, before the first
// Update.
func (s *Store) OnStep(f func() error) { s.step = f }

// Ready says whether the store can write now; the error says why not.
func (s *Store) Ready(ctx context.Context) error {
	return s.Update(ctx, func(*Tx) error { return nil })
}

// Package store keeps everything the receiver must not forget in one SQLite
// file: notifications, incidents with their events, the outbox.
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
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver, in Go: no C compiler is needed
)

// fileName is the database's file in the storage folder.
const fileName = "receiver.db"

// queueLength is how many writes may wait; more are refused at once, so that
// Alertmanager comes again instead of waiting for its timeout.
const queueLength = 512

// busyTimeout is how long a write waits for another program that holds the
// database, such as a backup.
const busyTimeout = 2 * time.Second

// Errors that callers tell apart.
var (
	ErrOverloaded = errors.New("too many writes are waiting")
	ErrClosed     = errors.New("the store is closing")
	ErrNotFound   = errors.New("not found")
)

// Store is open until Close.
type Store struct {
	writes *sql.DB
	reads  *sql.DB
	lock   *os.File

	mu     sync.RWMutex // guards closing against sending on queue
	closed bool
	queue  chan *job
	done   chan struct{}
}

// Open opens the database in the folder, making both where they are missing.
// It refuses a folder on a network file system and one that another receiver
// uses.
func Open(ctx context.Context, folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the storage folder: %w", err)
	}
	if err := refuseNetwork(folder); err != nil {
		return nil, err
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return nil, err
	}
	s := &Store{lock: lock, queue: make(chan *job, queueLength), done: make(chan struct{})}
	if err := s.open(ctx, filepath.Join(folder, fileName)); err != nil {
		s.closeFiles()
		return nil, fmt.Errorf("opening %q: %w", filepath.Join(folder, fileName), err)
	}
	go s.write()
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would make it readable for others
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if s.writes, err = connect(path, 1, "_txlock=immediate"); err != nil {
		return err
	}
	if err := migrate(ctx, s.writes); err != nil {
		return err
	}
	s.reads, err = connect(path, 4, "_pragma=query_only(1)")
	return err
}

// connect gives connections that wait for a lock, flush every commit and keep
// readers apart from the writer.
func connect(path string, connections int, extra string) (*sql.DB, error) {
	pragmas := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)", busyTimeout.Milliseconds())
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: pragmas + "&" + extra}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// Close takes no more writes, finishes those that wait and closes the files.
func (s *Store) Close() error {
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
	for _, db := range []*sql.DB{s.reads, s.writes} {
		if db != nil {
			problems = append(problems, db.Close())
		}
	}
	return errors.Join(append(problems, s.lock.Close())...)
}

// Ready says whether the store can write now; the error says why not.
func (s *Store) Ready(ctx context.Context) error {
	return s.Update(ctx, func(*Tx) error { return nil })
}

package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver, in Go: no C compiler is needed
)

// fileName is the database's file in the storage folder.
const fileName = "receiver.db"

// busyTimeout is how long a write waits for another program that holds the
// database, such as a backup.
const busyTimeout = 2 * time.Second

// Open opens the database in the folder, making both where they are missing.
// It refuses a folder on a network file system and one that another receiver
// uses.
func Open(ctx context.Context, folder string) (*Store, error) {
	lock, err := own(folder)
	if err != nil {
		return nil, err
	}
	s := newStore(sqliteDialect())
	s.files = append(s.files, lock)
	if err := s.openFile(ctx, filepath.Join(folder, fileName)); err != nil {
		_ = s.closeFiles()
		return nil, fmt.Errorf("opening %q: %w", filepath.Join(folder, fileName), mend(err))
	}
	s.statements = newStatements(s.writes)
	go s.write()
	return s, nil
}

// own makes a folder where it is missing and keeps others out of it until the
// file is closed.
func own(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the storage folder: %w", mend(err))
	}
	if err := refuseNetwork(folder); err != nil {
		return nil, err
	}
	return lockFolder(folder)
}

func (s *Store) openFile(ctx context.Context, path string) error {
	fresh, err := isNew(path)
	switch {
	case err != nil:
		return err
	case fresh:
		err = create(ctx, path, s.dialect)
	default:
		err = inspect(ctx, path, "quick_check")
	}
	if err != nil {
		return err
	}
	if s.writes, err = connect(path, 1, "", "_txlock=immediate"); err != nil {
		return err
	}
	s.files = append(s.files, s.writes)
	if err := migrate(ctx, s.writes, s.dialect); err != nil {
		return err
	}
	reads, err := connect(path, 4, "", "_pragma=query_only(1)&_pragma=cache_size(-512)") // KiB; the system has a cache for all
	if err != nil {
		return err
	}
	s.files, s.reads, s.readsDB = append(s.files, reads), conn{on: reads, speaks: s.dialect}, reads
	return nil
}

// connect gives connections that wait for a lock, flush every commit and keep
// readers apart from the writer. What first says is done before all else, by the
// writer only: how space is given back is set by a write, for which readers
// would wait.
func connect(path string, connections int, first, extra string) (*sql.DB, error) {
	return dial(path, connections, first+"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&"+extra)
}

// connectReadOnly gives a connection that leaves the file as it is.
func connectReadOnly(path string) (*sql.DB, error) {
	return dial(path, 1, "mode=ro&_pragma=temp_store(MEMORY)")
}

func dial(path string, connections int, options string) (*sql.DB, error) {
	options = fmt.Sprintf("_pragma=busy_timeout(%d)&%s", busyTimeout.Milliseconds(), options)
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

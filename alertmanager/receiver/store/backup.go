package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Look opens the database of a folder beside the receiver that uses it, for
// Export and Backup. It makes and migrates nothing.
func Look(ctx context.Context, folder string) (*Store, error) {
	path := filepath.Join(folder, fileName)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	reads, err := connect(path, 1, "", "")
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", path, err)
	}
	s := newStore(sqliteDialect())
	s.closed = true // for writing
	s.files = append(s.files, reads)
	s.reads, s.readsDB = conn{on: reads, speaks: s.dialect}, reads
	var version int
	if err := reads.QueryRowContext(ctx, s.dialect.readVersion).Scan(&version); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %q: %w", path, err), s.closeFiles())
	}
	if version != s.schema {
		err := fmt.Errorf("opening %q: it has schema %d, this program works with %d: use the program of the receiver that runs, or start this one on it once", path, version, s.schema)
		return nil, errors.Join(err, s.closeFiles())
	}
	return s, nil
}

// Unlook closes what Look opened.
func (s *Store) Unlook() error { return s.closeFiles() }

// Backup writes the database as it is at one instant into a new file, which
// nobody else can read. The receiver goes on meanwhile.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.dialect.snapshot != 0 {
		return errors.New("a PostgreSQL is backed up with its own tools (pg_dump, or a base backup), or exported")
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite fills an empty file
	if err != nil {
		return fmt.Errorf("making the backup: %w", err)
	}
	_, err = s.readsDB.ExecContext(ctx, "VACUUM INTO ?", path)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(fmt.Errorf("making the backup: %w", err), os.Remove(path))
	}
	return nil
}

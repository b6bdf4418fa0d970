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
		return nil, errors.Join(fmt.Errorf("opening %q: %w", path, mend(err)), s.closeFiles())
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
	if err = errors.Join(err, file.Close(), syncFolder(path)); err != nil {
		return errors.Join(fmt.Errorf("making the backup: %w", mend(err)), os.Remove(path))
	}
	return nil
}

// Restore puts a backup into the place of the database of a folder that no
// receiver uses. What was there is kept in the folder it gives, "" when there
// was nothing; on an error all is as it was.
func Restore(ctx context.Context, folder, backup string) (kept string, err error) {
	lock, err := own(folder)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	path := filepath.Join(folder, fileName)
	begun := path + ".new"
	if err := errors.Join(removeAll(begun), copied(ctx, backup, begun)); err != nil {
		return "", errors.Join(fmt.Errorf("restoring %q: %w", backup, err), removeAll(begun))
	}
	if kept, err = keep(path); err != nil {
		return "", errors.Join(fmt.Errorf("keeping what was there before: %w", mend(err)), removeAll(begun))
	}
	if err := moved(begun, path); err != nil {
		return kept, fmt.Errorf("restoring %q: %w", backup, mend(err))
	}
	return kept, nil
}

// copied makes a new file of a backup that is whole and not of a newer program.
func copied(ctx context.Context, backup, to string) error {
	if fresh, err := isNew(backup); err != nil || fresh {
		return errors.Join(err, os.ErrNotExist)
	}
	if err := inspect(ctx, backup, "integrity_check"); err != nil {
		return fmt.Errorf("the backup is not a whole database of the receiver: %w", err)
	}
	from, err := connectReadOnly(backup)
	if err != nil {
		return err
	}
	s := newStore(sqliteDialect())
	s.readsDB = from
	defer func() { _ = from.Close() }()
	var version int
	if err := from.QueryRowContext(ctx, s.dialect.readVersion).Scan(&version); err != nil {
		return err
	}
	if version > s.schema {
		return fmt.Errorf("it has schema %d, this program knows %d: use the newer program that wrote it", version, s.schema)
	}
	return s.Backup(ctx, to)
}

// keep puts the files of a database into a new folder beside it too, and takes
// the log away: over another file it would be its ruin.
func keep(path string) (folder string, err error) {
	for _, name := range beside(path) {
		if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if folder == "" {
			if folder, err = os.MkdirTemp(filepath.Dir(path), "before-restore-"); err != nil {
				return "", err
			}
		}
		if err := os.Link(name, filepath.Join(folder, filepath.Base(name))); err != nil {
			return "", err
		}
	}
	if folder == "" {
		return "", nil
	}
	if err := syncFolder(filepath.Join(folder, fileName)); err != nil {
		return "", err
	}
	return folder, remove(beside(path)[1:])
}

// moved gives a file its name, so that it has it after a power cut too.
func moved(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(to)
}

// syncFolder writes the name of a file to the disk.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

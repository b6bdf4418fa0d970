package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"modernc.org/sqlite"
)

// mending is what helps when the file is damaged.
const mending = "nothing was changed; restore a backup with `tocsin_receiver restore FILE`, or begin anew by moving the file away, with those that end in -wal and -shm"

// Result codes of SQLite: https://www.sqlite.org/rescode.html.
const (
	codePerm     = 3
	codeReadOnly = 8
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
)

// mend adds to an error of opening what to do about it.
func mend(err error) error {
	failed, is := errors.AsType[*sqlite.Error](err)
	switch {
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%w: the receiver writes there; let its user do so, or choose another folder with --storage.path", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: make space, or choose another folder with --storage.path", err)
	case !is:
		return err
	}
	switch failed.Code() & 0xff {
	case codeCorrupt, codeNotADB:
		return fmt.Errorf("%w: the file is damaged, or not a database of the receiver: %s", err, mending)
	case codePerm, codeReadOnly, codeCantOpen:
		return fmt.Errorf("%w: the receiver writes to the folder and to every receiver.db* in it: let its user do so", err)
	case codeFull:
		return fmt.Errorf("%w: make space there, or choose another folder with --storage.path", err)
	case codeIO:
		return fmt.Errorf("%w: the disk is full or broken, see the log of the system: %s", err, mending)
	}
	return err
}

// smallest is the size of the smallest database: a page.
const smallest = 512

// isNew says whether no database is there. What is left of one is not taken for
// none: SQLite would make an empty one of it.
func isNew(path string) (bool, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() < smallest {
		return false, fmt.Errorf("the file has %d bytes, and no database has less than %d: %s", info.Size(), smallest, mending)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return false, fmt.Errorf("the file is not there and its log %q is: put the file back that belongs to it, or move the log away to begin anew", path+"-wal")
	}
	return true, nil
}

// create makes a new database under another name first, so that one that is
// there is whole.
func create(ctx context.Context, path string, d *dialect) error {
	begun := path + ".new"
	if err := removeAll(begun); err != nil {
		return err
	}
	file, err := os.OpenFile(begun, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // SQLite would make it readable for others
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	db, err := connect(begun, 1, "_pragma=auto_vacuum(INCREMENTAL)", "_txlock=immediate")
	if err != nil {
		return err
	}
	if err := errors.Join(migrate(ctx, db, d), db.Close()); err != nil {
		return errors.Join(err, removeAll(begun))
	}
	return moved(begun, path)
}

// removeAll removes a database with what SQLite puts beside it.
func removeAll(path string) error { return remove(beside(path)) }

func remove(names []string) error {
	var problems []error
	for _, name := range names {
		if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// beside are the files of a database, itself first.
func beside(path string) []string {
	return []string{path, path + "-wal", path + "-shm", path + "-journal"}
}

// inspect refuses a file that is damaged or somebody else's while nothing was
// written to it. How thoroughly it looks is a pragma's name.
func inspect(ctx context.Context, path, how string) error {
	db, err := connectReadOnly(path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA "+how+"(1)").Scan(&answer); err != nil {
		return fmt.Errorf("checking the file: %w", err)
	}
	if answer != "ok" {
		return fmt.Errorf("the file is damaged (%s): %s", answer, mending)
	}
	var version, tables, ours int
	query := `SELECT (SELECT user_version FROM pragma_user_version), count(*), count(*) FILTER (WHERE name IN ('notifications', 'incidents', 'outbox')) FROM sqlite_master WHERE type = 'table'`
	if err := db.QueryRowContext(ctx, query).Scan(&version, &tables, &ours); err != nil {
		return fmt.Errorf("checking the file: %w", err)
	}
	if version < 0 || (version > 0) != (ours == 3) || version == 0 && tables > 0 {
		return fmt.Errorf("the file is a database of another program (schema %d, %d tables), or damaged: %s", version, tables, mending)
	}
	return nil
}

package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed schema/*.sql
var schema embed.FS

// migrate brings the database to the newest schema, forward only.
func migrate(ctx context.Context, db *sql.DB, d *dialect) error {
	for again := true; again; {
		var err error
		if again, err = step(ctx, db, d, schemaFiles()); err != nil {
			return err
		}
	}
	return nil
}

// schemaFiles are the files of the schema in order.
func schemaFiles() []string {
	files, _ := fs.Glob(schema, "schema/*.sql") // only a bad pattern is an error
	return files
}

// step applies the next file, in a transaction of its own; false when there is
// none. Another receiver may be doing the same.
func step(ctx context.Context, db *sql.DB, d *dialect, files []string) (again bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }()
	version, err := readVersion(ctx, tx, d)
	if err != nil {
		return false, err
	}
	if version > len(files) {
		return false, fmt.Errorf("the database has schema %d, this program knows %d: use the newer program that wrote it", version, len(files))
	}
	if version == len(files) {
		return false, tx.Commit()
	}
	text, err := schema.ReadFile(files[version])
	if err != nil {
		return false, err
	}
	for _, query := range []string{d.schema(string(text)), fmt.Sprintf(d.writeVersion, version+1)} {
		if _, err := tx.ExecContext(ctx, query); err != nil {
			return false, fmt.Errorf("migrating to schema %d: %w", version+1, err)
		}
	}
	return true, tx.Commit()
}

func readVersion(ctx context.Context, tx *sql.Tx, d *dialect) (version int, err error) {
	for _, query := range []string{d.begin, d.makeVersion} {
		if query == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, query); err != nil {
			return 0, err
		}
	}
	return version, tx.QueryRowContext(ctx, d.readVersion).Scan(&version)
}

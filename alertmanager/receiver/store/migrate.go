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

// migrate brings the database to the newest schema, forward only. The number
// of the last applied file is SQLite's user_version.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(files) {
		return fmt.Errorf("the database has schema %d, this program knows %d: use the newer program that wrote it", version, len(files))
	}
	if err := check(ctx, db); err != nil {
		return err
	}
	for n := version; n < len(files); n++ {
		if err := step(ctx, db, files[n], n+1); err != nil {
			return fmt.Errorf("migrating to schema %d: %w", n+1, err)
		}
	}
	return nil
}

func step(ctx context.Context, db *sql.DB, file string, version int) error {
	text, err := schema.ReadFile(file)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// check refuses a damaged file while it can still be replaced by a backup.
func check(ctx context.Context, db *sql.DB) error {
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil {
		return fmt.Errorf("checking the file: %w", err)
	}
	if answer != "ok" {
		return fmt.Errorf("the file is damaged (%s): restore a backup, or move it away to begin anew", answer)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// keep opens the database that the flags name, to work with it.
func keep(ctx context.Context, f flags) (*store.Store, error) {
	if f.dsnFile == "" {
		return store.Open(ctx, f.Storage)
	}
	address, err := os.ReadFile(f.dsnFile)
	if err != nil {
		return nil, fmt.Errorf("reading the address of the database: %w", err)
	}
	if strings.TrimSpace(string(address)) == "" {
		return nil, fmt.Errorf("reading the address of the database: %q is empty", f.dsnFile)
	}
	return store.Connect(ctx, strings.TrimSpace(string(address)))
}

// look opens it beside a receiver that works with it.
func look(ctx context.Context, f flags) (s *store.Store, end func() error, err error) {
	if f.dsnFile != "" {
		s, err = keep(ctx, f)
		return s, func() error { return s.Close() }, err
	}
	s, err = store.Look(ctx, f.Storage)
	return s, func() error { return s.Unlook() }, err
}

// backup copies the database while the receiver runs.
func backup(ctx context.Context, f flags, stdout io.Writer) error {
	s, end, err := look(ctx, f)
	if err != nil {
		return err
	}
	err = s.Backup(ctx, f.file)
	if err == nil {
		fmt.Fprintf(stdout, "%s is a copy of the database.\n", f.file)
	}
	return errors.Join(err, end())
}

// restore puts a backup in the place of the database.
func restore(ctx context.Context, f flags, stdout io.Writer) error {
	if f.dsnFile != "" {
		return errors.New("a PostgreSQL is restored with its own tools (psql, pg_restore), or imported into")
	}
	kept, err := store.Restore(ctx, f.Storage, f.file)
	if kept != "" {
		fmt.Fprintf(stdout, "What was there before is in %s.\n", kept)
	}
	if err == nil {
		fmt.Fprintf(stdout, "%s is the database now.\n", f.file)
	}
	return err
}

// export writes everything as lines while the receiver runs.
func export(ctx context.Context, f flags, stdout io.Writer) error {
	s, end, err := look(ctx, f)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(fmt.Errorf("exporting: %w", err), end())
	}
	count, err := s.Export(ctx, file)
	if err = errors.Join(err, file.Sync(), file.Close(), end()); err != nil {
		return errors.Join(fmt.Errorf("exporting: %w", err), os.Remove(f.file))
	}
	fmt.Fprintf(stdout, "%s has %d rows.\n", f.file, count)
	return nil
}

// importLines reads what export wrote, before the receiver is started.
func importLines(ctx context.Context, f flags, stdout io.Writer) error {
	file, err := os.Open(f.file)
	if err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	defer func() { _ = file.Close() }()
	s, err := keep(ctx, f)
	if err != nil {
		return err
	}
	count, err := s.Import(ctx, file)
	if err = errors.Join(err, s.Close()); err != nil {
		return fmt.Errorf("importing %q: %w", f.file, err)
	}
	fmt.Fprintf(stdout, "%d rows were imported.\n", count)
	return nil
}

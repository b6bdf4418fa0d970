package store

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// header is the first line of an export.
type header struct {
	Export string `json:"export"`
	Schema int    `json:"schema"`
}

// exportName says what the lines are.
const exportName = "tocsin_receiver"

// line is one row of a table. Bytes that are text are written as text.
type line struct {
	Table string         `json:"table"`
	Row   map[string]any `json:"row"`
}

// blob is bytes that are not text.
type blob struct {
	Base64 []byte `json:"base64"`
}

// Export writes everything that is kept as lines of JSON, as it is at one
// instant; whoever uses the database is not held up. The lines hold the keys
// with which links are signed. It gives the number of rows.
func (s *Store) Export(ctx context.Context, to io.Writer) (int, error) {
	tx, err := s.readsDB.BeginTx(ctx, &sql.TxOptions{Isolation: s.dialect.snapshot, ReadOnly: s.dialect.snapshot != 0})
	if err != nil {
		return 0, fmt.Errorf("beginning to read: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if s.dialect.atLength != "" {
		if _, err := tx.ExecContext(ctx, s.dialect.atLength); err != nil {
			return 0, fmt.Errorf("beginning to read: %w", err)
		}
	}
	out := bufio.NewWriter(to)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	db := conn{on: tx, speaks: s.dialect}
	all, err := tables(ctx, db)
	if err != nil {
		return 0, err
	}
	if err := lines.Encode(header{exportName, s.schema}); err != nil {
		return 0, err
	}
	count := 0
	for _, t := range all {
		n, err := export(ctx, db, t, lines)
		if count += n; err != nil {
			return count, fmt.Errorf("exporting %s: %w", t.name, err)
		}
	}
	return count, out.Flush()
}

func export(ctx context.Context, db conn, t table, to *json.Encoder) (count int, err error) {
	var names, order []string
	for _, c := range t.columns {
		names = append(names, c.name)
		if c.text {
			order = append(order, c.name+db.speaks.collate)
		} else {
			order = append(order, c.name)
		}
	}
	order = order[:min(3, len(order))] // no key has more
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+t.name+" ORDER BY "+strings.Join(order, ", "))
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for ; rows.Next(); count++ {
		values, places := make([]any, len(names)), make([]any, len(names))
		for n := range values {
			places[n] = &values[n]
		}
		if err := rows.Scan(places...); err != nil {
			return count, err
		}
		row := map[string]any{}
		for n, c := range t.columns {
			row[c.name] = written(values[n], c)
		}
		if t.name == "outbox" { // whoever has claimed it will not be there
			row["claimed_at"], row["claimed_by"] = nil, ""
		}
		if err := to.Encode(line{t.name, row}); err != nil {
			return count, err
		}
	}
	return count, rows.Err()
}

// written is a value as it stands in a line. SQLite gives nil for no bytes.
func written(value any, of column) any {
	b, isBytes := value.([]byte)
	switch {
	case value == nil && of.bytes && of.needed, isBytes && b == nil && of.needed:
		return ""
	case !isBytes:
		return value
	case b == nil:
		return nil
	case utf8.Valid(b):
		return string(b)
	}
	return blob{b}
}

// ErrNotEmpty says that a store has something in it, with which what is
// imported would be mixed.
var ErrNotEmpty = errors.New("there is something in the database already: import into an empty one")

// Import reads what Export wrote, into a store in which nothing is. On an error
// nothing is imported; it names the line.
func (s *Store) Import(ctx context.Context, from io.Reader) (count int, err error) {
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("beginning to write: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if s.dialect.begin != "" {
		if _, err := tx.ExecContext(ctx, s.dialect.begin); err != nil {
			return 0, fmt.Errorf("beginning to write: %w", err)
		}
	}
	db := conn{on: tx, speaks: s.dialect}
	all, err := tables(ctx, db)
	if err == nil {
		err = empty(ctx, db, all)
	}
	if err != nil {
		return 0, err
	}
	if count, err = s.importLines(ctx, db, all, from); err != nil {
		return 0, err
	}
	if err := s.dialect.renumber(ctx, db, all); err != nil {
		return 0, fmt.Errorf("numbering what follows: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("committing: %w", err)
	}
	return count, nil
}

func empty(ctx context.Context, db conn, all []table) error {
	for _, t := range all {
		var found bool
		if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+t.name+")").Scan(&found); err != nil {
			return fmt.Errorf("looking into %s: %w", t.name, err)
		}
		if found {
			return ErrNotEmpty
		}
	}
	return nil
}

func (s *Store) importLines(ctx context.Context, db conn, all []table, from io.Reader) (count int, err error) {
	lines := json.NewDecoder(bufio.NewReader(from))
	lines.UseNumber()
	var first header
	if err := lines.Decode(&first); err != nil || first.Export != exportName {
		return 0, errors.New("line 1: this is not an export of tocsin_receiver")
	}
	if first.Schema > s.schema {
		return 0, fmt.Errorf("line 1: the export has schema %d, this program knows %d: use the newer program that wrote it", first.Schema, s.schema)
	}
	for number := 2; ; number++ {
		var l line
		err := lines.Decode(&l)
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err == nil {
			err = insert(ctx, db, all, l)
		}
		if err != nil {
			return count, fmt.Errorf("line %d: %w", number, err)
		}
		count++
	}
}

func insert(ctx context.Context, db conn, all []table, l line) error {
	n := slices.IndexFunc(all, func(t table) bool { return t.name == l.Table })
	if n < 0 {
		return fmt.Errorf("there is no table %q", l.Table)
	}
	var names []string
	var values []any
	for name, value := range l.Row {
		c, known := all[n].column(name)
		if !known {
			return fmt.Errorf("there is no column %q in table %q", name, l.Table)
		}
		v, err := read(value, c)
		if err != nil {
			return fmt.Errorf("column %q of table %q: %w", name, l.Table, err)
		}
		names, values = append(names, name), append(values, v)
	}
	if len(names) == 0 {
		return fmt.Errorf("the row of table %q is empty", l.Table)
	}
	_, err := db.ExecContext(ctx, "INSERT INTO "+l.Table+" ("+strings.Join(names, ", ")+") VALUES (?"+strings.Repeat(", ?", len(names)-1)+")", values...)
	return err
}

// read is the inverse of written. Older exports hold null for no bytes, too.
func read(value any, of column) (any, error) {
	switch v := value.(type) {
	case nil:
		if of.bytes && of.needed {
			return []byte{}, nil
		}
		return nil, nil
	case json.Number:
		return v.Int64()
	case string:
		if of.bytes {
			return []byte(v), nil
		}
		return v, nil
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		var b blob
		strict := json.NewDecoder(bytes.NewReader(text))
		strict.DisallowUnknownFields()
		return b.Base64, strict.Decode(&b)
	}
	return nil, fmt.Errorf("%T is not a value that an export holds", value)
}

package store

import (
	"context"
	"fmt"
	"slices"
)

// table is one of the database, with its columns in order.
type table struct {
	name    string
	columns []column
}

type column struct {
	name        string
	bytes, text bool // else a number
	needed      bool // it is never NULL
}

// passing are the tables of which nothing outlives the receivers that run now.
var passing = [...]string{"members", "changes", "schema_version"}

// tables lists what is kept, by name.
func tables(ctx context.Context, db conn) ([]table, error) {
	rows, err := db.QueryContext(ctx, db.speaks.columns)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []table
	for rows.Next() {
		var name, kind string
		var c column
		if err := rows.Scan(&name, &c.name, &kind, &c.needed); err != nil {
			return nil, fmt.Errorf("listing the tables: %w", err)
		}
		c.text = kind == "TEXT" || kind == "text"
		c.bytes = kind == "BLOB" || kind == "bytea"
		if slices.Contains(passing[:], name) {
			continue
		}
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, table{name: name})
		}
		last := &all[len(all)-1]
		last.columns = append(last.columns, c)
	}
	return all, rows.Err()
}

func (t table) has(name string) bool {
	_, found := t.column(name)
	return found
}

func (t table) column(name string) (column, bool) {
	n := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	if n < 0 {
		return column{}, false
	}
	return t.columns[n], true
}

package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// schemas counts the files of the schema.
func schemas(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("schema/*.sql")
	require.NoError(t, err)
	return len(files)
}

// early makes a database of an early schema, with the rows that programs of up
// to then wrote: testdata holds those that each schema brought.
func early(t *testing.T, p place, schema int) {
	t.Helper()
	db := p.other(t)
	_, file := p.(sqliteFolder)
	_, translated := store.Postgres()
	do := func(query string) {
		t.Helper()
		if !file {
			query = translated(query)
		}
		_, err := db.ExecContext(t.Context(), query)
		require.NoError(t, err)
	}
	if file { // nothing of it has to outlive a power cut
		db.SetMaxOpenConns(1)
		do("PRAGMA synchronous = OFF")
	}
	for n := 1; n <= schema; n++ {
		text, err := os.ReadFile(fmt.Sprintf("schema/%04d.sql", n))
		require.NoError(t, err)
		do(string(text))
		if rows, err := os.ReadFile(fmt.Sprintf("testdata/%04d.sql", n)); err == nil {
			do(string(rows))
		}
	}
	if file {
		do(fmt.Sprintf("PRAGMA user_version = %d", schema))
	} else {
		do("CREATE TABLE schema_version (version INTEGER NOT NULL)")
		do(fmt.Sprintf("INSERT INTO schema_version (version) VALUES (%d)", schema))
	}
	require.NoError(t, db.Close())
}

func TestEarlySchemasAreMigrated(t *testing.T) {
	for schema := 1; schema <= schemas(t); schema++ {
		t.Run(fmt.Sprint(schema), func(t *testing.T) { isMigrated(t, sqliteFolder(t.TempDir()), schema) })
	}
}

func TestRealEarlySchemasAreMigratedInPostgreSQL(t *testing.T) {
	server := newServer(t)
	for schema := 1; schema <= schemas(t); schema++ {
		t.Run(fmt.Sprint(schema), func(t *testing.T) { isMigrated(t, server.database(t), schema) })
	}
}

// isMigrated reads everything of an early database, and goes on with it.
func isMigrated(t *testing.T, p place, schema int) {
	early(t, p, schema)
	s := p.store(t)
	open, err := s.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, "shop", open[0].Service)
	require.Len(t, open[0].Firing(), 1)
	closed, err := s.Closed(t.Context(), start, 10)
	require.NoError(t, err)
	require.Len(t, closed, 1)
	events, err := s.Events(t.Context(), 1)
	require.NoError(t, err)
	require.Len(t, events, 2)
	key, err := s.Key(t.Context(), "acknowledge")
	require.NoError(t, err)
	require.Equal(t, "0123456789abcdef0123456789abcdef", string(key))
	beats, err := s.Beats(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]time.Time{"am": start}, beats)
	due, _, err := s.Due(t.Context(), start.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, incident.ID(1), due[0])
	reads := []struct {
		since int
		count func() (int, error)
	}{
		{2, func() (int, error) { found, err := s.Windows(t.Context(), start); return len(found), err }},
		{3, func() (int, error) { return len(open) - 1, nil }},
		{4, func() (int, error) { found, err := s.Foreign(t.Context(), start); return len(found), err }},
		{5, func() (int, error) { found, err := s.RotaEntries(t.Context(), start); return len(found), err }},
		{6, func() (int, error) { found, err := s.Kept(t.Context(), 1, "figures"); return len(found), err }},
		{9, func() (int, error) {
			found, err := s.Audit(t.Context(), audit.Query{Before: start.Add(time.Second), Most: 10})
			return len(found), err
		}},
		{10, func() (n int, err error) {
			err = s.Update(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Turn("shop")
				if errors.Is(err, store.ErrNotFound) {
					return nil
				}
				n++
				return err
			})
			return n, err
		}},
		{11, func() (int, error) {
			found, err := s.History(t.Context(), history.Query{Text: "gone", Most: 10})
			return len(found), err
		}},
		{13, func() (int, error) {
			_, err := s.Profile(t.Context(), "asha")
			feed, errFeed := s.Feed(t.Context(), "person asha")
			ended, errEnded := s.SessionEnded(t.Context(), "S1")
			if errors.Is(err, store.ErrNotFound) {
				require.Equal(t, store.Feed{Open: true}, feed)
				return 0, errors.Join(errFeed, errEnded)
			}
			require.Equal(t, store.Feed{Edition: 2, Open: true}, feed)
			require.True(t, ended)
			return 1, errors.Join(err, errFeed, errEnded)
		}},
		{14, func() (n int, err error) {
			err = s.Update(t.Context(), func(tx *store.Tx) error {
				fresh, err := tx.NewCallback("twilio", "SM0123456789abcdef0123456789abcdef", start)
				if !fresh {
					n++
				}
				return err
			})
			return n, err
		}},
		{16, func() (int, error) {
			c, err := s.Calendar(t.Context(), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", time.Time{})
			if errors.Is(err, store.ErrNotFound) {
				return 0, nil
			}
			require.Equal(t, store.Calendar{
				Address: c.Address, Changed: start, Fetched: start.Add(time.Minute), ETag: `"7"`, Modified: "Mon, 23 Nov 2026 12:00:00 GMT", Body: []byte("BEGIN:VCALENDAR"),
			}, c)
			return 1, err
		}},
	}
	for _, read := range reads {
		n, err := read.count()
		require.NoError(t, err)
		want := 0
		if schema >= read.since {
			want = 1
		}
		require.Equal(t, want, n, "what schema %d brought", read.since)
	}
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		n, err := tx.Unclaim()
		require.Equal(t, int64(1), n, "what an early program had claimed goes out")
		return err
	}))
	require.NoError(t, s.Update(t.Context(), fire("shop")))
	require.NotEmpty(t, claim(t, s))
}

// TestEverySchemaHasRows: a table that no early database has rows in is not
// tested.
func TestEverySchemaHasRows(t *testing.T) {
	for n := 1; n <= schemas(t); n++ {
		text, err := os.ReadFile(fmt.Sprintf("schema/%04d.sql", n))
		require.NoError(t, err)
		rows, _ := os.ReadFile(fmt.Sprintf("testdata/%04d.sql", n))
		for line := range strings.Lines(string(text)) {
			rest, found := strings.CutPrefix(line, "CREATE TABLE ")
			name, _, _ := strings.Cut(rest, " ")
			if found && name != "members" && name != "changes" { // what runs now
				require.Truef(t, strings.Contains(string(rows), "INSERT INTO "+name+" "), "write testdata/%04d.sql with a row of %s, as a program of that schema writes it", n, name)
			}
		}
	}
}

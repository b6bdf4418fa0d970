package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// fill puts something into every table.
func fill(t *testing.T, s *store.Store) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), fire("shop")))
	require.NoError(t, s.Update(t.Context(), fire("dätabase \"<&>\"")))
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		ended := incident.Event{Kind: incident.KindAlertResolved, At: start, Alert: &incident.Alert{Source: "am", Fingerprint: "early", StartsAt: start}}
		return tx.Save(incident.State{}, []incident.Event{ended})
	}))
	_, err := s.Key(t.Context(), "acknowledge")
	require.NoError(t, err)
	w := window("work", start)
	e := oncall.Entry{Kind: oncall.Absent, Person: "asha", From: start, Until: start.Add(time.Hour)}
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		for _, problem := range []error{
			tx.AddNotification(store.Notification{ReceivedAt: start, Source: "am", Alerts: 2, Body: []byte("{}\n")}),
			tx.AddNotification(store.Notification{ReceivedAt: start, Source: "am", Alerts: 2, Body: []byte{0, 255, 1}}),
			tx.AddNotification(store.Notification{ReceivedAt: start, Source: "azure", Alerts: 1, Body: []byte{}}), // a post without a body
			over(3, "mail", "a", start, false)(tx),
			tx.Beat("am", start), tx.AddAudit(audit.Entry{At: start, Incident: 1}),
			tx.SaveProfile(store.Profile{Person: "asha", At: start}), tx.PutUnreached(store.Unreached{Person: "mo", At: start}),
			tx.SaveCalendar(store.Calendar{Address: "a", Changed: start, Fetched: start, Body: []byte{255}}), tx.RenewFeed("person asha", true), tx.EndSession("one", start),
			tx.SaveTurn(store.Turn{Rota: "shop", Person: "asha", Since: start}), tx.AddRotaEntry(&e),
			tx.PutForeign(store.Foreign{Source: "azure", Key: "k", StartsAt: start}, start),
			tx.PutErrand(store.Errand{Incident: 1, What: "figures", Due: start}),
			tx.Keep(store.Kept{Incident: 1, What: "figures", Name: "x", At: start, Body: []byte{137, 80}}),
		} {
			require.NoError(t, problem)
		}
		_, err := tx.NewMessage("azure", "1", start)
		require.NoError(t, err)
		_, err = tx.NewCallback("twilio", "SM1", start)
		require.NoError(t, err)
		_, err = tx.AddWindow(&w, "key", []byte("request"))
		return err
	}))
}

func export(t *testing.T, s *store.Store) string {
	t.Helper()
	var b bytes.Buffer
	n, err := s.Export(t.Context(), &b)
	require.NoError(t, err)
	require.Equal(t, strings.Count(b.String(), "\n")-1, n)
	return b.String()
}

// TestRealExportAndImport goes from each engine to each.
func TestRealExportAndImport(t *testing.T) {
	server := newServer(t)
	engines := map[string]func() place{
		"SQLite":     func() place { return sqliteFolder(t.TempDir()) },
		"PostgreSQL": func() place { return server.database(t) },
	}
	for from, newFrom := range engines {
		for to, newTo := range engines {
			t.Run(from+" to "+to, func(t *testing.T) {
				old := newFrom().store(t)
				fill(t, old)
				text := export(t, old)
				s := newTo().store(t)
				n, err := s.Import(t.Context(), strings.NewReader(text))
				require.NoError(t, err)
				require.Equal(t, strings.Count(text, "\n")-1, n)
				require.Equal(t, text, export(t, s))
				fillAgain(t, s)
				_, err = s.Import(t.Context(), strings.NewReader(text))
				require.ErrorIs(t, err, store.ErrNotEmpty)
			})
		}
	}
}

// fillAgain goes on where the old database ended: no number comes twice.
func fillAgain(t *testing.T, s *store.Store) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), fire("another")))
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.AddNotification(store.Notification{ReceivedAt: start, Body: []byte("{}")})
	}))
	require.Len(t, claim(t, s), 3)
}

// TestEverythingIsExported: a new table needs a row in fill.
func TestEverythingIsExported(t *testing.T) {
	p := sqliteFolder(t.TempDir())
	s := p.store(t)
	fill(t, s)
	text := export(t, s)
	rows, err := p.other(t).QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('members', 'changes')")
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		require.Truef(t, strings.Contains(text, `{"table":"`+name+`"`), "give fill a row of %s", name)
	}
	require.NoError(t, rows.Err())
}

func TestWhatCannotBeImported(t *testing.T) {
	const head = `{"export":"tocsin_receiver","schema":1}` + "\n"
	for text, want := range map[string]string{
		"":                   "line 1: this is not an export of tocsin_receiver",
		`{"export":"other"}`: "line 1: this is not an export of tocsin_receiver",
		`{"export":"tocsin_receiver","schema":99}`:                                                          "line 1: the export has schema 99, this program knows ",
		head + `{"table":"beats","row":{"source":"am","at":1}}` + "\n" + `{"table":"beets","row":{"at":1}}`: `line 3: there is no table "beets"`,
		head + `{"table":"beats","row":{"colour":1}}`:                                                       `line 2: there is no column "colour" in table "beats"`,
		head + `{"table":"beats","row":{"at":1.5}}`:                                                         `line 2: column "at" of table "beats": `,
		head + `{"table":"beats","row":{"at":{"base65":""}}}`:                                               `line 2: column "at" of table "beats": `,
		head + `{"table":"beats","row":{}}`:                                                                 `line 2: the row of table "beats" is empty`,
		head + `{"table":"beats","row":{"source":"am"}}`:                                                    "line 2: ",
		head + `{"table":"beats","row":{"source":"am","at":1}}` + "{":                                       "line 3: ",
	} {
		s := open(t, t.TempDir())
		_, err := s.Import(t.Context(), strings.NewReader(text))
		require.ErrorContains(t, err, want)
		beats, err := s.Beats(t.Context())
		require.NoError(t, err)
		require.Empty(t, beats, "nothing of it")
	}
}

// TestBackup is made while the receiver runs, and is a database.
func TestBackup(t *testing.T) {
	folder, other := t.TempDir(), t.TempDir()
	_, err := store.Look(t.Context(), folder)
	require.ErrorContains(t, err, "opening the database: ")
	s := open(t, folder)
	fill(t, s)
	beside, err := store.Look(t.Context(), folder)
	require.NoError(t, err)
	path := filepath.Join(other, "receiver.db")
	require.NoError(t, beside.Backup(t.Context(), path))
	require.ErrorContains(t, beside.Backup(t.Context(), path), "exists")
	require.Equal(t, export(t, s), export(t, beside))
	require.NoError(t, beside.Unlook())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	restored := open(t, other)
	require.Equal(t, export(t, s), export(t, restored))
}

// TestBackupWhileItIsWritten has everything that was answered for before, and
// is whole.
func TestBackupWhileItIsWritten(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	beside, err := store.Look(t.Context(), folder)
	require.NoError(t, err)
	defer func() { require.NoError(t, beside.Unlook()) }()
	var answered atomic.Int64
	var writers sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for n := range 4 {
		writers.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				if s.Update(ctx, fire(fmt.Sprint("service", n, "-", k))) == nil {
					answered.Add(1)
				}
			}
		})
	}
	for n := range 5 {
		before := answered.Load()
		copied := t.TempDir()
		require.NoError(t, beside.Backup(t.Context(), filepath.Join(copied, "receiver.db")))
		restored := open(t, copied)
		found, err := restored.Current(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, int64(len(found)), before, "backup %d", n)
		for _, i := range found {
			events, err := restored.Events(t.Context(), i.ID)
			require.NoError(t, err)
			require.Len(t, events, i.Sequence, "each incident with all of its events")
		}
	}
	stop()
	writers.Wait()
	require.Positive(t, answered.Load())
}

// TestRestore puts a backup in the place of what is there, also of what is
// damaged, and keeps that.
func TestRestore(t *testing.T) {
	folder, path := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	s := open(t, folder)
	fill(t, s)
	beside, err := store.Look(t.Context(), folder)
	require.NoError(t, err)
	require.NoError(t, beside.Backup(t.Context(), path))
	require.NoError(t, beside.Unlook())
	want := export(t, s)
	require.NoError(t, s.Update(t.Context(), fire("since then")))
	_, err = store.Restore(t.Context(), folder, path)
	require.ErrorContains(t, err, "another receiver uses")
	require.NoError(t, s.Close())
	file := filepath.Join(folder, "receiver.db")
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	log := []byte("a log of another file")
	require.NoError(t, os.WriteFile(file, good[:len(good)/2], 0o600))
	require.NoError(t, os.WriteFile(file+"-wal", log, 0o600))
	kept, err := store.Restore(t.Context(), folder, path)
	require.NoError(t, err)
	for name, was := range map[string][]byte{"receiver.db": good[:len(good)/2], "receiver.db-wal": log} {
		text, err := os.ReadFile(filepath.Join(kept, name))
		require.NoError(t, err)
		require.Equal(t, was, text, name)
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	restored := open(t, folder)
	require.Equal(t, want, export(t, restored))
	kept, err = store.Restore(t.Context(), filepath.Join(folder, "new"), path)
	require.NoError(t, err)
	require.Empty(t, kept, "there was nothing")
	require.Equal(t, want, export(t, open(t, filepath.Join(folder, "new"))))
}

// TestWhatCannotBeRestored leaves all as it was.
func TestWhatCannotBeRestored(t *testing.T) {
	good := whole(t)
	folder := t.TempDir()
	s := open(t, folder)
	fill(t, s)
	want := export(t, s)
	require.NoError(t, s.Close())
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty": {[]byte{}, "the file has 0 bytes"}, "a text": {bytes.Repeat([]byte("x"), 5000), "not a whole database of the receiver: "},
		"half": {good[:len(good)/2], "not a whole database of the receiver: "}, "newer": {schema(good, 99), "it has schema 99, this program knows "},
		"nothing": {nil, "file does not exist"},
	} {
		path := filepath.Join(t.TempDir(), "backup.db")
		if c.file != nil {
			require.NoError(t, os.WriteFile(path, c.file, 0o600))
		}
		_, err := store.Restore(t.Context(), folder, path)
		require.ErrorContains(t, err, fmt.Sprintf("restoring %q: ", path), name)
		require.ErrorContains(t, err, c.want, name)
		require.NoFileExists(t, filepath.Join(folder, "receiver.db.new"))
	}
	require.Equal(t, want, export(t, open(t, folder)))
}

// TestExportsOfEverySchema: what an early program exported is, imported, what
// its database becomes when it is migrated.
func TestExportsOfEverySchema(t *testing.T) {
	for schema := 1; schema <= schemas(t); schema++ {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			folder := sqliteFolder(t.TempDir())
			early(t, folder, schema)
			var lines bytes.Buffer
			require.NoError(t, store.ExportEarly(t.Context(), string(folder), schema, &lines))
			migrated := folder.store(t)
			imported := open(t, t.TempDir())
			_, err := imported.Import(t.Context(), &lines)
			require.NoError(t, err)
			require.Equal(t, export(t, migrated), export(t, imported))
			require.NoError(t, imported.Update(t.Context(), fire("another")))
			require.NotEmpty(t, claim(t, imported))
		})
	}
}

// TestAnOlderExportWithoutABody: exports once held null for no bytes.
func TestAnOlderExportWithoutABody(t *testing.T) {
	s := open(t, t.TempDir())
	n, err := s.Import(t.Context(), strings.NewReader(`{"export":"tocsin_receiver","schema":1}
{"table":"notifications","row":{"alerts":1,"body":null,"group_key":"","id":3,"received_at":1795435200000000000,"receiver":"inbound","source":"azure","truncated":0}}
`))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Contains(t, export(t, s), `"body":""`)
}

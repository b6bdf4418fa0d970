package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
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
			over(3, "mail", "a", start, false)(tx),
			tx.Beat("am", start), tx.AddAudit(audit.Entry{At: start, Incident: 1}),
			tx.SaveProfile(store.Profile{Person: "asha", At: start}), tx.RenewFeed("person asha", true), tx.EndSession("one", start),
			tx.SaveTurn(store.Turn{Rota: "shop", Person: "asha", Since: start}), tx.AddRotaEntry(&e),
			tx.PutForeign(store.Foreign{Source: "azure", Key: "k", StartsAt: start}, start),
			tx.PutErrand(store.Errand{Incident: 1, What: "figures", Due: start}),
			tx.Keep(store.Kept{Incident: 1, What: "figures", Name: "x", At: start, Body: []byte{137, 80}}),
		} {
			require.NoError(t, problem)
		}
		_, err := tx.NewMessage("azure", "1", start)
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

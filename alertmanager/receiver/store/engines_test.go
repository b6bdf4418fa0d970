package store_test

import (
	"database/sql"
	"fmt"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// place is a database of one engine, empty at first.
type place interface {
	// store opens it, and closes it at the end of the test.
	store(t *testing.T) *store.Store
	// try opens it in vain.
	try(t *testing.T) error
	// other is a connection of another program to it.
	other(t *testing.T) *sql.DB
}

// promises is what the store keeps over every engine.
var promises = map[string]func(*testing.T, place){
	"what is written is there in the next life": whatIsWrittenIsThereInTheNextLife,
	"one bad write spoils nobody else's":        oneBadWriteSpoilsNobodyElses,
	"too many waiting are refused":              tooManyWaitingAreRefused,
	"a newer database is refused":               aNewerDatabaseIsRefused,
	"the outbox":                                theOutbox,
	"what is queued together goes in order":     whatIsQueuedTogetherGoesInOrder,
	"forgetting":                                forgetting,
	"related incidents":                         relatedIncidents,
	"any text can be stored":                    anyTextCanBeStored,
	"alerts from elsewhere":                     alertsFromElsewhere,
	"windows are kept":                          windowsAreKept,
	"old windows are forgotten":                 oldWindowsAreForgotten,
	"a lost answer is no lost message":          aLostAnswerIsNoLostMessage,
	"errands":                                   errands,
	"what was fetched":                          whatWasFetched,
	"entries of rotas":                          entriesOfRotas,
	"what people say of themselves":             profilesOfPeople,
	"whom nothing reached":                      whomNothingReached,
	"who did what":                              whoDidWhat,
	"what is open":                              whatIsOpen,
	"what is over":                              whatIsOver,
	"what providers post counts once":           whatProvidersPost,
	"calendars that are fetched":                calendarsAreKept,
}

func TestStore(t *testing.T) {
	for name, keeps := range promises {
		t.Run(name, func(t *testing.T) { keeps(t, sqliteFolder(t.TempDir())) })
	}
}

func TestRealPostgreSQL(t *testing.T) {
	server := newServer(t)
	for name, keeps := range promises {
		t.Run(name, func(t *testing.T) { keeps(t, server.database(t)) })
	}
}

// sqliteFolder is the folder of a SQLite database.
type sqliteFolder string

func (f sqliteFolder) store(t *testing.T) *store.Store { return open(t, string(f)) }
func (f sqliteFolder) try(t *testing.T) error {
	_, err := store.Open(t.Context(), string(f))
	return err
}
func (f sqliteFolder) other(t *testing.T) *sql.DB { return other(t, string(f)) }

// server is a PostgreSQL.
type server struct {
	address string
	count   int
}

func newServer(t *testing.T) *server { return &server{address: servers.Postgres(t)} }

// database makes a new one.
func (s *server) database(t *testing.T) database {
	t.Helper()
	s.count++
	name := fmt.Sprint("receiver", s.count)
	db := database(s.url("postgres")).other(t)
	_, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	return database(s.url(name))
}

func (s *server) url(name string) string {
	return "postgres://probe:hunter-two@" + s.address + "/" + name + "?sslmode=disable"
}

// database is the address of a database in PostgreSQL.
type database string

func (d database) store(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Connect(t.Context(), string(d))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func (d database) try(t *testing.T) error {
	_, err := store.Connect(t.Context(), string(d))
	return err
}

func (d database) other(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", string(d))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

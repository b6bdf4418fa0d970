package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, folder string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// other is a connection of another program to the same file.
func other(t *testing.T, folder string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, "receiver.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func fire(service string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		a := incident.Alert{Source: "am", Fingerprint: service, StartsAt: start, Labels: map[string]string{"service": service, "audience": "users", "severity": "critical"}}
		state, err := tx.LoadKey(a.Key(), []incident.Occurrence{a.Occurrence()}, nil)
		if err != nil {
			return err
		}
		policy := incident.DefaultPolicy()
		policy.Terms = func(string, string) incident.Terms {
			return incident.Terms{PagesFrom: func(t time.Time) (time.Time, bool) { return t, true }}
		}
		events := incident.Decide(state, incident.Reported{Group: "g", Alerts: []incident.Alert{a}}, policy, start)
		for _, e := range events {
			state = incident.Apply(state, e)
		}
		return tx.Save(state, events)
	}
}

func whatIsWrittenIsThereInTheNextLife(t *testing.T, p place) {
	s := p.store(t)
	require.NoError(t, s.Update(t.Context(), fire("shop")))
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.Beat("am", start), tx.Beat("am", start.Add(-time.Hour)), tx.AddNotification(store.Notification{ReceivedAt: start, Body: []byte("{}")}))
	}))
	key, err := s.Key(t.Context(), "k")
	require.NoError(t, err)
	require.Len(t, key, 32)
	before, err := s.Incident(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Update(t.Context(), fire("shop")), store.ErrClosed)

	s = p.store(t)
	after, err := s.Incident(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, before, after)
	events, err := s.Events(t.Context(), 1)
	require.NoError(t, err)
	state := incident.State{}
	for _, e := range events {
		state = incident.Apply(state, e)
	}
	require.Len(t, events, after.Sequence)
	require.Equal(t, after.Messages, state.Incidents[0].Messages)
	again, err := s.Key(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, key, again)
	beats, err := s.Beats(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]time.Time{"am": start}, beats)
	due, next, err := s.Due(t.Context(), start.Add(time.Second))
	require.NoError(t, err)
	require.Len(t, due, 1) // the page without page_after
	require.Zero(t, next)
	_, err = s.Incident(t.Context(), 2)
	require.ErrorIs(t, err, store.ErrNotFound)
}

// oneBadWriteSpoilsNobodyElses: jobs that share a transaction fail alone.
func oneBadWriteSpoilsNobodyElses(t *testing.T, p place) {
	s := p.store(t)
	wrong := errors.New("wrong")
	var group sync.WaitGroup
	results := make([]error, 60)
	for n := range results {
		group.Go(func() {
			results[n] = s.Update(t.Context(), func(tx *store.Tx) error {
				err := fire(fmt.Sprint("service", n))(tx)
				switch n % 3 {
				case 1:
					return wrong
				case 2:
					panic("a bug")
				}
				return err
			})
		})
	}
	group.Wait()
	for n, err := range results {
		switch n % 3 {
		case 0:
			require.NoError(t, err)
		case 1:
			require.ErrorIs(t, err, wrong)
		case 2:
			require.ErrorContains(t, err, "panicked: a bug")
		}
	}
	stored, err := s.Current(t.Context())
	require.NoError(t, err)
	require.Len(t, stored, 20)
}

func TestAFullDiskIsAnError(t *testing.T) {
	s := open(t, t.TempDir())
	require.NoError(t, s.Update(t.Context(), fire("before")))
	require.NoError(t, s.LimitPages(t.Context(), 40))
	big := func(tx *store.Tx) error {
		return tx.AddNotification(store.Notification{ReceivedAt: start, Body: make([]byte, 1<<20)})
	}
	called := false
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		tx.AfterCommit(func() { called = true })
		return big(tx)
	})
	require.ErrorContains(t, err, "full")
	require.False(t, called)
	require.NoError(t, s.LimitPages(t.Context(), 1<<20))
	require.NoError(t, s.Update(t.Context(), big), "space came back")
	stored, err := s.Current(t.Context())
	require.NoError(t, err)
	require.Len(t, stored, 1)
}

func TestALockedDatabaseIsAnError(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	conn, err := other(t, folder).Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	require.ErrorContains(t, s.Update(t.Context(), fire("shop")), "locked")
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, s.Update(t.Context(), fire("shop")))
}

func tooManyWaitingAreRefused(t *testing.T, p place) {
	s := p.store(t)
	holding, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		_ = s.Update(context.Background(), func(*store.Tx) error {
			close(holding)
			<-release
			return nil
		})
	})
	<-holding
	refused := 0
	gone, cancel := context.WithCancel(t.Context())
	cancel() // nobody waits for the answers
	for range 600 {
		if err := s.Update(gone, fire("shop")); errors.Is(err, store.ErrOverloaded) {
			refused++
		}
	}
	require.Equal(t, 600-512, refused)
	close(release)
	group.Wait()
	require.Eventually(t, func() bool { return s.Ready(t.Context()) == nil }, time.Minute, 10*time.Millisecond)
}

func TestASecondReceiverIsRefused(t *testing.T) {
	folder := t.TempDir()
	open(t, folder)
	_, err := store.Open(t.Context(), folder)
	require.ErrorContains(t, err, "another receiver uses")
}

func TestNetworkFileSystemsAreRefused(t *testing.T) {
	cases := map[int64]string{0x6969: "NFS", 0xfe534d42: "SMB2", -0x1acb2be: "SMB2", 0x01021997: "9P", 0xef53: "", 0x9123683e: "", 0x01021994: ""}
	for kind, name := range cases {
		err := store.RefuseKind("/data", kind)
		if name == "" {
			require.NoError(t, err, "%x", kind)
			continue
		}
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "--storage.path")
	}
}

func aNewerDatabaseIsRefused(t *testing.T, p place) {
	require.NoError(t, p.store(t).Close())
	query := "INSERT INTO schema_version (version) VALUES (99)"
	if _, file := p.(sqliteFolder); file {
		query = "PRAGMA user_version = 99"
	}
	_, err := p.other(t).ExecContext(t.Context(), query)
	require.NoError(t, err)
	require.ErrorContains(t, p.try(t), "the database has schema 99, this program knows ")
}

func TestTheFileIsNobodyElses(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "data")
	open(t, folder)
	info, err := os.Stat(filepath.Join(folder, "receiver.db"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func theOutbox(t *testing.T, p place) {
	s := p.store(t)
	require.NoError(t, s.Update(t.Context(), fire("shop")))
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		early, err := tx.Claim(start.Add(-time.Second), 10)
		require.NoError(t, err)
		require.Empty(t, early)
		entries, err := tx.Claim(start, 10)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Empty(t, entries[0].Recipient)
		again, err := tx.Claim(start, 10)
		require.NoError(t, err)
		require.Empty(t, again, "what is claimed is nobody else's")
		people, err := tx.Split(entries[0], start, []incident.Delivery{{Recipient: "asha", Way: "email"}, {Recipient: "asha", Way: "push"}})
		require.NoError(t, err)
		require.Len(t, people, 2)
		require.NoError(t, tx.Done(people[0].ID))
		return tx.Later(people[1].ID, start.Add(time.Minute))
	}))
	count, oldest, next, err := s.Waiting(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, count)
	require.Equal(t, start, oldest)
	require.Equal(t, start.Add(time.Minute), next)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		others, err := tx.Claim(start.Add(time.Minute), 10, "sms", "push")
		require.NoError(t, err)
		require.Empty(t, others, "it is for a way that is left out")
		others, err = tx.ClaimWay(start.Add(time.Minute), "sms", 10)
		require.NoError(t, err)
		require.Empty(t, others)
		entries, err := tx.ClaimWay(start.Add(time.Minute), "push", 10)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.NoError(t, tx.Yield(entries[0].ID, start.Add(time.Minute)))
		entries, err = tx.Claim(start.Add(time.Minute), 10, "sms")
		require.NoError(t, err)
		require.Equal(t, "push", entries[0].Way)
		require.Equal(t, 2, entries[0].Attempts)
		return tx.Disown(func(int64) bool { return false })
	}))
	count, _, _, err = s.Waiting(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, count)
}

func BenchmarkNotification(b *testing.B) {
	s, err := store.Open(b.Context(), b.TempDir())
	require.NoError(b, err)
	defer func() { _ = s.Close() }()
	n := 0
	for b.Loop() {
		n++
		require.NoError(b, s.Update(b.Context(), fire(fmt.Sprint("service", n))))
	}
}

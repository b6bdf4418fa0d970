package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// finish closes an incident a while after its start.
func finish(id incident.ID, after time.Duration) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		state, err := tx.LoadIncident(id)
		if err != nil {
			return err
		}
		e := incident.Event{Kind: incident.KindClosed, Incident: id, At: start.Add(after)}
		return tx.Save(incident.Apply(state, e), []incident.Event{e})
	}
}

func count(t *testing.T, p place, query string) (n int) {
	t.Helper()
	require.NoError(t, p.other(t).QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

func forgetting(t *testing.T, p place) {
	s := p.store(t)
	do := func(f func(*store.Tx) error) { t.Helper(); require.NoError(t, s.Update(t.Context(), f)) }
	for _, service := range []string{"old", "open", "waiting", "young", "last"} {
		do(fire(service))
	}
	for _, e := range claim(t, s) {
		if e.Incident != 3 { // something is still to be sent of this one
			do(func(tx *store.Tx) error { return tx.Done(e.ID) })
		}
	}
	do(finish(1, time.Hour))
	do(finish(3, time.Hour))
	do(finish(4, 3*time.Hour))
	do(finish(5, time.Hour))
	do(func(tx *store.Tx) error {
		return tx.Keep(store.Kept{Incident: 1, What: "figures", Name: "x", At: start, Body: []byte("1")})
	})
	notify := func(n int, body string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.AddNotification(store.Notification{ReceivedAt: start.Add(time.Duration(n) * time.Second), Body: []byte(body)})
		}
	}
	for n := range 1200 { // more than one transaction drops
		do(notify(n, "old"))
	}
	do(notify(2*3600, "new"))

	cut := start.Add(2 * time.Hour)
	require.NoError(t, s.Forget(t.Context(), store.Retention{Incidents: cut, Notifications: cut, Occurrences: cut}))
	require.Equal(t, 1, count(t, p, "SELECT count(*) FROM notifications"))
	for id, kept := range []bool{false, true, true, true, true} {
		_, err := s.Incident(t.Context(), incident.ID(id+1))
		if kept {
			require.NoError(t, err, id+1)
			continue
		}
		require.ErrorIs(t, err, store.ErrNotFound)
		for _, table := range []string{"events", "kept"} {
			require.Zero(t, count(t, p, fmt.Sprintf("SELECT count(*) FROM %s WHERE incident_id = %d", table, id+1)), table)
		}
	}
	do(fire("next"))
	_, err := s.Incident(t.Context(), 6)
	require.NoError(t, err, "no number comes twice")
}

func TestSpaceIsGivenBack(t *testing.T) {
	p := sqliteFolder(t.TempDir())
	s := p.store(t)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.AddNotification(store.Notification{ReceivedAt: start, Body: make([]byte, 1<<20)})
	}))
	before := count(t, p, "PRAGMA page_count")
	cut := start.Add(time.Hour)
	require.NoError(t, s.Forget(t.Context(), store.Retention{Incidents: cut, Notifications: cut, Occurrences: cut}))
	require.Less(t, count(t, p, "PRAGMA page_count"), before-200)
}

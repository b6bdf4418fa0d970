package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// calendarsAreKept with what was fetched last, whoever writes it down last.
func calendarsAreKept(t *testing.T, p place) {
	s := p.store(t)
	do := func(f func(*store.Tx) error) { t.Helper(); require.NoError(t, s.Update(t.Context(), f)) }
	read := func(since time.Time) store.Calendar {
		t.Helper()
		c, err := s.Calendar(t.Context(), "a", since)
		require.NoError(t, err)
		return c
	}
	_, err := s.Calendar(t.Context(), "a", time.Time{})
	require.ErrorIs(t, err, store.ErrNotFound)
	first := store.Calendar{Address: "a", Changed: start, Fetched: start, ETag: `"1"`, Modified: "then", Body: []byte("first")}
	do(func(tx *store.Tx) error { return tx.SaveCalendar(first) })
	require.Equal(t, first, read(time.Time{}))

	later := start.Add(time.Hour)
	do(func(tx *store.Tx) error { return tx.ConfirmCalendar("a", start, later) })
	do(func(tx *store.Tx) error { return tx.ConfirmCalendar("a", start, start.Add(time.Minute)) })
	do(func(tx *store.Tx) error { return tx.ConfirmCalendar("a", later, later.Add(time.Hour)) })
	confirmed := read(start)
	require.Equal(t, later, confirmed.Fetched)
	require.Nil(t, confirmed.Body, "it has not changed")

	late := first
	late.Body, late.Fetched = []byte("late"), start.Add(time.Minute)
	do(func(tx *store.Tx) error { return tx.SaveCalendar(late) })
	require.Equal(t, []byte("first"), read(time.Time{}).Body, "another receiver has fetched it since")
	late.Changed, late.Fetched = later.Add(time.Minute), later.Add(time.Minute)
	do(func(tx *store.Tx) error { return tx.SaveCalendar(late) })
	require.Equal(t, late, read(start))

	require.NoError(t, s.Forget(t.Context(), store.Retention{Notifications: later}))
	read(start)
	require.NoError(t, s.Forget(t.Context(), store.Retention{Notifications: later.Add(time.Hour)}))
	_, err = s.Calendar(t.Context(), "a", start)
	require.ErrorIs(t, err, store.ErrNotFound)
}

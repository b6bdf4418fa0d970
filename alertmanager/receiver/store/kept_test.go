package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

func errands(t *testing.T, p place) {
	s := p.store(t)
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	do := func(f func(*store.Tx) error) { t.Helper(); require.NoError(t, s.Update(t.Context(), f)) }
	claim := func(at time.Time) (e store.Errand, found bool) {
		do(func(tx *store.Tx) (err error) {
			e, found, err = tx.ClaimErrand("figures", at, at.Add(time.Minute))
			return err
		})
		return e, found
	}
	next := func() time.Time {
		at, err := s.NextErrand(t.Context(), "figures")
		require.NoError(t, err)
		return at
	}
	_, found := claim(now)
	require.False(t, found)
	require.Zero(t, next())

	do(func(tx *store.Tx) error { return tx.PutErrand(store.Errand{Incident: 1, What: "figures", Due: now}) })
	do(func(tx *store.Tx) error { return tx.PutErrand(store.Errand{Incident: 2, What: "pictures", Due: now}) })
	_, found = claim(now.Add(-time.Second))
	require.False(t, found, "it is not due")
	first, found := claim(now)
	require.True(t, found)
	require.Equal(t, store.Errand{Incident: 1, What: "figures", Due: now.Add(time.Minute), Attempts: 1}, first)
	_, found = claim(now.Add(59 * time.Second))
	require.False(t, found, "somebody has it")
	second, found := claim(now.Add(time.Minute))
	require.True(t, found, "who had it died")
	require.Equal(t, 2, second.Attempts)

	do(func(tx *store.Tx) error { return tx.EndErrand(first, time.Time{}, 0) })
	require.Equal(t, second.Due, next(), "the one that was taken over is not ended by who had it")
	do(func(tx *store.Tx) error { return tx.EndErrand(second, now.Add(time.Hour), 0) })
	require.Equal(t, now.Add(time.Hour), next())

	third, _ := claim(now.Add(time.Hour))
	do(func(tx *store.Tx) error {
		return tx.PutErrand(store.Errand{Incident: 1, What: "figures", Due: now.Add(time.Hour)})
	})
	do(func(tx *store.Tx) error { return tx.EndErrand(third, time.Time{}, 0) })
	fourth, found := claim(now.Add(time.Hour))
	require.True(t, found, "what was put in the meantime stays")
	require.Equal(t, 1, fourth.Attempts)
	do(func(tx *store.Tx) error { return tx.EndErrand(fourth, time.Time{}, 0) })
	require.Zero(t, next())

	unclaim := func(tx *store.Tx) error { _, err := tx.Unclaim(); return err }
	do(func(tx *store.Tx) error { return tx.PutErrand(store.Errand{Incident: 1, What: "figures", Due: now}) })
	_, found = claim(now)
	require.True(t, found)
	do(unclaim)
	_, found = claim(now)
	require.False(t, found, "this receiver runs it")
	require.NoError(t, s.Close())
	s = p.store(t)
	do(unclaim)
	_, found = claim(now)
	require.True(t, found, "who ran it has ended")
}

func whatWasFetched(t *testing.T, p place) {
	s := p.store(t)
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, k := range []store.Kept{
		{1, "trace", "b", now.Add(time.Second), []byte("2")},
		{1, "trace", "a", now, []byte("1")},
		{1, "picture", "a", now, []byte("png")},
		{2, "trace", "a", now, []byte("3")},
		{1, "trace", "a", now, []byte("1 again")},
	} {
		require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error { return tx.Keep(k) }))
	}
	require.NoError(t, s.Close())
	s = p.store(t)
	found, err := s.Kept(t.Context(), 1, "trace")
	require.NoError(t, err)
	require.Equal(t, []store.Kept{{1, "trace", "a", now, []byte("1 again")}, {1, "trace", "b", now.Add(time.Second), []byte("2")}}, found)
	one, err := s.KeptOne(t.Context(), 1, "picture", "a")
	require.NoError(t, err)
	require.Equal(t, "png", string(one.Body))
	_, err = s.KeptOne(t.Context(), 3, "picture", "a")
	require.ErrorIs(t, err, store.ErrNotFound)
}

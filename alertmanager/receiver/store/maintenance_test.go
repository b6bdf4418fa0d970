package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

func window(reason string, until time.Time) maintenance.Once {
	return maintenance.Once{
		Scope: maintenance.Scope{Services: []string{"shop"}}, Reason: reason, From: until.Add(-time.Hour), Until: until,
		Acts: []maintenance.Act{{What: maintenance.Opened, By: "deploy", Via: "the API", Until: until}},
	}
}

func windowsAreKept(t *testing.T, p place) {
	s := p.store(t)
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	first, again, other := window("first", now.Add(time.Hour)), window("again", now), window("other", now.Add(2*time.Hour))
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		added, err := tx.AddWindow(&first, "key", []byte("request"))
		require.True(t, added)
		require.NoError(t, err)
		added, err = tx.AddWindow(&again, "key", []byte("request"))
		require.False(t, added)
		require.Equal(t, first, again)
		require.NoError(t, err)
		added, err = tx.AddWindow(&other, "", nil)
		require.True(t, added)
		return err
	}))
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		refused := window("refused", now)
		_, err := tx.AddWindow(&refused, "key", []byte("another request"))
		return err
	})
	require.ErrorIs(t, err, store.ErrOtherRequest)
	require.Equal(t, []int64{1, 2}, []int64{first.ID, other.ID})
	require.NoError(t, s.Close())

	s = p.store(t)
	found, err := s.Windows(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, []maintenance.Once{first, other}, found)
	ended := first.End(maintenance.Who{Name: "asha", Via: "the board"}, now)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error { return tx.SaveWindow(ended) }))
	found, err = s.Windows(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, []maintenance.Once{other}, found)
	past, err := s.PastWindows(t.Context(), now, 10)
	require.NoError(t, err)
	require.Equal(t, []maintenance.Once{ended}, past)
	err = s.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Window(9); return err })
	require.ErrorIs(t, err, store.ErrNotFound)
}

// The last number is kept, so that the next window gets another one.
func oldWindowsAreForgotten(t *testing.T, p place) {
	s := p.store(t)
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	left := func(add time.Time) (ids []int64) {
		t.Helper()
		o := window("work", add)
		require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.AddWindow(&o, "", nil)
			return err
		}))
		require.NoError(t, s.Forget(t.Context(), store.Retention{Incidents: now, Notifications: now, Occurrences: now}))
		past, err := s.PastWindows(t.Context(), now.Add(24*time.Hour), 10)
		require.NoError(t, err)
		for _, o := range past {
			ids = append(ids, o.ID)
		}
		return ids
	}
	require.Equal(t, []int64{1}, left(now.Add(-time.Hour)))
	require.Equal(t, []int64{2}, left(now.Add(-time.Minute)))
	require.Equal(t, []int64{3}, left(now.Add(time.Minute)))
	require.Equal(t, []int64{3, 4}, left(now.Add(-time.Hour)))
}

package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// claim takes what is due in an hour.
func claim(t *testing.T, s *store.Store) (entries []store.Entry) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) (err error) {
		entries, err = tx.Claim(start.Add(time.Hour), 10)
		return err
	}))
	return entries
}

// wait waits for news from other receivers.
func wait(t *testing.T, s *store.Store, what string) {
	t.Helper()
	select {
	case <-s.Changes():
	case <-time.After(time.Minute):
		t.Fatal("no news of " + what)
	}
}

func TestRealReceiversShareADatabase(t *testing.T) {
	place := newServer(t).database(t)
	first := place.store(t)
	wait(t, first, "leading")
	second := place.store(t)
	require.True(t, first.Leads())
	require.False(t, second.Leads())
	require.True(t, second.Holds())

	require.NoError(t, first.Update(t.Context(), func(tx *store.Tx) error {
		tx.AfterCommit(func() {})
		return fire("shop")(tx)
	}))
	wait(t, second, "what the first wrote")
	mine := claim(t, first)
	require.Len(t, mine, 1)
	require.Empty(t, claim(t, second), "what is claimed is nobody else's")

	require.NoError(t, second.Update(t.Context(), func(tx *store.Tx) error {
		n, err := tx.Unclaim()
		require.Zero(t, n, "the first lives")
		return err
	}))
	first.Die()
	require.Eventually(t, func() bool { return len(claim(t, second)) == 1 }, time.Minute, 100*time.Millisecond, "a dead receiver's work is taken over")
	require.Eventually(t, second.Leads, time.Minute, 10*time.Millisecond)
	require.NoError(t, first.Update(t.Context(), func(tx *store.Tx) error {
		held, err := tx.Holds(mine[0])
		require.False(t, held, "the dead do not finish what others have")
		return err
	}))
}

func TestRealReceiverThatEndsHandsOver(t *testing.T) {
	place := newServer(t).database(t)
	first, second := place.store(t), place.store(t)
	require.NoError(t, first.Update(t.Context(), fire("shop")))
	require.Len(t, claim(t, first), 1)
	require.NoError(t, first.Close())
	wait(t, second, "the first's end")
	require.Len(t, claim(t, second), 1)
}

// aLostAnswerIsNoLostMessage: a claim may have been stored although its answer
// did not come.
func aLostAnswerIsNoLostMessage(t *testing.T, p place) {
	s := p.store(t)
	require.NoError(t, s.Update(t.Context(), fire("shop")))
	require.NoError(t, s.Update(t.Context(), fire("database")))
	both := claim(t, s)
	require.Len(t, both, 2)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Disown(func(id int64) bool { return id == both[0].ID })
	}))
	again := claim(t, s)
	require.Len(t, again, 1)
	require.Equal(t, both[1].ID, again[0].ID)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		for entry, want := range map[store.Entry]bool{both[0]: true, both[1]: false, again[0]: true} {
			held, err := tx.Holds(entry)
			require.NoError(t, err)
			require.Equal(t, want, held)
		}
		return nil
	}))
}

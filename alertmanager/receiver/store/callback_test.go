package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// whatProvidersPost counts once and in its order, until it is too old.
func whatProvidersPost(t *testing.T, p place) {
	s := p.store(t)
	do := func(want bool, f func(*store.Tx) (bool, error)) {
		t.Helper()
		got := false
		require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) (err error) { got, err = f(tx); return err }))
		require.Equal(t, want, got)
	}
	posted := func(source, id string) func(*store.Tx) (bool, error) {
		return func(tx *store.Tx) (bool, error) { return tx.NewCallback(source, id, start) }
	}
	happened := func(after time.Duration) func(*store.Tx) (bool, error) {
		return func(tx *store.Tx) (bool, error) { return tx.InOrder("pagerduty", "tocsin-1", start.Add(after)) }
	}
	do(true, posted("twilio", "SM1"))
	do(false, posted("twilio", "SM1"))
	do(true, posted("another", "SM1"))
	do(true, happened(time.Minute))
	do(true, happened(time.Minute))
	do(false, happened(time.Minute-time.Nanosecond))
	do(true, happened(time.Hour))
	do(false, happened(time.Minute))

	require.NoError(t, s.Forget(t.Context(), store.Retention{Incidents: start.Add(time.Second)}))
	require.Equal(t, 1, count(t, p, "SELECT count(*) FROM callbacks"))
	do(true, posted("twilio", "SM1"))
	do(false, happened(time.Minute))
}

package collector

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestLimitsBoundOverallAndPerHostAndForgetHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(3, 2, 100)
		var release []func()
		take := func(host string) {
			done, err := l.acquire(t.Context(), host)
			require.NoError(t, err)
			release = append(release, done)
		}
		take("a")
		take("a")
		waiting, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := l.acquire(waiting, "a")
			failed <- err
		}()
		synctest.Wait()
		require.Empty(t, failed, "the third waits for its host")
		take("b")
		full, cancelFull := context.WithCancel(t.Context())
		go func() {
			_, err := l.acquire(full, "c")
			failed <- err
		}()
		synctest.Wait()
		require.Empty(t, failed, "and everybody waits when all slots are taken")
		cancel()
		require.ErrorIs(t, <-failed, context.Canceled)
		cancelFull()
		require.ErrorIs(t, <-failed, context.Canceled)
		for _, done := range release {
			done()
		}
		require.Empty(t, l.hosts)
		require.Empty(t, l.begun)
		require.Empty(t, l.open)
	})
}

// Where few files may be open, few attempts are: the others wait, which shows.
func TestLimitsKeepToTheFiles(t *testing.T) {
	for _, test := range []struct{ files, open, begun int }{{10_000, 10_000, 1000}, {100, 100, 100}, {0, 1, 1}} {
		l := newLimits(1000, 50, test.files)
		require.Equal(t, test.open, cap(l.open))
		require.Equal(t, test.begun, cap(l.begun))
	}
}

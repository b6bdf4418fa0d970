package reading_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector/reading"
)

// start runs a loop within a bubble and returns what ends it.
func start(t *testing.T, loop *reading.Loop) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- loop.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}

func counting(key string, n *atomic.Int64) reading.Task {
	return reading.Task{Key: key, Interval: 10 * time.Second, Timeout: time.Second, Read: func(context.Context) error {
		n.Add(1)
		return nil
	}}
}

func TestReadsAtOnceAndThenOnItsInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop, n := reading.New(nil), new(atomic.Int64)
		loop.Set([]reading.Task{counting("a", n)})
		stop := start(t, loop)
		require.EqualValues(t, 1, n.Load())
		time.Sleep(16 * time.Second)
		synctest.Wait()
		before := n.Load()
		time.Sleep(100 * time.Second)
		synctest.Wait()
		require.Equal(t, before+10, n.Load())
		stop()
	})
}

func TestASlowReadingDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop, n := reading.New(nil), new(atomic.Int64)
		ended := make(chan error, 1)
		loop.Set([]reading.Task{
			{Key: "slow", Interval: time.Hour, Timeout: 30 * time.Second, Read: func(ctx context.Context) error {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return context.Cause(ctx)
			}},
			counting("quick", n),
		})
		stop := start(t, loop)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		require.GreaterOrEqual(t, n.Load(), int64(2))
		require.Empty(t, ended)
		require.EqualError(t, <-ended, "no answer within 30s")
		stop()
	})
}

func TestAReloadKeepsWhatDidNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := reading.New(nil)
		var kept, changed, gone atomic.Int64
		task := func(key string, spec int, n *atomic.Int64) reading.Task {
			c := counting(key, n)
			c.Spec = spec
			return c
		}
		loop.Set([]reading.Task{task("kept", 1, &kept), task("changed", 1, &changed), task("gone", 1, &gone)})
		stop := start(t, loop)
		loop.Set([]reading.Task{task("kept", 1, &kept), task("changed", 2, &changed)})
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 1}, []int64{kept.Load(), changed.Load(), gone.Load()})
		time.Sleep(time.Minute)
		synctest.Wait()
		require.EqualValues(t, 1, gone.Load())
		stop()
	})
}

func TestFailuresAndPanicsAreLoggedOncePerChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var out bytes.Buffer
		broken := true
		loop := reading.New(log.NewLogfmtLogger(log.NewSyncWriter(&out)))
		loop.Set([]reading.Task{
			{Key: "panics", Interval: 10 * time.Second, Timeout: time.Second, Read: func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				if broken {
					panic("boom")
				}
				return nil
			}},
			{Key: "fails", Interval: 10 * time.Second, Timeout: time.Second, Read: func(context.Context) error { return errors.New("no") }},
		})
		stop := start(t, loop)
		time.Sleep(time.Minute)
		synctest.Wait()
		mu.Lock()
		broken = false
		mu.Unlock()
		time.Sleep(time.Minute)
		stop()
		require.Equal(t, 2, strings.Count(out.String(), `msg="reading fails"`), out.String())
		require.Equal(t, 1, strings.Count(out.String(), `msg="reading works again" what=panics`), out.String())
		require.Contains(t, out.String(), "boom")
	})
}

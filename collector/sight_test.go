package collector

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// seeing starts a harness over a world that looks at these references before
// it believes a failure. The sight's own schedule is not running.
func seeing(t *testing.T, w *world, references ...probe.Func) (*Harness, *Sight) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	s := NewSight("here", nil, registry)
	s.references, s.names = references, make([]string, len(references))
	h := New(Options{Location: "here", Sight: s, Registerer: registry, Build: w.build})
	require.NoError(t, h.Update(parse(t, oneProbe)))
	start(t, h)
	return h, s
}

// reference answers while the flag is set.
func reference(answers *atomic.Bool) probe.Func {
	return func(ctx context.Context) probe.Result {
		if answers.Load() {
			return succeed(ctx)
		}
		return hang(ctx)
	}
}

// An exporter whose network goes says so before it says that a service is down,
// and what it cannot see while it is cut off is no failure of the service.
func TestALocationThatIsCutOffCallsNothingDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var net atomic.Bool
		net.Store(true)
		h, s := seeing(t, w, reference(&net), reference(&net))
		time.Sleep(time.Minute)
		synctest.Wait()
		succeeded := exported(t, h, `outcome="success"`)

		net.Store(false)
		w.say("shop/home", hang)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, 0.0, testutil.ToFloat64(s.healthy.WithLabelValues("here")), "the failing probe made it look")
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 1`}, exported(t, h, "tocsin_probe_up"))
		require.Equal(t, succeeded, exported(t, h, `outcome="success"`))
		require.Equal(t, []string{`tocsin_probe_runs_total{location="here",outcome="failure",probe="home",service="shop"} 0`}, exported(t, h, `outcome="failure"`))
		require.Equal(t, []string{`tocsin_probe_failing{location="here",probe="home",reason="timeout",service="shop"} 1`}, exported(t, h, `reason="timeout"`), "probing goes on")
		require.Less(t, time.Since(h.targets[key{"shop", "home"}].totals.Load().lastRun), 16*time.Second, "and no probe grows stale")

		net.Store(true)
		s.check(t.Context())
		time.Sleep(16*time.Second + 2*5*time.Second)
		synctest.Wait()
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 0`}, exported(t, h, "tocsin_probe_up"), "what fails now is the service")
	})
}

func TestAnOutageIsBelievedWhereTheReferencesAnswer(t *testing.T) {
	for _, test := range []struct {
		name       string
		references []probe.Func
		want       string
	}{
		{"no references", nil, "0"},
		{"all answer", []probe.Func{succeed, succeed}, "0"},
		{"half hang", []probe.Func{hang, succeed}, "0"},
		{"most hang", []probe.Func{hang, hang, succeed}, "1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				h, _ := seeing(t, w, test.references...)
				time.Sleep(20 * time.Second)
				w.say("shop/home", refuse)
				time.Sleep(15*time.Second + 2*referenceTimeout)
				synctest.Wait()
				require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} ` + test.want}, exported(t, h, "tocsin_probe_up"))
			})
		})
	}
}

// A thousand probes that fail at once ask the references once, and a look ends
// when half have answered, not when the slowest has.
func TestLookingIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried atomic.Int64
		slow := func(ctx context.Context) probe.Result {
			tried.Add(1)
			time.Sleep(100 * time.Millisecond)
			return succeed(ctx)
		}
		s := NewSight("here", nil, prometheus.NewRegistry())
		s.references, s.names = []probe.Func{slow, hang}, make([]string, 2)
		began := time.Now()
		for range 1000 {
			go func() { s.Look(t.Context()) }()
		}
		synctest.Wait()
		require.True(t, s.Look(t.Context()))
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		require.Equal(t, int64(1), tried.Load())
	})
}

func TestACallOffSaysNothingAboutTheLocation(t *testing.T) {
	s := NewSight("here", nil, prometheus.NewRegistry())
	s.references, s.names = []probe.Func{hang}, make([]string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.True(t, s.Look(ctx))
	require.Equal(t, 1.0, testutil.ToFloat64(s.healthy.WithLabelValues("here")))
}

func TestNoSightAlwaysSees(t *testing.T) {
	var s *Sight
	require.True(t, s.Sees())
	require.True(t, s.Look(t.Context()))
}

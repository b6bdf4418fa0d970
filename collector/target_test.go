package collector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

func TestASuccessOverABudgetCountsAsSlow(t *testing.T) {
	for _, test := range []struct {
		name   string
		result probe.Result
		want   uint64
	}{
		{"within every budget", probe.Result{Duration: time.Second}, 0},
		{"over the probe's", probe.Result{Duration: 3 * time.Second}, 1},
		{"a step over its own", probe.Result{Duration: time.Second, Slow: true}, 1},
		{"over both", probe.Result{Duration: 3 * time.Second, Slow: true}, 1},
		{"a failure", probe.Result{Outcome: probe.Failure, Reason: probe.ReasonStatus, Duration: 3 * time.Second, Slow: true}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var n totals
			n.count(run{state: Up, attempts: []Attempt{{Result: test.result}}}, 2*time.Second)
			require.Equal(t, test.want, n.slow)
		})
	}
}

func TestTheNewestAttemptsAreKeptAsAWhole(t *testing.T) {
	var at int64
	attempt := func(r probe.Result) Attempt {
		at++
		return Attempt{At: time.Unix(at, 0), Result: r}
	}
	target := newTarget(&catalog.Probe{Service: "shop", Name: "home"}, probe.Built{Kind: probe.Kind{Name: "http"}}, "london")
	require.Nil(t, target.status(kept).Newest)

	bad := attempt(probe.Result{Outcome: probe.Failure, Reason: probe.ReasonBody, Detail: &probe.Detail{Found: "nothing"}})
	target.record(run{state: Down, attempts: []Attempt{bad}})
	require.Equal(t, &bad, target.status(kept).Newest)
	require.Equal(t, &bad, target.status(kept).NewestFailure)

	target.record(run{state: Down, attempts: []Attempt{attempt(probe.Result{Outcome: probe.Waiting})}})
	good := attempt(probe.Result{Components: []probe.Component{{Name: "cache", Up: true}}})
	target.record(run{state: Up, attempts: []Attempt{good}})
	for range kept {
		require.Equal(t, &good, target.status(0).Newest)
		target.record(run{state: Up, attempts: []Attempt{attempt(probe.Result{})}})
		good = attempt(probe.Result{Steps: []probe.StepTime{{Name: "GET /"}}})
		target.record(run{state: Up, attempts: []Attempt{good}})
	}
	require.Equal(t, &bad, target.status(kept).NewestFailure, "forgotten by the history")

	plain := attempt(probe.Result{Duration: time.Second})
	target.record(run{state: Up, attempts: []Attempt{plain}})
	require.Equal(t, &plain, target.status(0).Newest)
	require.Nil(t, target.newest, "the history says it all")
}

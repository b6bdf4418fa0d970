package collector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

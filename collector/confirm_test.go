package collector

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

func TestConfirmation(t *testing.T) {
	const s, f, b, ours = "success", "failure", "blocked", "internal"
	for _, test := range []struct {
		name     string
		standing State
		need     int
		attempts []string // exactly those that are made
		want     State
	}{
		{"a first success is believed", Unknown, 2, []string{s}, Up},
		{"a first failure is not", Unknown, 2, []string{f, s}, Up},
		{"a first failure, confirmed", Unknown, 2, []string{f, f}, Down},
		{"still up", Up, 2, []string{s}, Up},
		{"a blip", Up, 3, []string{f, f, s}, Up},
		{"an outage", Up, 3, []string{f, f, f}, Down},
		{"without confirmation", Up, 1, []string{f}, Down},
		{"still down", Down, 2, []string{f}, Down},
		{"one success is no recovery", Down, 2, []string{s, f}, Down},
		{"a recovery", Down, 2, []string{s, s}, Up},
		{"blocked while up", Up, 2, []string{b}, Up},
		{"blocked while down", Down, 2, []string{b}, Down},
		{"blocked at first", Unknown, 2, []string{b}, Unknown},
		{"blocked while confirming", Up, 3, []string{f, b}, Up},
		{"our own fault while up", Up, 2, []string{ours}, Up},
		{"our own fault while down", Down, 2, []string{ours}, Down},
		{"our own fault while confirming", Up, 3, []string{f, ours}, Up},
		{"our own fault from the start", Unknown, 2, []string{ours, ours}, Down},
	} {
		t.Run(test.name, func(t *testing.T) {
			results := map[string]probe.Result{
				s:    {},
				f:    {Outcome: probe.Failure, Reason: probe.ReasonStatus},
				b:    {Outcome: probe.Blocked, Reason: probe.ReasonBlocked},
				ours: {Outcome: probe.Failure, Reason: probe.ReasonInternal},
			}
			c := confirmation{standing: test.standing, need: test.need}
			for i, name := range test.attempts {
				state, settled := c.settle(results[name])
				require.Equalf(t, i == len(test.attempts)-1, settled, "after attempt %d", i+1)
				if settled {
					require.Equal(t, test.want, state)
				}
			}
		})
	}
}

// TestOneLostInAHundredChangesNothing loses every hundredth attempt, whichever
// comes first, for every number of attempts that a catalogue may ask for.
func TestOneLostInAHundredChangesNothing(t *testing.T) {
	lost := probe.Result{Outcome: probe.Failure, Reason: probe.ReasonTimeout}
	for need := 2; need <= 5; need++ {
		for first := range 100 {
			for _, standing := range []State{Up, Down} {
				state, attempts := standing, first
				for range 300 {
					c := confirmation{standing: state, need: need}
					for settled := false; !settled; attempts++ {
						r := probe.Result{}
						if (attempts%100 == 99) == (standing == Up) {
							r = lost
						}
						state, settled = c.settle(r)
					}
					require.Equal(t, standing, state)
				}
			}
		}
	}
}

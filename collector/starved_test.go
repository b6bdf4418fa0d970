package collector

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// heldUp answers as f does, on a machine that lets the exporter run only for a
// part of the time.
func heldUp(h *Harness, lost float64, f probe.Func) probe.Func {
	return func(ctx context.Context) probe.Result {
		began := time.Now()
		r := f(ctx)
		h.pulse.lost.Add(int64(lost * float64(time.Since(began))))
		return r
	}
}

// after answers well, but not before some time has passed.
func after(d time.Duration) probe.Func {
	return func(ctx context.Context) probe.Result {
		select {
		case <-time.After(d):
			return succeed(ctx)
		case <-ctx.Done():
			return hang(ctx)
		}
	}
}

func TestTimeThatTheExporterDidNotRunIsNotTheTargets(t *testing.T) {
	for _, test := range []struct {
		name    string
		lost    float64 // share of the time
		answers probe.Func
		state   State
		starved bool
	}{
		{"a healthy target on a good machine", 0, succeed, Up, false},
		{"a hanging one on a good machine", 0, hang, Down, false},
		{"a target that would have answered in time", 0.5, after(8 * time.Second), Up, true},
		{"one that answers too late in any case", 0.5, after(25 * time.Second), Down, true},
		{"a hanging one is still found", 0.3, hang, Down, true},
		{"a little is lost all the time", 0.05, hang, Down, false},
		{"next to nothing can be known", 0.95, hang, Up, true},
		{"a refused connection is a refusal on any machine", 0.95, refuse, Down, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				h, _ := running(t, w, oneProbe)
				time.Sleep(20 * time.Second)
				w.say("shop/home", heldUp(h, test.lost, test.answers))
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				s, err := h.Status("shop", "home")
				require.NoError(t, err)
				require.Equal(t, test.state, s.State)
				require.Equal(t, test.starved, testutil.ToFloat64(h.metrics.starved) > 0)
				if test.starved {
					require.Contains(t, texts(s), "counts for nothing, because the exporter did not get to run for")
				}
			})
		})
	}
}

func texts(s Status) string {
	var b strings.Builder
	for _, a := range s.Attempts {
		b.WriteString(a.Text + "\n")
	}
	return b.String()
}

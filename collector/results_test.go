package collector

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

func TestHistoryKeepsTheLastAttemptsAsTheyWere(t *testing.T) {
	at := time.Date(2026, 11, 22, 13, 14, 15, 161_000, time.UTC).Local()
	attempt := func(i int) Attempt {
		a := Attempt{At: at.Add(time.Duration(i) * time.Second), Repeat: i%2 == 1, Result: probe.Result{
			Duration: 1234 * time.Microsecond, Phases: probe.Phases{1 * time.Millisecond, 0, 3 * time.Millisecond},
			Address: "[2001:db8::1]:443", Status: 200, CertificateExpiry: time.Unix(1_800_000_000, 0),
		}}
		if i%3 == 0 {
			a.Outcome, a.Reason, a.Text, a.Step = probe.Failure, probe.ReasonStatus, "step 2 POST /login: status 500, want 302", "POST /login"
		}
		return a
	}
	var h history
	for i := range 1000 {
		h.add(attempt(i))
	}
	got := h.all()
	require.Len(t, got, kept)
	for i, a := range got {
		require.Equal(t, attempt(999-i), a)
	}
}

// TestHistoryKeepsAnything changes everything at random between two attempts.
func TestHistoryKeepsAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(n int64) int64 { return random.Int64N(n) * random.Int64N(2) }
	text := func() string { return strings.Repeat("ü", int(pick(40))) }
	var h history
	var want []Attempt
	for range 5000 {
		a := Attempt{At: time.UnixMicro(pick(1 << 60)), Repeat: pick(2) == 1, Result: probe.Result{
			Outcome: probe.Outcome(pick(3)), Reason: probe.Reason(pick(10)), Text: text(), Step: text(), Address: text(), Status: int(pick(600)),
			Duration: time.Duration(pick(1<<40)) * time.Microsecond,
		}}
		for i := range a.Phases {
			a.Phases[i] = time.Duration(pick(1<<40)) * time.Microsecond
		}
		if expiry := pick(1 << 40); expiry != 0 {
			a.CertificateExpiry = time.Unix(expiry, 0)
		}
		h.add(a)
		want = append([]Attempt{a}, want[:min(len(want), kept-1)]...)
		require.Equal(t, want, h.all())
	}
}

func TestHistoryIsSmallAndBounded(t *testing.T) {
	var good, bad history
	huge := strings.Repeat("x", 100_000)
	for range 10_000 {
		good.add(Attempt{At: time.Now(), Result: probe.Result{Duration: time.Second, Phases: probe.Phases{1e6, 1e6, 1e6, 1e6, 1e6}, Address: "192.0.2.1:443", Status: 200, CertificateExpiry: time.Now()}})
		bad.add(Attempt{At: time.Now(), Result: probe.Result{Outcome: probe.Failure, Text: huge, Step: huge, Address: huge}})
	}
	require.Less(t, cap(good.packed), 2<<10)
	require.Less(t, cap(bad.packed), 96<<10)
}

func TestWhatStaysTrueWhenNothingNewIsFound(t *testing.T) {
	n := &totals{last: probe.Result{CertificateExpiry: time.Unix(1_800_000_000, 0), Measures: []probe.Measured{{Measure: probe.PacketLoss, Value: 1}, {Measure: probe.DomainExpiry, Value: 9}}}}
	var r probe.Result
	n.keep(&r)
	require.Equal(t, n.last.CertificateExpiry, r.CertificateExpiry)
	require.Equal(t, []probe.Measured{{Measure: probe.DomainExpiry, Value: 9}}, r.Measures, "the registration does not end with the registry's silence; the loss is gone")
	r = probe.Result{Measures: []probe.Measured{{Measure: probe.DomainExpiry, Value: 10}}}
	n.keep(&r)
	require.Equal(t, []probe.Measured{{Measure: probe.DomainExpiry, Value: 10}}, r.Measures)
}

package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// world is a set of fake services: what each probe answers, and when it was
// asked.
type world struct {
	mu      sync.Mutex
	answers map[string]probe.Func
	asked   map[string][]time.Time
}

func newWorld() *world {
	return &world{answers: make(map[string]probe.Func), asked: make(map[string][]time.Time)}
}

// say sets what a probe (service/probe) answers from now on.
func (w *world) say(name string, answer probe.Func) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[name] = answer
}

func (w *world) times(name string) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[name]
}

// build stands in for probe.New: the kind's table stays, the network goes.
func (w *world) build(_ *catalog.Catalog, p *catalog.Probe) (probe.Built, error) {
	name := p.Service + "/" + p.Name
	if strings.HasPrefix(p.Name, "impossible") {
		return probe.Built{}, errors.New("impossible")
	}
	return probe.Built{Kind: probe.KindOf(p), Host: p.Service, Attempt: func(ctx context.Context) probe.Result {
		w.mu.Lock()
		w.asked[name] = append(w.asked[name], time.Now())
		answer := w.answers[name]
		w.mu.Unlock()
		if answer == nil {
			return probe.Result{}
		}
		return answer(ctx)
	}}, nil
}

func succeed(context.Context) probe.Result { return probe.Result{} }

func refuse(context.Context) probe.Result {
	return probe.Result{Outcome: probe.Failure, Reason: probe.ReasonConnect, Text: "connecting to 192.0.2.1:80: connection refused"}
}

func hang(ctx context.Context) probe.Result {
	<-ctx.Done()
	return probe.Result{Outcome: probe.Failure, Reason: probe.ReasonTimeout, Text: "timeout"}
}

// sequence answers with each function in turn, then with the last.
func sequence(answers ...probe.Func) probe.Func {
	var mu sync.Mutex
	return func(ctx context.Context) probe.Result {
		mu.Lock()
		answer := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		return answer(ctx)
	}
}

// parse is a catalogue with these services, as YAML below "services:".
func parse(t testing.TB, services string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: crew}\nteams: {crew: {channels: {github: {repository: example/crew}}}}\nlocations: {here: {}, there: {}}\ndefaults: {probe: {interval: 15s, timeout: 5s, confirm: 2}}\nservices:\n"+services))
	require.NoError(t, err)
	return c
}

const oneProbe = "  shop: {team: crew, probes: {home: {http: {url: http://shop.example.org/}}}}\n"

// running starts a harness over a world and stops it when the test ends.
func running(t *testing.T, w *world, services string) (*Harness, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	h := New(Options{Location: "here", Registerer: registry, Build: w.build})
	require.NoError(t, h.Update(parse(t, services)))
	start(t, h)
	return h, registry
}

func start(t *testing.T, h *Harness) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
}

// exported is the lines of the probes' page that hold a word.
func exported(t *testing.T, h *Harness, word string) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(pageText(t, h)) {
		if strings.Contains(line, word) && !strings.HasPrefix(line, "#") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func TestEachProbeRunsOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		_, registry := running(t, w, "  shop: {team: crew, probes: {home: {http: {url: http://shop.example.org/}}, slow: {interval: 1m, http: {url: http://shop.example.org/}}}}\n")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.InDelta(t, 41, len(w.times("shop/home")), 1)
		require.InDelta(t, 11, len(w.times("shop/slow")), 1)
		asked := w.times("shop/home")
		for i := 2; i < len(asked); i++ {
			require.Equal(t, 15*time.Second, asked[i].Sub(asked[i-1]))
		}
		require.Less(t, asked[0].Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), firstRound)
		require.Equal(t, 1, testutil.CollectAndCount(registry, "tocsin_probe_lag_seconds"))
	})
}

func TestAProbeRunsInItsPlacesOnly(t *testing.T) {
	services := "  shop: {team: crew, probes: {home: {http: {url: http://shop.example.org/}}, away: {locations: [there], http: {url: http://shop.example.org/}}}}\n"
	h := New(Options{Location: "here", Build: newWorld().build})
	require.NoError(t, h.Update(parse(t, services)))
	require.Len(t, h.Statuses(0), 1)
	require.Equal(t, "home", h.Statuses(0)[0].Probe)
}

func TestAFailureIsConfirmedAtOnceBeforeTheProbeIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h, _ := running(t, w, oneProbe)
		require.Empty(t, exported(t, h, "tocsin_probe_up"), "nothing is known yet")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 1`}, exported(t, h, "tocsin_probe_up"))

		require.Empty(t, exported(t, h, "repeats_total"), "none yet")
		before := len(w.times("shop/home"))
		w.say("shop/home", sequence(refuse, succeed))
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 1`}, exported(t, h, "tocsin_probe_up"), "a blip")
		asked := w.times("shop/home")[before:]
		require.Len(t, asked, 2)
		require.Equal(t, asked[0], asked[1], "repeated at once")
		require.Contains(t, exported(t, h, "repeats_total"), `tocsin_probe_repeats_total{location="here",probe="home",service="shop"} 1`)
		require.Contains(t, exported(t, h, "runs_total"), `tocsin_probe_runs_total{location="here",outcome="failure",probe="home",service="shop"} 0`)

		w.say("shop/home", refuse)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 0`}, exported(t, h, "tocsin_probe_up"))
		require.Equal(t, []string{`tocsin_probe_failing{location="here",probe="home",reason="connect",service="shop"} 1`}, exported(t, h, "tocsin_probe_failing"))
		require.Contains(t, exported(t, h, "runs_total"), `tocsin_probe_runs_total{location="here",outcome="failure",probe="home",service="shop"} 1`)
		require.Equal(t, []string{`tocsin_probe_flaps_total{location="here",probe="home",service="shop"} 1`}, exported(t, h, "flaps"))

		w.say("shop/home", sequence(succeed, refuse))
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 0`}, exported(t, h, "tocsin_probe_up"), "one success does not make a recovery")

		w.say("shop/home", succeed)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 1`}, exported(t, h, "tocsin_probe_up"))
		require.Empty(t, exported(t, h, "tocsin_probe_failing"))
		require.Equal(t, []string{`tocsin_probe_flaps_total{location="here",probe="home",service="shop"} 2`}, exported(t, h, "flaps"))
	})
}

func TestAnAttemptEndsInTimeWhateverTheKindDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		release := make(chan struct{})
		w.say("shop/home", func(context.Context) probe.Result {
			<-release
			return probe.Result{}
		})
		h, _ := running(t, w, oneProbe+"  other: {team: crew, probes: {home: {http: {url: http://other.example.org/}}}}\n")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Len(t, w.times("shop/home"), 1, "at most one attempt is left behind")
		require.Greater(t, len(w.times("other/home")), 18, "nobody else is delayed")
		s, err := h.Status("shop", "home")
		require.NoError(t, err)
		require.Equal(t, Down, s.State)
		require.Equal(t, probe.ReasonTimeout, s.Last().Reason)

		close(release)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		s, err = h.Status("shop", "home")
		require.NoError(t, err)
		require.Equal(t, Up, s.State)
	})
}

func TestATimeoutTakesTheProbesTimeoutAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.say("shop/home", hang)
		h, _ := running(t, w, oneProbe)
		time.Sleep(45 * time.Second)
		synctest.Wait()
		s, err := h.Status("shop", "home")
		require.NoError(t, err)
		require.Equal(t, 5*time.Second, s.Last().Duration)
		for i, at := range w.times("shop/home")[2:] {
			require.Equalf(t, time.Duration(0), at.Sub(w.times("shop/home")[2])%(15*time.Second), "attempt %d", i)
		}
	})
}

func TestAPanicIsARecordedFaultOfOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h, registry := running(t, w, oneProbe)
		time.Sleep(15 * time.Second)
		w.say("shop/home", func(context.Context) probe.Result { panic("index out of range") })
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP tocsin_exporter_probe_panics_total Attempts that ended in a panic, which is a defect of Tocsin.
# TYPE tocsin_exporter_probe_panics_total counter
tocsin_exporter_probe_panics_total 1
`), "tocsin_exporter_probe_panics_total"))
		s, err := h.Status("shop", "home")
		require.NoError(t, err)
		require.Equal(t, Up, s.State, "our own fault is no verdict")
		require.Equal(t, probe.ReasonInternal, s.Last().Reason)
		require.Equal(t, []string{`tocsin_probe_failing{location="here",probe="home",reason="internal",service="shop"} 1`}, exported(t, h, "tocsin_probe_failing"))
		require.Empty(t, exported(t, h, `outcome="blocked"`))
	})
}

func TestABlockedRunChangesNothingAndIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h, _ := running(t, w, oneProbe)
		time.Sleep(15 * time.Second)
		before := len(w.times("shop/home"))
		w.say("shop/home", func(context.Context) probe.Result {
			return probe.Result{Outcome: probe.Blocked, Reason: probe.ReasonBlocked, Text: "status 429"}
		})
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.Len(t, w.times("shop/home"), before+1)
		require.Equal(t, []string{`tocsin_probe_up{location="here",probe="home",service="shop"} 1`}, exported(t, h, "tocsin_probe_up"))
		require.Contains(t, exported(t, h, "runs_total"), `tocsin_probe_runs_total{location="here",outcome="blocked",probe="home",service="shop"} 1`)
	})
}

func TestWaitingForASlotIsLagAndNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		registry := prometheus.NewRegistry()
		h := New(Options{Location: "here", Registerer: registry, Build: w.build, MaxAttempts: 1})
		var services strings.Builder
		for i := range 20 {
			fmt.Fprintf(&services, "  s%d: {team: crew, probes: {home: {http: {url: http://shop.example.org/}}}}\n", i)
			w.say(fmt.Sprintf("s%d/home", i), after(900*time.Millisecond))
		}
		require.NoError(t, h.Update(parse(t, services.String())))
		start(t, h)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		total := 0
		for _, s := range h.Statuses(50) {
			require.Equal(t, Up, s.State)
			for _, a := range s.Attempts {
				require.Equal(t, probe.Success, a.Outcome)
				require.Equal(t, 900*time.Millisecond, a.Duration, "waiting is no part of the duration")
			}
			total += len(w.times(s.Service + "/home"))
		}
		require.InDelta(t, 667, total, 7, "the one slot is always in use")
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			if f.GetName() == "tocsin_probe_lag_seconds" {
				require.Greater(t, f.GetMetric()[0].GetHistogram().GetSampleSum(), 1000.0)
			}
		}
	})
}

func TestAHangingHostDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h := New(Options{Location: "here", Build: w.build, MaxAttempts: 12, MaxPerHost: 2})
		services := "  hung: {team: crew, probes: {"
		for i := range 10 {
			services += fmt.Sprintf("p%d: {http: {url: http://hung.example.org/}}, ", i)
			w.say(fmt.Sprintf("hung/p%d", i), hang)
		}
		services += "}}\n" + oneProbe
		require.NoError(t, h.Update(parse(t, services)))
		start(t, h)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		asked := w.times("shop/home")
		require.InDelta(t, 21, len(asked), 1)
		for i := 2; i < len(asked); i++ {
			require.Equal(t, 15*time.Second, asked[i].Sub(asked[i-1]))
		}
	})
}

// A target that hangs waits, which costs nothing: it gives its slot to others.
func TestHangingTargetsTakeNobodysSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h := New(Options{Location: "here", Build: w.build, MaxAttempts: 4})
		services := oneProbe
		for i := range 40 {
			services += fmt.Sprintf("  hung-%d: {team: crew, probes: {home: {http: {url: http://hung.example.org/}}}}\n", i)
			w.say(fmt.Sprintf("hung-%d/home", i), hang)
		}
		require.NoError(t, h.Update(parse(t, services)))
		start(t, h)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		asked := w.times("shop/home")
		require.InDelta(t, 40, len(asked), 1)
		for i := 2; i < len(asked); i++ {
			late := asked[i].Sub(asked[1]) % (15 * time.Second)
			require.LessOrEqual(t, min(late, 15*time.Second-late), probation, "hanging attempts, 27 at a time, leave the four slots to others")
		}
		require.Greater(t, len(w.times("hung-7/home")), 38, "and they keep their own interval")
	})
}

func TestTryingByHandCountsNowhereAndIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.say("shop/home", refuse)
		h := New(Options{Location: "here", Build: w.build})
		require.NoError(t, h.Update(parse(t, oneProbe)))
		a, err := h.Try(t.Context(), "shop", "home")
		require.NoError(t, err)
		require.Equal(t, probe.ReasonConnect, a.Reason)
		_, err = h.Try(t.Context(), "shop", "home")
		require.ErrorIs(t, err, ErrBusy)
		time.Sleep(2 * tryEvery)
		_, err = h.Try(t.Context(), "shop", "home")
		require.NoError(t, err)
		require.Empty(t, exported(t, h, "tocsin_probe_failing"))
		require.Contains(t, exported(t, h, "runs_total"), `tocsin_probe_runs_total{location="here",outcome="failure",probe="home",service="shop"} 0`)

		_, err = h.Try(t.Context(), "shop", "hme")
		var unknown *UnknownProbeError
		require.ErrorAs(t, err, &unknown)
		require.Equal(t, []string{"shop/home"}, unknown.Near)
		time.Sleep(2 * tryEvery)
	})
}

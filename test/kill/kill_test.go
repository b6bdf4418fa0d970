package kill_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
	"github.com/tocsin-monitoring/tocsin/test/pager"
)

var rounds = flag.Int("rounds", 20, "how often the receiver is killed")

// services that go down, one after the other, in a round, from each side.
const (
	sides   = 4
	perSide = 3
)

// harness kills receivers.
type harness struct {
	t       *testing.T
	estate  pager.Estate
	phone   *pager.Phone
	program string
	dsn     string // of what several receivers share; empty for one receiver
	lives   int    // begun over it

	mu       sync.Mutex
	accepted []string // services whose alert was answered with 200
	kills    []time.Time
}

func TestKilledAtAnyInstant(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and kills programs")
	}
	h := newHarness(t, *rounds)
	for round := range *rounds {
		h.round(round)
	}
	h.finally()
}

func newHarness(t *testing.T, rounds int) *harness {
	t.Helper()
	phone, err := pager.NewPhone(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, phone.Close()) })
	phone.Slow(3 * time.Millisecond)
	h := &harness{t: t, phone: phone, program: build(t)}
	h.estate = pager.Estate{Dir: t.TempDir(), Services: rounds * sides * perSide, PageAfter: time.Second, StepFor: 2 * time.Second}
	require.NoError(t, h.estate.Write(phone))
	return h
}

func build(t *testing.T) string {
	t.Helper()
	root, err := engines.Root(".")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, gobuild.Run(t.Context(), gobuild.Options{
		Title: "the receiver", Module: root, Output: dir, Packages: []string{"./cmd/tocsin_receiver"},
	}))
	return filepath.Join(dir, "tocsin_receiver")
}

func (h *harness) start() *pager.Receiver {
	e, flags := h.estate, []string(nil)
	if h.dsn != "" { // each life has a folder of its own
		h.lives++
		e.Dir = filepath.Join(e.Dir, fmt.Sprint("life", h.lives))
		require.NoError(h.t, e.Write(h.phone))
		flags = []string{"--storage.dsn-file=" + h.dsn}
	}
	r, err := e.Start(h.t.Context(), h.program, filepath.Join(h.estate.Dir, "log"), flags...)
	require.NoError(h.t, err)
	return r
}

// round is one life of one receiver.
func (h *harness) round(round int) {
	r := h.start()
	h.load(round, r, func() {
		time.Sleep(time.Duration(rand.Int64N(int64(1500 * time.Millisecond))))
		h.kill(r)
	})
}

func (h *harness) kill(r *pager.Receiver) {
	r.Kill()
	h.kills = append(h.kills, time.Now())
}

// load posts alerts from several sides to a receiver while do runs.
func (h *harness) load(round int, r *pager.Receiver, do func()) {
	ctx, stop := context.WithCancel(h.t.Context())
	var all sync.WaitGroup
	for side := range sides {
		all.Go(func() {
			for n := range perSide {
				service := fmt.Sprint("s", (round*sides+side)*perSide+n)
				h.post(ctx, r, pager.Down(service, time.Now()), service)
			}
		})
	}
	do()
	stop()
	all.Wait()
}

// post posts until the end of the round; an answer of success is a promise.
func (h *harness) post(ctx context.Context, r *pager.Receiver, alert pager.Alert, service string) {
	status, err := r.Post(ctx, alert)
	if err == nil && status == http.StatusOK {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.accepted = append(h.accepted, service)
	}
}

// finally lets one more life do what is left.
func (h *harness) finally() {
	r := h.start()
	defer r.Kill()
	require.NotEmpty(h.t, h.accepted)
	incidents, err := r.Incidents(h.t.Context())
	require.NoError(h.t, err)
	known := map[string]int{}
	for _, i := range incidents {
		known[i.Service]++
	}
	for _, service := range h.accepted {
		require.Equalf(h.t, 1, known[service], "the alert of %s was answered with 200", service)
	}
	for _, step := range []string{"ana", "ben"} {
		require.Eventuallyf(h.t, func() bool { return h.missing(step) == "" }, 2*time.Minute, 100*time.Millisecond, "%s was not rung for %s", step, h.missing(step))
	}
	h.twice()
}

// missing is a service for which somebody was not rung.
func (h *harness) missing(person string) string {
	rung := map[string]bool{}
	for _, push := range h.phone.Told() {
		if push.Topic == person && push.Priority == 5 {
			service, _, _ := strings.Cut(push.Title[strings.Index(push.Title, ": ")+2:], " ")
			rung[strings.TrimSuffix(service, ":")] = true
		}
	}
	for _, service := range h.accepted {
		if !rung[service] {
			return service
		}
	}
	return ""
}

// twice wants what came twice to have been on its way when a life ended.
func (h *harness) twice() {
	first := map[string]time.Time{}
	doubles := 0
	for _, push := range h.phone.Told() {
		key := push.Key() + fmt.Sprint(push.Priority)
		before, known := first[key]
		if !known {
			first[key] = push.At
			continue
		}
		doubles++
		require.Truef(h.t, h.killedSoonAfter(before), "%s came twice, at %s and %s, and nobody was killed in between", key, before, push.At)
	}
	h.t.Logf("%d kills, %d alerts answered with 200, %d messages, %d of them twice", len(h.kills), len(h.accepted), len(h.phone.Told()), doubles)
}

// killedSoonAfter: the answer takes a few milliseconds, and storing it waits for
// the disk.
func (h *harness) killedSoonAfter(told time.Time) bool {
	for _, kill := range h.kills {
		if kill.After(told) && kill.Sub(told) < time.Second {
			return true
		}
	}
	return false
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}

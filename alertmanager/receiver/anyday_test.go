package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

var onCallPeople = []string{"asha", "ben", "chi", "dee", "mo"}

// errCrash ends the receiver's life: nothing is stored any more.
var errCrash = fmt.Errorf("the power is gone: %w", store.ErrClosed)

// plan is something that happens at an instant; of two at one, the one that
// was planned first.
type plan struct {
	at   time.Time
	turn int
	life int // that it belongs to; 0 for what outlives the receiver
	do   func()
}

// anyDay is a seeded day of a whole receiver with its store, over providers
// that fail, stall, repeat and reorder, with a crash at any write.
type anyDay struct {
	t        *testing.T
	random   *rand.Rand
	now      time.Time
	folder   string
	catalog  *catalog.Catalog
	store    *store.Store
	receiver *receiver.Receiver
	steps    *receiver.Steps
	answers  http.Handler // of callbacks

	plans    []plan
	turn     int
	life     int
	writes   int  // until the power goes; below 0 for never
	dead     bool // the power is gone
	calm     bool // nothing fails any more
	crashes  int
	sid      int
	over     map[string]bool   // threads about which providers need no more asking
	statuses map[string]status // of messages, by the provider's name
	log      []string
	broken   string

	begun   int       // writes that were begun
	looked  int       // writes at the last look at what is due
	due     time.Time // when something is, as of that look; zero for never
	listed  int       // writes at the last look at what is open
	current []incident.Incident

	firing   map[string]incident.Alert
	ended    map[string]time.Time // when an alert ended last
	accepted []incident.Alert
	exposed  map[incident.ID]time.Time
	taken    map[incident.ID]time.Time // when a provider last took a page
	rings    []ring
	pages    int
}

func newAnyDay(t *testing.T, seed uint64, folder string, c *catalog.Catalog) *anyDay {
	d := &anyDay{
		t: t, random: rand.New(rand.NewPCG(seed, 11)), now: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC), folder: folder, catalog: c, writes: -1,
		firing: map[string]incident.Alert{}, ended: map[string]time.Time{}, statuses: map[string]status{}, exposed: map[incident.ID]time.Time{}, taken: map[incident.ID]time.Time{},
	}
	d.begin()
	return d
}

func (d *anyDay) fail(format string, args ...any) {
	if d.broken == "" {
		d.broken = fmt.Sprintf(format, args...)
	}
}

func (d *anyDay) note(format string, args ...any) {
	d.log = append(d.log, d.now.Format(time.TimeOnly)+" "+fmt.Sprintf(format, args...))
}

// must is for what only a crash may hinder.
func (d *anyDay) must(err error) {
	switch {
	case err == nil, errors.Is(err, store.ErrNotFound):
	case d.dead && (errors.Is(err, errCrash) || errors.Is(err, store.ErrClosed)):
	default:
		d.fail("at %s: %v", d.now.Format(time.TimeOnly), err)
	}
}

// begin begins a life of the receiver.
func (d *anyDay) begin() {
	ctx := d.t.Context()
	d.life++
	d.begun++
	d.dead, d.writes, d.over = false, -1, map[string]bool{}
	var err error
	d.store, err = store.Open(ctx, d.folder)
	require.NoError(d.t, err)
	d.store.OnStep(d.write)
	d.receiver, err = receiver.New(ctx, receiver.Options{Store: d.store, Now: func() time.Time { return d.now }, HTTP: &http.Client{Transport: d}})
	require.NoError(d.t, err)
	require.NoError(d.t, d.receiver.Update(d.catalog))
	d.answers = callback.New(callback.Options{Desk: d.receiver.Callbacks(), Now: func() time.Time { return d.now }})
	d.steps, err = receiver.NewSteps(ctx, d.receiver)
	require.NoError(d.t, err)
}

// write counts down to the crash.
func (d *anyDay) write() error {
	d.begun++
	if d.writes == 0 {
		d.dead = true
	}
	if d.writes >= 0 && !d.dead {
		d.writes--
	}
	if d.dead {
		return errCrash
	}
	return nil
}

// rise ends a dead life and begins the next a while later.
func (d *anyDay) rise() {
	d.crashes++
	d.note("crash")
	require.NoError(d.t, d.store.Close())
	d.life++
	d.plans = slices.DeleteFunc(d.plans, func(p plan) bool { return p.life != 0 })
	d.now = d.now.Add(time.Duration(1+d.random.IntN(120)) * time.Second)
	d.begin()
}

func (d *anyDay) in(after time.Duration, life int, do func()) {
	d.turn++
	d.plans = append(d.plans, plan{d.now.Add(after), d.turn, life, do})
}

// settle does everything that can be done at this instant.
func (d *anyDay) settle() {
	for range 1000 {
		if d.dead {
			d.rise()
		}
		if d.broken != "" {
			return
		}
		if next := d.next(); next.IsZero() || next.After(d.now) {
			d.promises()
			return
		}
		d.work()
	}
	d.fail("what is due at %s never gets done", d.now.Format(time.TimeOnly))
}

// work does what is due, as far as the power lasts.
func (d *anyDay) work() {
	ctx := d.t.Context()
	d.must(d.steps.Tick(ctx))
	if d.dead {
		return
	}
	flights, err := d.steps.Claim(ctx)
	d.must(err)
	if d.dead {
		return
	}
	for _, f := range flights {
		d.fly(f)
	}
}

// next is when something is due. Nothing but a write changes that.
func (d *anyDay) next() time.Time {
	if d.looked == d.begun {
		return d.due
	}
	next, err := d.steps.Next(d.t.Context())
	d.must(err)
	d.looked, d.due = d.begun, next
	return next
}

// open lists what is open. Nothing but a write changes that.
func (d *anyDay) open() []incident.Incident {
	if d.listed != d.begun {
		open, err := d.store.Current(d.t.Context())
		d.must(err)
		d.listed, d.current = d.begun, open
	}
	return d.current
}

// fly hands a message over; its outcome is stored a while later.
func (d *anyDay) fly(f *receiver.Flight) {
	d.look(f)
	d.steps.Send(context.WithoutCancel(d.t.Context()), f)
	life := d.life
	d.in(d.upTo(5*time.Second), life, func() {
		if !d.dead {
			d.steps.Finish(d.t.Context(), f)
		}
	})
}

func (d *anyDay) upTo(most time.Duration) time.Duration {
	return time.Duration(d.random.Int64N(int64(most)) + 1).Truncate(time.Millisecond)
}

// passes lets time go by, from one plan or due instant to the next.
func (d *anyDay) passes(length time.Duration) {
	until := d.now.Add(length)
	for d.broken == "" {
		d.settle()
		next := d.next()
		if next.IsZero() || next.After(until) {
			next = until
		}
		first := -1
		for n, p := range d.plans {
			if !p.at.After(next) && (first < 0 || p.at.Before(d.plans[first].at) || p.at.Equal(d.plans[first].at) && p.turn < d.plans[first].turn) {
				first = n
			}
		}
		if first < 0 {
			d.now = later(d.now, next)
			if !d.now.Before(until) {
				d.settle()
				return
			}
			continue
		}
		p := d.plans[first]
		d.plans = slices.Delete(d.plans, first, first+1)
		d.now = later(d.now, p.at)
		p.do()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (d *anyDay) last() (text string) {
	for _, line := range d.log[max(0, len(d.log)-40):] {
		text += line + "\n"
	}
	return text
}

// play is one day, and the calm after it.
func (d *anyDay) play() {
	for until := d.now.Add(24 * time.Hour); d.now.Before(until) && d.broken == ""; {
		d.act()
		d.passes(d.upTo(20 * time.Minute))
	}
	d.calm, d.writes = true, -1
	for _, service := range []string{"web", "api", "database", "alone"} {
		d.end(service)
	}
	d.passes(5 * time.Minute)
	d.unlisted()
	d.passes(6 * time.Hour)
	if d.broken == "" {
		d.finally()
	}
}

// unlisted ends what Alertmanager lists no more, as the reconciler does: a
// firing that came later than its end is believed until then.
func (d *anyDay) unlisted() {
	for _, i := range d.open() {
		for _, a := range i.Firing() {
			a.Resolved, a.EndsAt = true, d.now
			d.post(a)
		}
	}
}

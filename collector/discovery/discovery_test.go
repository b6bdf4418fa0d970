package discovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
)

// follower is a part that remembers what it took, and may refuse.
type follower struct {
	mu     sync.Mutex
	taken  []string // the names of each catalogue's services
	refuse func(*catalog.Catalog) error
}

func (f *follower) Update(c *catalog.Catalog) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		if err := f.refuse(c); err != nil {
			return err
		}
	}
	var names []string
	for name := range c.Services {
		names = append(names, name)
	}
	slices.Sort(names)
	f.taken = append(f.taken, strings.Join(names, " "))
	return nil
}

func (f *follower) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.taken[len(f.taken)-1]
}

const twoSources = `monitoring: {team: crew}
teams: {crew: {}}
locations: {here: {}, there: {}}
services: {written: {team: crew}}
discovery:
  a: {file: {paths: [a.json]}, service: {team: crew}}
  b: {file: {paths: [b.json]}, service: {team: crew}}
  elsewhere: {locations: [there], file: {paths: [c.json]}, service: {team: crew}}
`

func parsed(t *testing.T, text string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("/nowhere/tocsin.yml", []byte(text))
	require.NoError(t, err)
	return c
}

// listed is a list of hosts as a source tells it.
func hosts(source string, names ...string) []catalog.Candidate {
	var list []catalog.Candidate
	for _, name := range names {
		list = append(list, catalog.Candidate{Source: source, Target: name, Probe: "tcp", Values: map[string]string{"target": name, "host": name, "address": name + ":1"}})
	}
	return list
}

func made(t *testing.T, logged *bytes.Buffer) (*Discovery, *follower) {
	t.Helper()
	f := &follower{}
	d := New(Options{Location: "here", Parts: []reload.Part{f}, Logger: log.NewLogfmtLogger(log.NewSyncWriter(logged))})
	require.NoError(t, d.Update(parsed(t, twoSources)))
	return d, f
}

func series(t *testing.T, d *Discovery, want string, names ...string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(d)
	var lines strings.Builder
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if !slices.Contains(names, family.GetName()) {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				if l.GetName() != "location" {
					labels = append(labels, l.GetValue())
				}
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if value != 0 || !strings.HasSuffix(family.GetName(), "rejected_targets") {
				fmt.Fprintf(&lines, "%s %s %g\n", strings.TrimPrefix(family.GetName(), "tocsin_discovery_"), strings.Join(labels, " "), value)
			}
		}
	}
	require.Equal(t, want, lines.String())
}

func TestListsExtendTheCatalogue(t *testing.T) {
	var logged bytes.Buffer
	d, f := made(t, &logged)
	require.Equal(t, "written", f.last())
	a, b := told{d, "a"}, told{d, "b"}
	a.found(hosts("a", "one", "two", "three", "four"), nil, nil)
	b.found(hosts("b", "one", "five"), []catalog.Rejection{{Source: "b", Target: "group 1", Reason: catalog.RejectMalformed, Problem: "nonsense"}}, nil)
	told{d, "gone"}.found(hosts("gone", "x"), nil, nil)
	d.extend()
	require.Equal(t, "five four one three two written", f.last())
	require.Contains(t, logged.String(), `source=b target=one service=one reason=clash kept=false err="the name belongs to one of discovery.a"`)
	require.Contains(t, logged.String(), `source=b target="group 1" service= reason=malformed kept=false err=nonsense`)
	require.Contains(t, logged.String(), `msg="Discovered services have changed" source=a added=4 removed=0 services=4`)
	series(t, d, "rejected_targets clash b 1\nrejected_targets malformed b 1\nservices a 4\nservices b 1\ntargets a 4\ntargets b 3\nup a 1\nup b 1\n",
		"tocsin_discovery_up", "tocsin_discovery_services", "tocsin_discovery_targets", "tocsin_discovery_rejected_targets")
	require.Zero(t, testutil.CollectAndCount(d, "tocsin_nothing"))

	logged.Reset()
	a.found(hosts("a", "one"), nil, nil)
	d.extend()
	require.Equal(t, "five one written", f.last())
	require.Equal(t, 1, strings.Count(logged.String(), "\n"), "what is as it was is not said again: %s", &logged)
	require.Contains(t, logged.String(), `msg="A source of discovery has taken away most of its services at once" source=a added=0 removed=3 services=1`)

	logged.Reset()
	a.failed(errors.New("no way"))
	a.failed(errors.New("no way"))
	d.extend()
	require.Equal(t, "five one written", f.last(), "losing sight is not removal")
	require.Equal(t, 1, strings.Count(logged.String(), "no way"))
	series(t, d, "removed_services_total a 3\nremoved_services_total b 0\nup a 0\nup b 1\n", "tocsin_discovery_up", "tocsin_discovery_removed_services_total")
	a.found(hosts("a", "one"), nil, nil)
	require.Contains(t, logged.String(), "A source of discovery can be read again")
}

func TestAReloadKeepsWhatWasFound(t *testing.T) {
	var logged bytes.Buffer
	d, f := made(t, &logged)
	told{d, "a"}.found(hosts("a", "one"), nil, nil)
	d.extend()
	require.NoError(t, d.Update(parsed(t, strings.Replace(twoSources, "written:", "rewritten:", 1))))
	require.Equal(t, "one rewritten", f.last())
	require.NoError(t, d.Update(parsed(t, strings.Replace(twoSources, "  a: {file", "  c: {file", 1))))
	require.Equal(t, "written", f.last(), "a source that leaves the catalogue takes its services along")
	series(t, d, "up b 0\nup c 0\n", "tocsin_discovery_up", "tocsin_discovery_service_info")

	f.refuse = func(c *catalog.Catalog) error {
		if c.Services["bad"] != nil {
			return errors.New("not this one")
		}
		return nil
	}
	told{d, "b"}.found(hosts("b", "two"), nil, nil)
	require.EqualError(t, d.Update(parsed(t, strings.Replace(twoSources, "written:", "bad:", 1))), "not this one")
	d.extend()
	require.Equal(t, "two written", f.last())
}

// A discovered service that the parts refuse takes nobody along.
func TestWhatThePartsRefuseIsLeftOut(t *testing.T) {
	var logged bytes.Buffer
	d, f := made(t, &logged)
	f.refuse = func(c *catalog.Catalog) error {
		if c.Services["bad"] != nil {
			return errors.Join(fmt.Errorf("building: %w", c.Errorf("services.bad.probes.bad.tcp", "cannot be built")))
		}
		return nil
	}
	told{d, "a"}.found(hosts("a", "bad", "good"), nil, nil)
	d.extend()
	require.Equal(t, "good written", f.last())
	require.Contains(t, logged.String(), `target=bad service= reason=value kept=false err="services.bad.probes.bad.tcp: cannot be built"`)

	f.refuse = func(c *catalog.Catalog) error {
		if len(c.Services) > 1 {
			return errors.New("nobody knows why")
		}
		return nil
	}
	told{d, "a"}.found(hosts("a", "good", "better"), nil, nil)
	d.extend()
	require.Equal(t, "written", f.last())
	series(t, d, "rejected_targets value a 2\n", "tocsin_discovery_rejected_targets")
}

func TestTheLogIsBounded(t *testing.T) {
	var logged bytes.Buffer
	d, _ := made(t, &logged)
	var rejected []catalog.Rejection
	for i := range 1000 {
		rejected = append(rejected, catalog.Rejection{Source: "a", Target: fmt.Sprint(i), Reason: catalog.RejectMalformed})
	}
	told{d, "a"}.found(nil, rejected, nil)
	d.extend()
	require.Equal(t, maxTold+1, strings.Count(logged.String(), "\n"))
	require.Contains(t, logged.String(), "980 more discovered targets are not watched")
	statuses := d.Statuses()
	require.Len(t, statuses, 2)
	require.Len(t, statuses[0].Rejections, maxShown)
	statuses[0].Rejections, statuses[0].Success = nil, time.Time{}
	require.Equal(t, Status{Name: "a", Kind: "file", Known: true, Read: true, Targets: 1000, Rejected: 1000}, statuses[0])
	require.Equal(t, Status{Name: "b", Kind: "file"}, statuses[1])
	told{d, "a"}.failed(errors.New("no\nway"))
	require.Equal(t, "no way", d.Statuses()[0].Err)
}

func TestWhatWasFoundOutlivesARestart(t *testing.T) {
	storage := filepath.Join(t.TempDir(), "data")
	f := &follower{}
	d := New(Options{Location: "here", Parts: []reload.Part{f}, Storage: storage})
	require.NoError(t, d.Update(parsed(t, twoSources)))
	told{d, "a"}.found(hosts("a", "one"), nil, nil)
	d.extend()
	again := New(Options{Location: "here", Parts: []reload.Part{f}, Storage: storage})
	require.NoError(t, again.Update(parsed(t, twoSources)))
	require.Equal(t, "one written", f.last())
	series(t, again, "service_info one a 1\ntargets a 1\nup a 0\nup b 0\n", "tocsin_discovery_up", "tocsin_discovery_targets", "tocsin_discovery_service_info")
	put(t, filepath.Join(storage, storedName), "{")
	broken := New(Options{Location: "here", Parts: []reload.Part{f}, Storage: storage})
	require.NoError(t, broken.Update(parsed(t, twoSources)))
	require.Equal(t, "written", f.last())
}

// A target that has become bad goes on as it was, over a restart too, until it
// is no longer listed.
func TestTheLastGoodFormOutlivesARestart(t *testing.T) {
	const text = `monitoring: {team: crew}
teams: {crew: {}}
locations: {here: {}}
services: {written: {team: crew}}
discovery:
  a: {file: {paths: [a.json]}, name: "{{label name}}", service: {team: crew, thresholds: {memory: "{{label memory}}"}}}
`
	storage := t.TempDir()
	say := func(d *Discovery, memory string) {
		list := hosts("a", "one", "two")
		for i, name := range []string{"first", "second"} {
			list[i].Values["label name"], list[i].Values["label memory"] = name, "70%"
		}
		list[0].Values["label memory"] = memory
		told{d, "a"}.found(list, nil, nil)
		d.extend()
	}
	begin := func() (*Discovery, *follower) {
		f := &follower{}
		d := New(Options{Location: "here", Parts: []reload.Part{f}, Storage: storage})
		require.NoError(t, d.Update(parsed(t, text)))
		return d, f
	}
	d, f := begin()
	say(d, "much")
	require.Equal(t, "second written", f.last(), "it has never been good")
	say(d, "60%")
	say(d, "much")
	require.Equal(t, "first second written", f.last())

	for range 2 {
		d, f = begin()
		require.Equal(t, "first second written", f.last())
		require.InDelta(t, 0.6, float64(d.extended.Services["first"].Thresholds.Memory), 0)
		say(d, "much")
		require.Equal(t, "first second written", f.last())
		series(t, d, "rejected_targets value a 1\n", "tocsin_discovery_rejected_targets")
	}
	told{d, "a"}.found(hosts("a"), nil, nil)
	d.extend()
	require.Equal(t, "written", f.last())
	_, f = begin()
	require.Equal(t, "written", f.last())
}

// Changes of one second are one change, however many there are.
func TestChangesAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		f := &follower{}
		d := New(Options{Location: "nowhere", Parts: []reload.Part{f}, Logger: log.NewLogfmtLogger(&logged)})
		require.NoError(t, d.Update(parsed(t, twoSources)))
		d.sources["a"] = &state{spec: parsed(t, twoSources).Discovery["a"]} // one that nobody asks
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		under := d.sources
		d.sources = map[string]*state{}
		go func() { ended <- d.Run(ctx) }()
		synctest.Wait()
		d.mu.Lock()
		d.sources = under
		d.mu.Unlock()
		for i := range 50 {
			told{d, "a"}.found(hosts("a", fmt.Sprint("h", i)), nil, nil)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"written", "h49 written"}, f.taken)
		stop()
		require.NoError(t, <-ended)
	})
}

package discovery

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
)

// gathering is how long changes are gathered before the catalogue is extended
// anew, so that a rollout of a hundred objects is one change.
const gathering = time.Second

// Options say where the exporter is and who follows the extended catalogue.
type Options struct {
	Location  string
	Parts     []reload.Part
	Storage   string     // folder for what was found last; empty keeps nothing
	Logger    log.Logger // nil for none
	UserAgent string
}

// Discovery is a part that extends each catalogue by what its sources list, and
// hands it on.
type Discovery struct {
	options  Options
	logger   log.Logger
	settings settings
	parts    *reload.Together

	changed  chan struct{} // a list has changed
	reformed chan struct{} // the catalogue names other sources

	handing  sync.Mutex // one catalogue at a time
	written  *catalog.Catalog
	extended *catalog.Catalog

	mu      sync.Mutex // guards what scrapes and sources share; taken last
	sources map[string]*state
	stored  map[string]stored // what was found before the start, until its source is named
	result  result
}

// state is what is known of a source.
type state struct {
	spec      *catalog.Discovery
	list      []catalog.Candidate
	malformed []catalog.Rejection
	known     bool // there has been a list, now or before a restart
	read      bool // since the start
	handed    bool // the catalogue has been extended by a list
	err       error
	success   time.Time
	removed   int // services that the source has taken away
}

// result is what became of the lists.
type result struct {
	services map[string]string // source by service
	rejected []catalog.Rejection
}

// New has found nothing yet but what is stored.
func New(o Options) *Discovery {
	d := &Discovery{
		options: o, logger: o.Logger, parts: reload.NewTogether(o.Parts...),
		settings: settings{userAgent: cmp.Or(o.UserAgent, "Tocsin"), transport: func() *http.Transport {
			return &http.Transport{ForceAttemptHTTP2: true, MaxIdleConns: 4, TLSHandshakeTimeout: patience, ResponseHeaderTimeout: patience}
		}},
		changed: make(chan struct{}, 1), reformed: make(chan struct{}, 1),
		sources: make(map[string]*state),
	}
	if d.logger == nil {
		d.logger = log.NewNopLogger()
	}
	d.stored = d.restore()
	return d
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake already
	}
}

// Update takes a written catalogue over, extended by what is known of its
// sources. On an error everything stays as it was.
func (d *Discovery) Update(c *catalog.Catalog) error {
	d.handing.Lock()
	defer d.handing.Unlock()
	d.mu.Lock()
	before := d.sources
	d.sources = d.reform(c)
	d.mu.Unlock()
	if err := d.hand(c); err != nil {
		d.mu.Lock()
		for name, s := range before {
			if now := d.sources[name]; now != nil { // it may have found something meanwhile
				now.spec = s.spec
				before[name] = now
			}
		}
		d.sources = before
		d.mu.Unlock()
		return err
	}
	wake(d.reformed)
	return nil
}

// reform is the state of the sources that a catalogue names for this location.
// The caller locks.
func (d *Discovery) reform(c *catalog.Catalog) map[string]*state {
	next := make(map[string]*state)
	for name, spec := range c.Discovery {
		if !slices.Contains(spec.Locations, d.options.Location) {
			continue
		}
		s := &state{}
		if old := d.sources[name]; old != nil {
			*s = *old
		} else if kept, is := d.stored[name]; is {
			s.list, s.known, s.success = kept.Candidates, true, kept.Success
		}
		s.spec = spec
		next[name] = s
	}
	return next
}

// hand extends a catalogue and gives it to the parts. What the parts refuse of
// a discovered service (a file of certificates that is not there) removes that
// service and no more.
func (d *Discovery) hand(c *catalog.Catalog) error {
	candidates, before := d.candidates(), d.extended
	if before == nil {
		before = d.remembered(c)
	}
	var refused []catalog.Rejection
	for {
		extended, rejected := c.Extend(candidates, before)
		err := d.parts.Update(extended)
		if err == nil {
			d.written, d.extended = c, extended
			d.conclude(extended, append(rejected, refused...))
			return nil
		}
		if len(candidates) == 0 {
			return err
		}
		blamed := blame(err, extended)
		var good []catalog.Candidate
		for _, candidate := range candidates {
			name := extended.ServiceOf(candidate)
			if problem, is := blamed[name]; is || len(blamed) == 0 {
				refused = append(refused, rejection(candidate.Source, candidate.Target, catalog.RejectValue, cmp.Or(problem, err.Error())))
				continue
			}
			good = append(good, candidate)
		}
		candidates = good
	}
}

// candidates are all that is known.
func (d *Discovery) candidates() []catalog.Candidate {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []catalog.Candidate
	for _, name := range slices.Sorted(maps.Keys(d.sources)) {
		all = append(all, d.sources[name].list...)
	}
	return all
}

// blame says which discovered services an error is about, and what it says.
func blame(err error, c *catalog.Catalog) map[string]string {
	discovered, blamed := c.Discovered(), make(map[string]string)
	for _, one := range leaves(err) {
		var at *catalog.Error
		if !errors.As(one, &at) {
			continue
		}
		path, is := strings.CutPrefix(at.Path, "services.")
		name, _, _ := strings.Cut(path, ".")
		if _, found := discovered[name]; is && found {
			blamed[name] = at.Path + ": " + at.Problem
		}
	}
	return blamed
}

// leaves are the errors that are joined in one.
func leaves(err error) []error {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, leaves(one)...)
		}
		return all
	}
	return []error{err}
}

// Run asks the sources until ctx ends. It returns nil.
func (d *Discovery) Run(ctx context.Context) error {
	under := make(map[string]*underway)
	defer func() {
		for _, u := range under {
			u.stop()
		}
	}()
	d.start(ctx, under)
	gathered := time.NewTimer(time.Hour)
	defer gathered.Stop()
	gathered.Stop()
	waiting := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.reformed:
			d.start(ctx, under)
		case <-d.changed:
			if !waiting {
				waiting = true
				gathered.Reset(gathering)
			}
		case <-gathered.C:
			waiting = false
			d.extend()
		}
	}
}

// extend hands on the catalogue with what has been found meanwhile.
func (d *Discovery) extend() {
	d.handing.Lock()
	defer d.handing.Unlock()
	if d.written == nil {
		return
	}
	if err := d.hand(d.written); err != nil { // the written catalogue alone was good before
		d.complain(err)
		return
	}
	d.store()
}

// underway is a source that is being asked.
type underway struct {
	spec   *catalog.Discovery
	cancel context.CancelFunc
	ended  chan struct{}
}

func (u *underway) stop() {
	u.cancel()
	<-u.ended
}

// start ends the sources that the catalogue no longer names as they are, and
// begins the new ones.
func (d *Discovery) start(ctx context.Context, under map[string]*underway) {
	d.mu.Lock()
	want := make(map[string]*catalog.Discovery, len(d.sources))
	last := make(map[string][]catalog.Candidate, len(d.sources))
	for name, s := range d.sources {
		want[name], last[name] = s.spec, s.list
	}
	d.mu.Unlock()
	for name, u := range under {
		if spec := want[name]; spec == nil || !asked(spec, u.spec) {
			u.stop()
			delete(under, name)
		}
	}
	for name, spec := range want {
		if under[name] != nil {
			continue
		}
		ctx, cancel := context.WithCancel(ctx)
		u := &underway{spec: spec, cancel: cancel, ended: make(chan struct{})}
		under[name] = u
		go func() {
			defer close(u.ended)
			newSource(spec, d.settings).run(ctx, last[name], told{d, name})
		}()
	}
}

// asked says whether two specifications ask the same of the same source; what
// is made of the answers does not matter here.
func asked(a, b *catalog.Discovery) bool {
	return reflect.DeepEqual(a.File, b.File) && reflect.DeepEqual(a.HTTP, b.HTTP) && reflect.DeepEqual(a.Kubernetes, b.Kubernetes)
}

// told is the sink of one source.
type told struct {
	d    *Discovery
	name string
}

func (t told) found(list []catalog.Candidate, rejected []catalog.Rejection, err error) {
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	s := t.d.sources[t.name]
	if s == nil {
		return // it has just left the catalogue
	}
	same := s.known && reflect.DeepEqual(s.list, list) && reflect.DeepEqual(s.malformed, rejected)
	t.d.tell(t.name, s.err, err)
	s.list, s.malformed, s.known, s.err = list, rejected, true, err
	s.read = true
	if err == nil {
		s.success = time.Now()
	}
	if !same {
		wake(t.d.changed)
	}
}

func (t told) failed(err error) {
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	if s := t.d.sources[t.name]; s != nil {
		t.d.tell(t.name, s.err, err)
		s.err = err
	}
}

package receiver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/webcal"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// lookEvery is how often is looked whether a calendar is to be fetched, and
	// whether another receiver has.
	lookEvery = 30 * time.Second
	// againAfter is how soon one is fetched again that could not be, unless it is
	// fetched more often anyway.
	againAfter = 5 * time.Minute
	// mostFetches bounds how many are fetched at once.
	mostFetches = 4
)

// feeds are the calendars that are fetched, by their IDs.
type feeds struct {
	client  *http.Client
	reading sync.Mutex // held while the calendars are read
	mutex   sync.Mutex // guards by, and what is in it for those who only read
	by      map[string]*feed
}

// feed is what is known of a calendar. Whoever holds busy may change it.
type feed struct {
	busy    sync.Mutex
	address string // its digest
	known   webcal.Version
	text    [sha256.Size]byte
	changed time.Time // it holds this since
	fetched time.Time // it held this last
	tried   time.Time
	failed  bool
}

func (f *feeds) of(id string) *feed {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.by == nil {
		f.by = map[string]*feed{}
	}
	if f.by[id] == nil {
		f.by[id] = &feed{}
	}
	return f.by[id]
}

// fetched is when a calendar was fetched last; zero for never.
func (f *feeds) fetched(id string) time.Time {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if one := f.by[id]; one != nil {
		return one.fetched
	}
	return time.Time{}
}

// now notes that a calendar holds what is known of it.
func (f *feeds) now(one *feed, at time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	one.fetched = at
}

// recallCalendars takes what was fetched before the start, or by another
// receiver, of the calendars of a catalogue.
func (r *Receiver) recallCalendars(c *catalog.Catalog) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	for _, spec := range duty.Feeds(c) {
		if one := r.feeds.of(spec.ID()); one.busy.TryLock() { // else it is being fetched
			r.recall(ctx, one, spec)
			one.busy.Unlock()
		}
	}
}

// recall takes what the store has of a calendar and gives its address; "" when
// that cannot be read. With another address nothing of the old one counts, but
// what it held goes on to until the new one gives something.
func (r *Receiver) recall(ctx context.Context, one *feed, spec catalog.ICal) string {
	address, err := spec.Address()
	if err != nil {
		r.failed(one, spec, err)
		return ""
	}
	sum := sha256.Sum256([]byte(address))
	if digest := hex.EncodeToString(sum[:]); one.address != digest {
		one.address, one.known, one.text, one.changed, one.failed = digest, webcal.Version{}, [sha256.Size]byte{}, time.Time{}, false
		r.feeds.now(one, time.Time{})
	}
	kept, err := r.store.Calendar(ctx, one.address, one.changed)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		level.Warn(r.logger).Log("msg", "What a calendar held last could not be read", "err", err)
	case kept.Fetched.After(one.fetched):
		if !kept.Changed.Equal(one.changed) && r.shelf.Offer(spec.ID(), kept.Body, r.now()) != nil {
			break // it is fetched anew
		}
		if !kept.Changed.Equal(one.changed) {
			one.text = sha256.Sum256(kept.Body)
		}
		one.changed, one.known = kept.Changed, webcal.Version{ETag: kept.ETag, Modified: kept.Modified}
		r.succeeded(one, spec, kept.Fetched)
	}
	return address
}

// RunCalendars fetches the calendars of the rotas, each as often as the catalogue
// says, until ctx ends.
func (r *Receiver) RunCalendars(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		r.FetchCalendars(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-r.fetches:
		}
	}
}

// FetchCalendars fetches the calendars for which it is time, and has the rotas
// follow them.
func (r *Receiver) FetchCalendars(ctx context.Context) {
	d := r.current.Load()
	if d == nil {
		return
	}
	places := make(chan struct{}, mostFetches)
	var fetching sync.WaitGroup
	for _, spec := range duty.Feeds(d.catalog) {
		places <- struct{}{}
		fetching.Go(func() {
			defer func() { <-places }()
			r.fetchCalendar(ctx, spec)
		})
	}
	fetching.Wait()
	r.ReadCalendars()
}

func (r *Receiver) fetchCalendar(ctx context.Context, spec catalog.ICal) {
	ctx, cancel := context.WithTimeout(ctx, webcal.Patience)
	defer cancel()
	one := r.feeds.of(spec.ID())
	one.busy.Lock()
	defer one.busy.Unlock()
	now := r.now()
	address := r.recall(ctx, one, spec)
	if address == "" || now.Before(one.next(spec.Interval())) {
		return
	}
	one.tried = now
	text, version, err := webcal.Get(ctx, r.feeds.client, address, one.known)
	if errors.Is(ctx.Err(), context.Canceled) {
		return // we are stopping
	}
	same := errors.Is(err, webcal.ErrUnchanged) || err == nil && sha256.Sum256(text) == one.text
	if err == nil && !same {
		err = r.shelf.Offer(spec.ID(), text, now)
	}
	if err != nil && !same {
		r.failed(one, spec, err)
		return
	}
	if !same {
		one.text, one.changed, one.known = sha256.Sum256(text), now, version
	}
	r.keep(ctx, one, now, text, same)
	r.succeeded(one, spec, now)
}

// next is when a calendar is to be fetched next.
func (f *feed) next(every time.Duration) time.Time {
	if f.failed {
		return f.tried.Add(min(every, againAfter))
	}
	if f.fetched.IsZero() {
		return time.Time{}
	}
	return f.fetched.Add(every)
}

// keep writes down what was fetched, for the next start and for other receivers.
func (r *Receiver) keep(ctx context.Context, one *feed, now time.Time, text []byte, same bool) {
	c := store.Calendar{
		Address: one.address, Changed: one.changed, Fetched: now, ETag: one.known.ETag, Modified: one.known.Modified, Body: bytes.Clone(text),
	}
	err := r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if same {
			return tx.ConfirmCalendar(c.Address, c.Changed, c.Fetched)
		}
		return tx.SaveCalendar(c)
	})
	if err != nil {
		level.Warn(r.logger).Log("msg", "What a calendar holds is not kept for the next start", "err", err)
	}
}

// succeeded notes that a calendar held what is known of it at an instant.
func (r *Receiver) succeeded(one *feed, spec catalog.ICal, at time.Time) {
	one.failed = false
	r.feeds.now(one, at)
	r.shelf.Note(spec.ID(), nil)
}

func (r *Receiver) failed(one *feed, spec catalog.ICal, err error) {
	one.failed = true
	r.shelf.Note(spec.ID(), err)
}

package receiver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/inbound"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

var _ inbound.Sink = (*Receiver)(nil)

// mostForeign bounds the alerts of one source that fire at once. More are
// refused with 503: what raises so many is broken, and comes again.
const mostForeign = 5000

// errManyForeign says so.
var errManyForeign = errors.New("too many alerts of this source fire already")

// HTTP is the client of everything that the receiver asks; it follows no
// redirects.
func (r *Receiver) HTTP() *http.Client { return r.http }

// CountInbound counts an answer to a source of alerts.
func (r *Receiver) CountInbound(source, result string) {
	r.metrics.inbound.WithLabelValues(source, result).Inc()
}

// Arrived stores what another system says of its alerts.
func (r *Receiver) Arrived(ctx context.Context, m inbound.Message) error {
	now := r.now().UTC()
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if m.ID != "" {
			if fresh, err := tx.NewMessage(m.Source, m.ID, now); err != nil || !fresh {
				return err
			}
		}
		if err := room(tx, m); err != nil {
			return err
		}
		err := tx.AddNotification(store.Notification{
			ReceivedAt: now, Source: m.Source, Receiver: "inbound", GroupKey: m.ID, Alerts: len(m.Events), Body: m.Body,
		})
		if err != nil {
			return err
		}
		for _, e := range m.Events {
			if err := r.said(tx, m.Source, e, now); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { wake(r.foreign) })
		return nil
	})
}

// room refuses what would fire beside too much already. Ends are always taken,
// and so is what fires already: with them in one message come ends.
func room(tx *store.Tx, m inbound.Message) error {
	begins := func(e inbound.Event) bool { return !e.Ended }
	if !slices.ContainsFunc(m.Events, begins) {
		return nil
	}
	firing, err := tx.FiringForeign(m.Source)
	if err != nil || firing < mostForeign {
		return err
	}
	for _, e := range m.Events {
		last, known, err := tx.LastForeign(m.Source, inbound.ID(e.Key))
		if err != nil {
			return err
		}
		if begins(e) && (!known || !last.EndsAt.IsZero()) {
			return errManyForeign
		}
	}
	return nil
}

// said puts what a source says of one alert beside what it said before.
func (r *Receiver) said(tx *store.Tx, source string, e inbound.Event, now time.Time) error {
	c := r.Catalog()
	in := c.Inbound[source]
	if in == nil {
		return fmt.Errorf("inbound.%s is not in the catalogue any more", source)
	}
	key := inbound.ID(e.Key)
	last, known, err := tx.LastForeign(source, key)
	if err != nil {
		return err
	}
	if e.At.IsZero() || e.At.After(now) {
		e.At = now
	}
	if e.Ended {
		if over, changed := ended(last, known, store.Foreign{Source: source, Key: key}, e.At); changed {
			return tx.PutForeign(over, now)
		}
		return nil
	}
	next := store.Foreign{Source: source, Key: key, StartsAt: e.At}
	next.Labels, next.Annotations = inbound.Label(c, in, e)
	if e.Expire > 0 {
		next.ExpiresAt = now.Add(e.Expire)
	}
	return r.raise(tx, last, known, next, now)
}

// ended is an alert's end. An end that is older than what fires is of an
// earlier time; one of which the beginning never came is remembered, in case
// it is still on its way.
func ended(last store.Foreign, known bool, bare store.Foreign, at time.Time) (store.Foreign, bool) {
	switch {
	case known && last.EndsAt.IsZero():
		if at.Before(last.StartsAt) {
			return last, false
		}
		last.EndsAt = later(at, last.StartsAt.Add(time.Millisecond))
		return last, true
	case known && !at.After(last.EndsAt):
		return last, false
	}
	bare.StartsAt, bare.EndsAt = at, at
	return bare, true
}

// raise writes down what fires. One that was told late, after its end, raises
// nothing; one that is told again goes on, with its newest texts. Where its
// labels have changed, it is another alert to Alertmanager, and the old ends.
func (r *Receiver) raise(tx *store.Tx, last store.Foreign, known bool, next store.Foreign, now time.Time) error {
	switch {
	case known && !last.EndsAt.IsZero():
		if !next.StartsAt.After(last.EndsAt) {
			return nil
		}
	case known && maps.Equal(last.Labels, next.Labels):
		next.ID, next.StartsAt = last.ID, last.StartsAt
	case known:
		last.EndsAt = later(now, last.StartsAt.Add(time.Millisecond))
		if err := tx.PutForeign(last, now); err != nil {
			return err
		}
		next.StartsAt = last.EndsAt
	}
	return tx.PutForeign(next, now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// expire ends what ends by itself, and what comes of a source that is not in
// the catalogue any more.
func (r *Receiver) expire(ctx context.Context, all []store.Foreign, now time.Time) error {
	sources := r.Catalog().Inbound
	var over []store.Foreign
	for n := range all {
		f := &all[n]
		due := !f.ExpiresAt.IsZero() && !f.ExpiresAt.After(now)
		if f.EndsAt.IsZero() && (due || sources[f.Source] == nil) {
			over = append(over, *f)
		}
	}
	if len(over) == 0 {
		return nil
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		for _, f := range over {
			last, known, err := tx.LastForeign(f.Source, f.Key)
			if err != nil {
				return err
			}
			if !known || last.ID != f.ID || !last.EndsAt.IsZero() || !last.ExpiresAt.Equal(f.ExpiresAt) {
				continue // it was told again meanwhile
			}
			last.EndsAt = later(now, last.StartsAt.Add(time.Millisecond))
			if err := tx.PutForeign(last, now); err != nil {
				return err
			}
			level.Info(r.logger).Log("msg", "An alert from elsewhere ended by itself", "source", f.Source, "rule", f.Labels["rule"], "service", f.Labels["service"])
		}
		return nil
	})
}

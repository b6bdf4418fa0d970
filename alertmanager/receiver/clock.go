package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

const (
	// longest is how long a loop sleeps when nothing is planned.
	longest = time.Minute
	// pause is how long a loop waits after the store refused.
	pause = time.Second
	// mostProblems bounds what one line of the log says.
	mostProblems = 5
	// kept is how long the ends of alerts, and what other systems told, are
	// remembered: what comes later than that is new.
	kept = 7 * 24 * time.Hour
)

// RunClock does what becomes due, until ctx ends.
func (r *Receiver) RunClock(ctx context.Context) error {
	looked := r.now()
	for ctx.Err() == nil {
		wait := min(r.tick(ctx), r.edges(ctx, &looked))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.timers:
		case <-r.renewed:
			r.catalogChanged(ctx)
		case <-r.store.Changes():
			r.elsewhere()
		}
		timer.Stop()
	}
	return nil
}

// elsewhere has everybody look at what another receiver changed.
func (r *Receiver) elsewhere() {
	for _, loop := range []chan struct{}{r.outbox, r.foreign, r.shifts} {
		wake(loop)
	}
	for _, errand := range r.errands {
		wake(errand)
	}
	r.hub.publish()
}

// tick handles every incident that is due and says how long there is nothing
// more to do.
func (r *Receiver) tick(ctx context.Context) time.Duration {
	due, next, err := r.ready(ctx)
	err = errors.Join(err, r.onThese(ctx, due, func(id incident.ID) incident.Input { return incident.Tick{Incident: id} }))
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		level.Error(r.logger).Log("msg", "What is due could not be done; trying again", "err", err)
		return pause
	case len(due) > 0:
		return 0
	case next.IsZero():
		return longest
	}
	return min(max(next.Sub(r.now()), time.Millisecond), longest)
}

// edges has the engine look at the open incidents when a maintenance window
// has opened or ended since it last looked, and says when the next one will.
func (r *Receiver) edges(ctx context.Context, looked *time.Time) time.Duration {
	now := r.now()
	edge, err := r.nextEdge(ctx, *looked)
	if err == nil && !edge.IsZero() && !edge.After(now) {
		err = r.onEach(ctx, func(id incident.ID) incident.Input { return incident.WindowsChanged{Incident: id} })
		r.hub.publish()
	}
	if err == nil {
		*looked = now
		edge, err = r.nextEdge(ctx, now)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		level.Error(r.logger).Log("msg", "Maintenance windows could not be looked at; trying again", "err", err)
		return pause
	case edge.IsZero():
		return longest
	}
	return min(max(edge.Sub(now), time.Millisecond), longest)
}

// onEach decides an input about every open incident.
func (r *Receiver) onEach(ctx context.Context, in func(incident.ID) incident.Input) error {
	open, err := r.store.Current(ctx)
	if err != nil {
		return err
	}
	ids := make([]incident.ID, len(open))
	for n, i := range open {
		ids[n] = i.ID
	}
	return r.onThese(ctx, ids, in)
}

// onThese decides an input about each of some incidents. One that cannot be read
// or decided about keeps the others from nothing.
func (r *Receiver) onThese(ctx context.Context, ids []incident.ID, in func(incident.ID) incident.Input) error {
	var problems []error
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		if err := r.on(ctx, id, in(id), nil); err != nil {
			problems = append(problems, fmt.Errorf("incident %d: %w", id, err))
		}
	}
	if len(problems) > mostProblems {
		problems = append(problems[:mostProblems], fmt.Errorf("and %d more", len(problems)-mostProblems))
	}
	return errors.Join(problems...)
}

// catalogChanged asks the engine about every open incident under the new
// catalogue.
func (r *Receiver) catalogChanged(ctx context.Context) {
	err := r.onEach(ctx, func(id incident.ID) incident.Input { return incident.CatalogChanged{Incident: id} })
	if err != nil && ctx.Err() == nil {
		level.Error(r.logger).Log("msg", "The new catalogue was not applied to open incidents; trying again", "err", err)
		time.AfterFunc(pause, func() { wake(r.renewed) })
	}
}

// RunForgetting drops what is too old, now and every hour, until ctx ends.
func (r *Receiver) RunForgetting(ctx context.Context) error {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		if err := r.forget(ctx); err != nil && ctx.Err() == nil {
			level.Warn(r.logger).Log("msg", "What is old was not dropped; trying again in an hour", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-hourly.C:
		}
	}
}

// Retention says for how long things are kept; 0 is the default. What is open is
// kept in any case.
type Retention struct {
	Incidents     time.Duration // after they were closed; and windows and entries of rotas
	Notifications time.Duration // as they came
}

// DefaultRetention is a year and a bit of incidents, so that one can compare.
func DefaultRetention() Retention {
	return Retention{Incidents: 400 * 24 * time.Hour, Notifications: 30 * 24 * time.Hour}
}

func (r *Receiver) forget(ctx context.Context) error {
	if !r.store.Leads() {
		return nil
	}
	now := r.now()
	return r.store.Forget(ctx, store.Retention{
		Incidents: now.Add(-r.retention.Incidents), Notifications: now.Add(-r.retention.Notifications), Occurrences: now.Add(-kept), Audit: now.Add(-keptAudit),
	})
}

// Wake has everything that is due looked at now, instead of at its time. It is
// for clocks that jump.
func (r *Receiver) Wake() {
	wake(r.timers)
	wake(r.outbox)
	wake(r.shifts)
	for _, errand := range r.errands {
		wake(errand)
	}
}

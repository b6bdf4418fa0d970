package receiver

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// errandLimit bounds one errand. Whoever has begun it and is not heard of for
// as long again has died over it.
const errandLimit = time.Minute

// errand is what one run of an errand has led to.
type errand struct {
	keep     []store.Kept
	next     time.Time // when it is due again; zero for never
	attempts int       // that count at the next one
}

// errandKind is one row of the table of what is fetched for incidents.
type errandKind struct {
	wanted func(*Receiver, incident.Incident, incident.Event) bool // by an event
	run    func(*Receiver, context.Context, store.Errand, incident.Incident) (errand, error)
}

// The names of the errands, and of what they keep.
const (
	errandFigures  = "figures"
	errandEvidence = "evidence"
	keptPicture    = "picture"
)

// errandKinds is the table of what is fetched for incidents from other
// programs. None of them is in the way of a page: an event puts the errand down
// in its own transaction, and a goroutine of its own runs it.
func errandKinds() map[string]errandKind {
	return map[string]errandKind{
		errandFigures:  {wantsFigures, (*Receiver).fetchFigures},
		errandEvidence: {wantsEvidence, (*Receiver).fetchEvidence},
	}
}

// putErrands writes down what events ask for.
func (r *Receiver) putErrands(tx *store.Tx, state incident.State, events []incident.Event, now time.Time) error {
	for what, kind := range errandKinds() {
		put := map[incident.ID]bool{}
		for _, e := range events {
			i, ok := state.Incident(e.Incident)
			if !ok || put[i.ID] || !kind.wanted(r, i, e) {
				continue
			}
			put[i.ID] = true
			if err := tx.PutErrand(store.Errand{Incident: i.ID, What: what, Due: now}); err != nil {
				return err
			}
		}
		if len(put) > 0 {
			tx.AfterCommit(func() { wake(r.errands[what]) })
		}
	}
	return nil
}

// RunErrands fetches what incidents ask for, until ctx ends.
func (r *Receiver) RunErrands(ctx context.Context) error {
	var running sync.WaitGroup
	for what, kind := range errandKinds() {
		running.Go(func() { r.runErrands(ctx, what, kind) })
	}
	running.Wait()
	return nil
}

func (r *Receiver) runErrands(ctx context.Context, what string, kind errandKind) {
	for ctx.Err() == nil {
		wait, err := r.runErrand(ctx, what, kind)
		if err != nil && ctx.Err() == nil {
			level.Warn(r.logger).Log("msg", "What belongs to an incident could not be fetched or kept; trying again", "what", what, "err", err)
			wait = pause
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.errands[what]:
		}
		timer.Stop()
	}
}

// runErrand runs one that is due, and says how long there is nothing more to
// do.
func (r *Receiver) runErrand(ctx context.Context, what string, kind errandKind) (time.Duration, error) {
	if wait, err := r.untilErrand(ctx, what); err != nil || wait > 0 {
		return wait, err
	}
	var e store.Errand
	found := false
	err := r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) (err error) {
		now := r.now()
		e, found, err = tx.ClaimErrand(what, now, now.Add(2*errandLimit))
		return err
	})
	if err != nil || !found {
		return 0, err
	}
	done, err := r.fetch(ctx, kind, e)
	if err != nil {
		return 0, err
	}
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		for _, k := range done.keep {
			if err := tx.Keep(k); err != nil {
				return err
			}
		}
		return tx.EndErrand(e, done.next, done.attempts)
	})
	if len(done.keep) > 0 {
		r.hub.publish()
	}
	return 0, err
}

// fetch runs an errand. One that the end of the program cut short is due at
// once in the next life.
func (r *Receiver) fetch(ctx context.Context, kind errandKind, e store.Errand) (errand, error) {
	i, err := r.store.Incident(ctx, e.Incident)
	if errors.Is(err, store.ErrNotFound) {
		return errand{}, nil
	}
	if err != nil {
		return errand{}, err
	}
	limited, cancel := context.WithTimeout(ctx, errandLimit)
	defer cancel()
	done, err := kind.run(r, limited, e, i)
	if ctx.Err() != nil {
		return errand{next: r.now(), attempts: e.Attempts - 1}, nil
	}
	return done, err
}

// untilErrand is how long no errand of a kind is due; 0 when one is.
func (r *Receiver) untilErrand(ctx context.Context, what string) (time.Duration, error) {
	next, err := r.store.NextErrand(ctx, what)
	if err != nil || next.IsZero() {
		return longest, err
	}
	return min(max(next.Sub(r.now()), 0), longest), nil
}

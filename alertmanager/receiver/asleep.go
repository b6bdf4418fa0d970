package receiver

import (
	"context"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

const (
	// overslept is how late something may be done without looking first: so late
	// is only a receiver that was not there, and no other had taken over.
	overslept = 2 * time.Minute
	// mostLooking is for how long one looks: when nobody says whether it goes on,
	// the phones ring.
	mostLooking = 5 * time.Minute
)

// sleepers are open incidents whose time came while no receiver was there. They
// may be over since; so before the phones ring one looks, see [reconciler]: what
// goes on rings then, and what is over closes.
type sleepers struct {
	looks bool // a reconciler runs

	mutex sync.Mutex
	late  map[incident.ID]*sleeper
}

// sleeper is one that waits.
type sleeper struct {
	since  time.Time // it was found late
	seen   time.Time // first as going on; zero when not
	goesOn bool
}

// sees notes that somebody lists an incident's alert now, and says whether the
// phones may ring because of it: when that is so at two looks. Prometheus holds
// what it saw last until it sees again, just after its start.
func (s *sleepers) sees(id incident.ID, now time.Time) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	one := s.late[id]
	switch {
	case one == nil || one.goesOn:
		return false
	case one.seen.IsZero():
		one.seen = now
	}
	one.goesOn = now.Sub(one.seen) >= reconcileEvery/2
	return one.goesOn
}

// rest leaves those out of what is due that are to be looked at first, and says
// when the first of them has been looked for long enough; zero for never.
func (s *sleepers) rest(due, late []incident.ID, now time.Time) (ready []incident.ID, next time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	before := s.late
	s.late = map[incident.ID]*sleeper{}
	for _, id := range late {
		if s.late[id] = before[id]; s.late[id] == nil {
			s.late[id] = &sleeper{since: now}
		}
	}
	for _, id := range due {
		one := s.late[id]
		if one == nil || one.goesOn || now.Sub(one.since) >= mostLooking {
			ready = append(ready, id)
		} else if until := one.since.Add(mostLooking); next.IsZero() || until.Before(next) {
			next = until
		}
	}
	return ready, next
}

// ready are the incidents that are due, without those that one looks at first;
// next is when there is more to do.
func (r *Receiver) ready(ctx context.Context) (ready []incident.ID, next time.Time, err error) {
	now := r.now()
	due, next, err := r.store.Due(ctx, now)
	if err != nil || len(due) == 0 || !r.sleepers.looks || len(r.current.Load().catalog.Links.Alertmanager) == 0 {
		return due, next, err
	}
	late, _, err := r.store.Due(ctx, now.Add(-overslept))
	if err != nil {
		return nil, next, err
	}
	ready, looked := r.sleepers.rest(due, late, now)
	if !looked.IsZero() && (next.IsZero() || looked.Before(next)) {
		next = looked
	}
	return ready, next, nil
}

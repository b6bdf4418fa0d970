package receiver

import (
	"context"
	"slices"
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
	mutex sync.Mutex
	looks bool                      // somebody looks
	since map[incident.ID]time.Time // waiting, since they were found late
	seen  map[incident.ID]bool      // of those, the ones that go on
}

// look says that somebody looks from now on.
func (s *sleepers) look() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.looks, s.since, s.seen = true, map[incident.ID]time.Time{}, map[incident.ID]bool{}
}

// sees says that an incident goes on, and whether that was waited for.
func (s *sleepers) sees(id incident.ID) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	_, waits := s.since[id]
	news := waits && !s.seen[id]
	if news {
		s.seen[id] = true
	}
	return news
}

// rest leaves those out of what is due that are to be looked at first, and says
// when the first of them has been looked for long enough; zero for never.
func (s *sleepers) rest(due, late []incident.ID, now time.Time) (ready []incident.ID, next time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.looks {
		return due, next
	}
	for id := range s.since {
		if !slices.Contains(late, id) {
			delete(s.since, id)
			delete(s.seen, id)
		}
	}
	for _, id := range late {
		if s.since[id].IsZero() {
			s.since[id] = now
		}
	}
	for _, id := range due {
		until := s.since[id].Add(mostLooking)
		if s.since[id].IsZero() || s.seen[id] || !now.Before(until) {
			ready = append(ready, id)
		} else if next.IsZero() || until.Before(next) {
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
	if err != nil || len(due) == 0 || len(r.current.Load().catalog.Links.Alertmanager) == 0 {
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

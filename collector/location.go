package collector

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

const (
	referenceInterval = 15 * time.Second
	referenceTimeout  = 5 * time.Second
	stillFresh        = time.Second // what was just seen need not be looked at again
)

// Sight tells "the world is down" from "this location is cut off": it tries
// the location's references, and when most fail the location has no vote.
//
// It looks on a schedule of its own, and whenever the harness is about to
// believe that a service is down: an exporter that has lost its network then
// says so before it says anything about a service. A nil Sight always sees.
type Sight struct {
	location string
	logger   log.Logger
	healthy  *prometheus.GaugeVec
	seen     atomic.Bool

	looking chan struct{} // holds one token while references are tried
	looked  time.Time     // when that last ended; the token's owner alone touches it

	mu         sync.Mutex
	names      []string
	references []probe.Func
}

// NewSight returns the check of one location, healthy until it has looked.
func NewSight(location string, logger log.Logger, r prometheus.Registerer) *Sight {
	if logger == nil {
		logger = log.NewNopLogger()
	}
	s := &Sight{location: location, logger: logger, looking: make(chan struct{}, 1), healthy: promauto.With(r).NewGaugeVec(prometheus.GaugeOpts{
		Name: "tocsin_location_healthy", Help: "0 when most of the location's references fail: then it has no vote.",
	}, []string{"location"})}
	s.seen.Store(true)
	s.healthy.WithLabelValues(location).Set(1)
	return s
}

// Update takes the location's references over.
func (s *Sight) Update(c *catalog.Catalog) error {
	var names []string
	if l := c.Locations[s.location]; l != nil {
		names = l.References
	}
	references := make([]probe.Func, len(names))
	for i, name := range names {
		attempt, err := probe.NewReference(name)
		if err != nil {
			return c.Errorf("locations."+s.location+".references", "%v", err)
		}
		references[i] = attempt
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names, s.references = names, references
	return nil
}

// Run looks at the references until ctx ends. It returns nil.
func (s *Sight) Run(ctx context.Context) error {
	ticker := time.NewTicker(referenceInterval)
	defer ticker.Stop()
	for {
		s.check(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Sees says whether the location saw its references when it last looked.
func (s *Sight) Sees() bool { return s == nil || s.seen.Load() }

// Look says whether the location sees its references now. It takes as long as
// half of them need to answer, and no time where the location is known to be
// cut off; callers at the same time share one look.
func (s *Sight) Look(ctx context.Context) bool {
	if s != nil && s.Sees() {
		s.check(ctx)
	}
	return s.Sees()
}

// check tries the references, unless somebody just has, and tells of a change.
func (s *Sight) check(ctx context.Context) {
	select {
	case s.looking <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-s.looking }()
	if time.Since(s.looked) < stillFresh {
		return
	}
	seen := s.look(ctx)
	if !seen {
		seen = s.look(ctx) // a lost packet cuts nobody off
	}
	if ctx.Err() != nil {
		return
	}
	s.looked = time.Now()
	if s.seen.Swap(seen) != seen {
		s.tell(seen)
	}
}

func (s *Sight) tell(healthy bool) {
	if healthy {
		s.healthy.WithLabelValues(s.location).Set(1)
		level.Info(s.logger).Log("msg", "This location sees its references again and has its vote back", "location", s.location)
		return
	}
	s.healthy.WithLabelValues(s.location).Set(0)
	level.Warn(s.logger).Log("msg", "Most references of this location fail: it is cut off and has no vote", "location", s.location)
}

// look tries all references at once and says whether at least half answer, as
// soon as that is certain.
func (s *Sight) look(ctx context.Context) bool {
	s.mu.Lock()
	names, references := slices.Clone(s.names), s.references
	s.mu.Unlock()
	var tries sync.WaitGroup
	defer tries.Wait()
	ctx, cancel := context.WithTimeout(ctx, referenceTimeout)
	defer cancel()
	results := make(chan probe.Outcome, len(references))
	for i, reference := range references {
		tries.Go(func() {
			r := reference(ctx)
			level.Debug(s.logger).Log("msg", "Tried a reference", "reference", names[i], "outcome", r.Outcome, "text", r.Text)
			results <- r.Outcome
		})
	}
	answered, failed := 0, 0
	for 2*answered < len(references) && 2*failed <= len(references) {
		if <-results == probe.Failure {
			failed++
		} else {
			answered++
		}
	}
	return 2*failed <= len(references)
}

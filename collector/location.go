package collector

import (
	"context"
	"slices"
	"sync"
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
)

// Sight tells "the world is down" from "this location is cut off": it tries
// the location's references, and when most fail the location has no vote.
type Sight struct {
	location string
	logger   log.Logger
	healthy  *prometheus.GaugeVec

	mu         sync.Mutex
	names      []string
	references []probe.Func
}

// NewSight returns the check of one location, healthy until it has looked.
func NewSight(location string, logger log.Logger, r prometheus.Registerer) *Sight {
	if logger == nil {
		logger = log.NewNopLogger()
	}
	s := &Sight{location: location, logger: logger, healthy: promauto.With(r).NewGaugeVec(prometheus.GaugeOpts{
		Name: "tocsin_location_healthy", Help: "0 when most of the location's references fail: then it has no vote.",
	}, []string{"location"})}
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
	healthy := true
	for {
		seen := s.look(ctx)
		if !seen {
			seen = s.look(ctx) // a lost packet cuts nobody off
		}
		if ctx.Err() != nil {
			return nil
		}
		if seen != healthy {
			s.tell(seen)
		}
		healthy = seen
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
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

// look tries all references at once and says whether at least half answer.
func (s *Sight) look(ctx context.Context) bool {
	s.mu.Lock()
	names, references := slices.Clone(s.names), s.references
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, referenceTimeout)
	defer cancel()
	results := make(chan probe.Outcome, len(references))
	for i, reference := range references {
		go func() {
			r := reference(ctx)
			level.Debug(s.logger).Log("msg", "Tried a reference", "reference", names[i], "outcome", r.Outcome, "text", r.Text)
			results <- r.Outcome
		}()
	}
	failed := 0
	for range references {
		if <-results == probe.Failure {
			failed++
		}
	}
	return 2*failed <= len(references)
}

package collector

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Part follows the catalogue. Update takes one over wholly or, on an error, not
// at all; it is called by one goroutine at a time.
type Part interface {
	Update(*catalog.Catalog) error
}

// Source is a collector of other signals than probes: resources, usage,
// pipelines. Run reads on the source's own schedule until ctx ends, and Collect
// sends what was found last. Update takes a catalogue over, of which the source
// reads the services that owns says are its own.
type Source interface {
	prometheus.Collector
	Update(c *catalog.Catalog, owns func(service string) bool)
	Run(ctx context.Context) error
}

// Follower is a source as a part: it knows what this exporter owns. Each
// service's other signals have exactly one reader, in the catalogue's default
// location, so that nothing is counted or billed twice.
type Follower struct {
	Source   Source
	Location string
	Shard    Shard
}

// Update hands the catalogue to the source. It returns nil.
func (f Follower) Update(c *catalog.Catalog) error {
	here := c.Defaults.Location == "" || c.Defaults.Location == f.Location
	f.Source.Update(c, func(service string) bool { return here && f.Shard.Owns(service) })
	return nil
}

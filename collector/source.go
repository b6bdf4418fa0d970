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
// sends what was found last. It keeps to the services of its [Scope].
type Source interface {
	Part
	prometheus.Collector
	Run(ctx context.Context) error
}

// Scope says which services' other signals an exporter reads. Each service has
// exactly one reader, in the catalogue's default location, so that nothing is
// counted or billed twice.
type Scope struct {
	Location string
	Shard    Shard
}

// Owns says whether this exporter reads the service's signals under the
// catalogue.
func (s Scope) Owns(c *catalog.Catalog, service string) bool {
	reader := c.Defaults.Location
	return (reader == "" || reader == s.Location) && s.Shard.Owns(service)
}

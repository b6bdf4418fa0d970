package collector

import (
	"cmp"
	"context"
	"fmt"

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
func (s Scope) Owns(c *catalog.Catalog, service string) bool { return s.Refuse(c, service) == nil }

// Refuse is nil where Owns is true, and else a *[NotOwnerError]: the answer to
// somebody who pushes a signal to an exporter that does not read it.
func (s Scope) Refuse(c *catalog.Catalog, service string) error {
	return s.RefuseAt(cmp.Or(c.Defaults.Location, s.Location), service)
}

// RefuseAt is Refuse for a signal that the catalogue has read at a location of
// its own.
func (s Scope) RefuseAt(location, service string) error {
	owner := Scope{Location: location}
	if owner.Location == s.Location { // elsewhere there may be another number of shards
		if s.Shard.Owns(service) {
			return nil
		}
		owner.Shard = s.Shard.Owner(service)
	}
	return &NotOwnerError{Service: service, Here: s, Owner: owner}
}

// NotOwnerError says which exporter looks after a service instead of this one.
// Owner.Shard is zero in another location, whose number of shards is not known
// here.
type NotOwnerError struct {
	Service     string
	Here, Owner Scope
}

// Error names the owner.
func (e *NotOwnerError) Error() string {
	owner := "an exporter at " + e.Owner.Location
	if e.Owner.Shard.Count > 0 {
		owner = fmt.Sprintf("shard %s at %s", e.Owner.Shard, e.Owner.Location)
	}
	return fmt.Sprintf("service %q belongs to %s, and this is shard %s at %s", e.Service, owner, e.Here.Shard, e.Here.Location)
}

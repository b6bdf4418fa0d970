package probe

import (
	"math"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// replicas is what a server says about its replication.
type replicas struct {
	role string // catalog.RolePrimary or RoleReplica
	// lag is how far a replica is behind, or the last of a primary's replicas;
	// NaN where the server does not say.
	lag   float64
	count int // replicas of a primary that replicate
	// broken says why a replica does not replicate; empty when it does.
	broken string
}

// judgeReplication exports the lag and compares what was found.
func (f *findings) judgeReplication(found replicas, want *catalog.Replication) error {
	if !math.IsNaN(found.lag) {
		f.measure(ReplicationLag, found.lag)
	}
	lag := time.Duration(found.lag * float64(time.Second)).Round(time.Millisecond)
	switch {
	case want.Role != "" && want.Role != found.role:
		return misfitf(ReasonBody, "the server is a %s, want a %s", found.role, want.Role)
	case found.broken != "":
		return misfitf(ReasonBody, "the replica does not replicate: %s", bound(printable(found.broken), maxBroken))
	case found.role == catalog.RolePrimary && found.count < want.Replicas:
		return misfitf(ReasonBody, "replicas that replicate: got %d, want at least %d", found.count, want.Replicas)
	case want.MaxLag > 0 && lag > want.MaxLag.Std():
		return misfitf(ReasonBody, "%s behind, want at most %s", lag, want.MaxLag)
	}
	return nil
}

// maxBroken bounds a server's own words on its replication.
const maxBroken = 150

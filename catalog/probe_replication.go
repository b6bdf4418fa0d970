package catalog

// The roles of a server that replicates.
const (
	RolePrimary = "primary"
	RoleReplica = "replica"
)

// Replication looks at how far a replica is behind its source, or the replicas
// of a primary are. A replica that does not replicate has failed, whatever else
// is said.
type Replication struct {
	Role     string   `yaml:"role,omitempty"`     // primary or replica; any by default
	MaxLag   Duration `yaml:"max_lag,omitempty"`  // no limit by default
	Replicas int      `yaml:"replicas,omitempty"` // a primary has at least so many that replicate
}

// Roles are what Replication.Role may be.
func Roles() []string { return []string{RolePrimary, RoleReplica} }

func (c *checker) checkReplication(path string, r *Replication) {
	if r == nil {
		return
	}
	if r.Role != "" {
		if _, err := choice(r.Role, Roles()...); err != nil {
			c.add(below(path, "role"), "%v", err)
		}
	}
	if r.Role == RoleReplica && r.Replicas > 0 {
		c.add(below(path, "replicas"), "only a primary has replicas (want role: primary, or no role)")
	}
}

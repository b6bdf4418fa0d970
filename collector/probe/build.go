package probe

import (
	"context"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/expression"
	"github.com/tocsin-monitoring/tocsin/collector/heartbeat"
)

// Options say what the probes of a [Builder] may do.
type Options struct {
	// Exec lets the kind exec run the catalogue's commands.
	Exec bool
	// Browser is the program that the kind browser drives: a path or a name in
	// PATH. Empty looks for the usual ones.
	Browser string
	// Browsers is how many may run at the same time; 2 by default.
	Browsers int
	// Heartbeats remembers what jobs say; in memory only by default.
	Heartbeats *heartbeat.Store
}

// Builder builds the attempts of probes. What they share stands in it, so that
// two exporters in one process share nothing.
type Builder struct{ shared shared }

// shared is what the probes of one builder have in common.
type shared struct {
	options  Options
	browsers chan struct{} // holds a token for each browser that runs
	buffers  buffers
	pings    pingers
	tokens   tokens
	files    files

	conditions expression.Compiler
	registries registries
}

// NewBuilder returns a builder.
func NewBuilder(o Options) *Builder {
	if o.Heartbeats == nil {
		o.Heartbeats = heartbeat.NewStore("")
	}
	if o.Browsers <= 0 {
		o.Browsers = 2
	}
	return &Builder{shared: shared{options: o, browsers: make(chan struct{}, o.Browsers)}}
}

// Built is a probe ready to be attempted.
type Built struct {
	Kind    Kind
	Host    string // what the limit per host counts by; empty for none
	Attempt Func
}

// New builds the attempt of a probe of c. Its errors are the catalogue's, with
// their position. It reads no secret: that is done on every attempt, and a
// secret that cannot be read fails the attempt with [ReasonInternal].
func (b *Builder) New(c *catalog.Catalog, p *catalog.Probe) (Built, error) {
	s := site{catalog: c, probe: p, path: Path(p), secrets: new(secrets), shared: &b.shared}
	kind := KindOf(p)
	if kind.build == nil {
		return Built{}, s.catalog.Errorf(s.path, "kind %s is not built into this exporter", p.Kind())
	}
	attempt, err := kind.build(s)
	if err != nil {
		return Built{}, err
	}
	built := Built{Kind: kind, Attempt: func(ctx context.Context) Result { return s.secrets.cleanResult(attempt(ctx)) }}
	if kind.host != nil {
		built.Host = strings.ToLower(kind.host(p))
	}
	return built, nil
}

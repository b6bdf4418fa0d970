package probe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// maxComponentNames bounds the names of components that a probe ever
	// reports, by how many it reports at a time: each is a series for as long as
	// Prometheus remembers.
	maxComponentNames = 3
	// otherComponents stands for those that came when the names were used up.
	otherComponents = "(others)"
	// maxListed bounds the components that a text names.
	maxListed = 5
)

// healthAttempt is what stays the same from attempt to attempt.
type healthAttempt struct {
	spec   *catalog.HealthProbe
	access *access

	mu   sync.Mutex
	seen map[string]bool // names reported so far
}

// newHealth builds the kind health: one request, and a look at the document
// that answers it.
func newHealth(s site) (Func, error) {
	spec := s.probe.Health
	h := &healthAttempt{spec: spec, access: newAccess(s, "health", &spec.Access), seen: make(map[string]bool)}
	return h.run, nil
}

func (h *healthAttempt) run(ctx context.Context) Result {
	t := newTrace()
	fail := func(err error) Result { return t.fail(ctx, err) }
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.spec.URL, http.NoBody)
	if err != nil {
		return fail(ourFault{err})
	}
	req.Header.Set("Accept", "application/health+json, application/json, text/plain;q=0.9, */*;q=0.1")
	got, err := h.access.send(req, t, expectation{always: true})
	var report healthReport
	if err == nil {
		report, err = h.read(got)
	}
	r := h.access.judge(t, got, err, fail)
	r.Components = h.shown(report.components)
	return r
}

// read is the document of an answer, and what is wrong with it.
func (h *healthAttempt) read(a answer) (healthReport, error) {
	report, err := readHealthDocument(a.body, h.spec.Format)
	if by := blockedBy(a); by != "" && !slices.Contains(report.codes, a.status) {
		return healthReport{}, misfitf(ReasonBlocked, "status %d: blocked by %s; the service itself was not seen", a.status, by)
	}
	if err != nil {
		reason, text := ReasonBody, "no health document: "+bound(printable(err.Error()), maxReason)
		if a.status > 299 {
			reason, text = ReasonStatus, fmt.Sprintf("status %d and %s", a.status, text)
		}
		return healthReport{}, expectation{}.miss(a, reason, text, "a health document")
	}
	return report, h.check(report, a.status)
}

// check says why a service is not well enough, or nil.
func (h *healthAttempt) check(report healthReport, status int) error {
	var bad []string
	for _, name := range h.spec.Require {
		at := slices.IndexFunc(report.components, func(c healthComponent) bool { return c.name == name })
		switch {
		case at < 0:
			return wanted(ReasonBody, "component "+quote(name), "none of that name")
		case h.poor(report.components[at].state):
			bad = append(bad, name)
		}
	}
	excused := false
	for _, c := range report.components {
		switch {
		case !h.poor(c.state) || slices.Contains(bad, c.name):
		case h.optional(c.name):
			excused = true
		default:
			bad = append(bad, c.name)
		}
	}
	switch {
	case len(bad) > 0:
		return wanted(ReasonStatus, "all components well", "not well: "+listed(bad)+h.says(report))
	case h.poor(report.state) && !excused:
		return wanted(ReasonStatus, "a service that is well", h.says(report)[2:])
	case status > 299 && !excused && !slices.Contains(report.codes, status):
		return wanted(ReasonStatus, "status 2xx", fmt.Sprintf("status %d%s", status, h.says(report)))
	}
	return h.fresh(report)
}

// says is the document's own word for the whole.
func (h *healthAttempt) says(report healthReport) string {
	if report.word == "" {
		return ""
	}
	return "; the service says " + quote(report.word)
}

// poor says that a state counts as a failure.
func (h *healthAttempt) poor(s healthState) bool {
	return s == stateDown || s == stateDegraded && h.spec.Degraded == catalog.DegradedFails
}

func (h *healthAttempt) optional(name string) bool {
	return slices.ContainsFunc(h.spec.Optional, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return name == pattern || open && strings.HasPrefix(name, prefix)
	})
}

// fresh refuses a document that is older than the catalogue allows.
func (h *healthAttempt) fresh(report healthReport) error {
	most := h.spec.MaxAge.Std()
	if most == 0 {
		return nil
	}
	if report.oldest.IsZero() {
		return wanted(ReasonBody, "a document with its time", "no time, though max_age is given")
	}
	if age := time.Since(report.oldest).Round(time.Second); age > most {
		return wanted(ReasonBody, "a document of the last "+most.String(), fmt.Sprintf("one that is %s old", age))
	}
	return nil
}

// shown are the components as they are reported: the worst first, bounded, each
// name once.
func (h *healthAttempt) shown(all []healthComponent) []Component {
	slices.SortStableFunc(all, func(a, b healthComponent) int { return int(b.state) - int(a.state) })
	most := h.spec.MaxComponents
	if most == 0 {
		most = 20
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []Component
	for _, c := range all[:min(len(all), most)] {
		up := c.state != stateDown
		if !h.seen[c.name] && len(h.seen) >= maxComponentNames*most {
			at := slices.IndexFunc(list, func(c Component) bool { return c.Name == otherComponents })
			if at < 0 {
				list = append(list, Component{Name: otherComponents, Up: up})
			} else {
				list[at].Up = list[at].Up && up
			}
			continue
		}
		h.seen[c.name] = true
		list = append(list, Component{Name: c.name, Up: up})
	}
	return list
}

// listed are the first of some names.
func listed(all []string) string {
	text := strings.Join(all[:min(len(all), maxListed)], ", ")
	if more := len(all) - maxListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func healthHost(p *catalog.Probe) string { return hostOf(p.Health.URL) }

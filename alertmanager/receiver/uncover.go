package receiver

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// hiding is an open incident of which truncated notifications do not show all.
type hiding struct {
	id     incident.ID
	known  map[string]bool
	misses int // rounds in a row in which nothing of it was listed
}

// hides remembers which incidents hide something, and for how many rounds there
// was nothing to be found of each.
func (c *reconciler) hides(i incident.Incident, now map[incident.Key]hiding) {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(i.Hidden)), c.cuts) {
		return
	}
	h := hiding{id: i.ID, known: map[string]bool{}}
	if before := c.hiding[i.Key]; before.id == i.ID {
		h.misses = before.misses
	}
	for _, a := range c.raised(i) {
		h.known[a.Fingerprint] = true
	}
	now[i.Key] = h
}

// cuts says whether a group that is cut short is of this cluster.
func (c *reconciler) cuts(group string) bool {
	source, _, _ := strings.Cut(group, "/")
	return source == c.source
}

// uncover shows the engine what a notification cut off: those that Alertmanager
// lists fire; when it lists none, twice in a row, and no other fires, there is
// nothing left.
func (c *reconciler) uncover(ctx context.Context, lists map[string]memberList) (err error) {
	found := map[incident.Key][]incident.Alert{}
	listed := map[incident.Key]bool{}
	for _, list := range lists {
		for _, a := range list.hidden {
			key := a.Key()
			h := c.hiding[key]
			listed[key] = true
			if !h.known[a.Fingerprint] && list.quiet[a.Fingerprint] == "" {
				h.known[a.Fingerprint] = true
				a.Source = c.source
				found[key] = append(found[key], a)
			}
		}
	}
	for key, h := range c.hiding {
		switch {
		case len(found[key]) > 0:
			err = errors.Join(err, c.receiver.store.Update(ctx, func(tx *store.Tx) error {
				return c.receiver.report(tx, incident.Reported{Alerts: found[key]}, c.receiver.now())
			}))
			h.misses = 0
		case listed[key] || len(h.known) > 0:
			h.misses = 0
		default:
			h.misses++
		}
		c.hiding[key] = h
		if h.misses >= missesToEnd {
			err = errors.Join(err, c.receiver.on(ctx, h.id, incident.Uncovered{Incident: h.id}, nil))
		}
	}
	return err
}

package receiver

import (
	"context"
	"errors"
	"sync"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// sightings are why nobody can see what goes on, by the source of alerts that
// is blind, or by the members of its cluster. It is the one place from which
// incidents hear of it.
type sightings struct {
	mutex sync.Mutex
	lost  map[string]string
}

// membersOf is the name under which it is noted that a source's cluster cannot be
// asked.
func membersOf(source string) string { return "members of " + source }

// set notes why a source is blind, or with "" that it sees, and says whether
// there is something to tell: blindness is told of again and again, because new
// incidents have not heard of it, and what this life of the program sees first
// is, because an earlier one may have been blind.
func (s *sightings) set(source, why string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.lost == nil {
		s.lost = map[string]string{}
	}
	before, known := s.lost[source]
	s.lost[source] = why
	return why != "" || before != "" || !known
}

// of says why it is not known whether an incident goes on; "" when it is. What
// the receiver itself has raised rests on nobody else.
func (s *sightings) of(i incident.Incident) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, a := range i.Firing() {
		if a.Source == ownSource {
			continue
		}
		for _, source := range []string{a.Source, membersOf(a.Source)} {
			if why := s.lost[source]; why != "" {
				return why
			}
		}
	}
	return ""
}

// sight tells open incidents whether somebody sees what goes on at a source.
func (r *Receiver) sight(ctx context.Context, source, why string) error {
	if !r.sightings.set(source, why) {
		return nil
	}
	var changed []incident.Sight
	err := r.store.EachOpen(ctx, func(i incident.Incident) {
		if lost := r.sightings.of(i); (lost == "") != i.Unsighted.IsZero() {
			changed = append(changed, incident.Sight{Incident: i.ID, Lost: lost})
		}
	})
	for _, in := range changed {
		err = errors.Join(err, r.on(ctx, in.Incident, in, nil))
	}
	return err
}

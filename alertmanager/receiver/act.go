package receiver

import (
	"context"
	"fmt"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Act has the engine decide what a person does with an incident. Everything but
// a note needs one that is open, and everybody named is in the catalogue.
func (r *Receiver) Act(ctx context.Context, id incident.ID, in incident.Input) error {
	people, afterwards := []string(nil), false
	switch in := in.(type) {
	case incident.Acknowledge:
		people = []string{in.Person}
	case incident.Reassign:
		people = []string{in.Person}
		if in.To != "" {
			people = append(people, in.To)
		}
	case incident.Note:
		people, afterwards = []string{in.Person}, true
	case incident.Resolve:
		people = []string{in.Person}
	case incident.Merge:
		people = []string{in.Person}
	default:
		return fmt.Errorf("nobody can do %T", in)
	}
	for _, person := range people {
		if r.current.Load().catalog.People[person] == nil {
			return fmt.Errorf("%w: %q", board.ErrNobody, person)
		}
	}
	return forBoard(r.on(ctx, id, in, func(i incident.Incident) error {
		if !i.Open() && !afterwards {
			return board.ErrClosed
		}
		return nil
	}))
}

// Acknowledge makes a person the owner of an open incident. It does nothing
// when the person is already.
func (r *Receiver) Acknowledge(ctx context.Context, id incident.ID, person, via string) error {
	return r.Act(ctx, id, incident.Acknowledge{Incident: id, Person: person, Via: via})
}

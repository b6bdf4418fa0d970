package receiver

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
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
		if err := r.mergeable(ctx, id, in.Into); err != nil {
			return err
		}
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

// mergeable says why an incident cannot come from another; zero is no other.
func (r *Receiver) mergeable(ctx context.Context, id, into incident.ID) error {
	if into == 0 {
		return nil
	}
	child, err := r.store.Incident(ctx, id)
	if err != nil {
		return forBoard(err)
	}
	parent, err := r.store.Incident(ctx, into)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return board.Refused{Err: fmt.Errorf("there is no incident %d", into)}
	case err != nil:
		return err
	case !parent.Open():
		return board.Refused{Err: fmt.Errorf("incident %d is closed already", into)}
	case parent.Parent == id:
		return board.Refused{Err: fmt.Errorf("incident %d comes from this one: end that first", into)}
	case parent.Drill != child.Drill:
		return board.Refused{Err: errors.New("a drill and an outage have nothing to do with each other")}
	}
	return nil
}

// Acknowledge makes a person the owner of an open incident. It does nothing
// when the person is already.
func (r *Receiver) Acknowledge(ctx context.Context, id incident.ID, person, via string) error {
	return r.Act(ctx, id, incident.Acknowledge{Incident: id, Person: person, Via: via})
}

package receiver

import (
	"context"
	"errors"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

var _ board.Desk = (*Receiver)(nil)

// Current lists the open incidents.
func (r *Receiver) Current(ctx context.Context) ([]incident.Incident, error) {
	return r.store.Current(ctx)
}

// Closed lists the last incidents that closed before an instant.
func (r *Receiver) Closed(ctx context.Context, before time.Time, most int) ([]incident.Incident, error) {
	return r.store.Closed(ctx, before, most)
}

// History lists what is over in short, the newest first.
func (r *Receiver) History(ctx context.Context, q history.Query) ([]history.Entry, error) {
	return r.store.History(ctx, q)
}

// Incident gives one incident or board.ErrNotFound.
func (r *Receiver) Incident(ctx context.Context, id incident.ID) (incident.Incident, error) {
	i, err := r.store.Incident(ctx, id)
	return i, forBoard(err)
}

// Events is the timeline of one incident.
func (r *Receiver) Events(ctx context.Context, id incident.ID) ([]incident.Event, error) {
	return r.store.Events(ctx, id)
}

func forBoard(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return board.ErrNotFound
	}
	return err
}

// People lists everybody in the catalogue by name.
func (r *Receiver) People() []board.Person { return r.current.Load().everyone }

// Zone is that in which a team reads the clock.
func (r *Receiver) Zone(team string) *time.Location {
	if zone := r.current.Load().zones[team]; zone != nil {
		return zone
	}
	return time.UTC
}

// Address is where people find the board; "" where the catalogue does not say it.
func (r *Receiver) Address() string { return r.current.Load().board() }

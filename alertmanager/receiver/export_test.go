package receiver

import (
	"context"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// Steps does a receiver's work one piece after the other, so that a seed
// decides the order.
type Steps struct{ d *dispatcher }

// NewSteps takes up the outbox, as RunOutbox does.
func NewSteps(ctx context.Context, r *Receiver) (*Steps, error) {
	return &Steps{newDispatcher(r)}, r.unclaim(ctx)
}

// Tick does what is due.
func (s *Steps) Tick(ctx context.Context) error {
	r := s.d.receiver
	due, _, err := r.store.Due(ctx, r.now())
	for _, id := range due {
		if err == nil {
			err = r.on(ctx, id, incident.Tick{Incident: id}, nil)
		}
	}
	return err
}

// Next is when something is due, which may be now; zero for never.
func (s *Steps) Next(ctx context.Context) (time.Time, error) {
	r := s.d.receiver
	due, next, err := r.store.Due(ctx, r.now())
	if err != nil || len(due) > 0 {
		return r.now(), err
	}
	_, _, unsent, err := r.store.Waiting(ctx)
	if next.IsZero() || !unsent.IsZero() && unsent.Before(next) {
		next = unsent
	}
	return next, err
}

// Flight is a message on its way.
type Flight struct {
	sending sending
	receipt notify.Receipt
	err     error
}

// Message is what it says to whom.
func (f *Flight) Message() notify.Message { return f.sending.message }

// Way is how.
func (f *Flight) Way() string { return f.sending.entry.Way }

// Claim takes what is to be sent.
func (s *Steps) Claim(ctx context.Context) ([]*Flight, error) {
	work, err := s.d.claim(ctx, mostClaimed)
	var flights []*Flight
	for _, one := range work {
		flights = append(flights, &Flight{sending: one})
	}
	return flights, err
}

// Send hands it to the provider.
func (s *Steps) Send(ctx context.Context, f *Flight) {
	f.receipt, f.err = s.d.send(ctx, f.sending)
}

// Finish stores what came of it; false when that failed.
func (s *Steps) Finish(ctx context.Context, f *Flight) bool {
	known := s.d.finish(ctx, f.sending, f.receipt, f.err)
	s.d.landed(f.sending, known)
	return known
}

// Attempt numbers the attempts at this message, from 1.
func (f *Flight) Attempt() int { return f.sending.entry.Attempts }

// About lists the incidents that are told by it, its own first.
func (f *Flight) About() []incident.ID {
	ids := []incident.ID{f.sending.entry.Incident}
	for _, s := range f.sending.also {
		ids = append(ids, s.entry.Incident)
	}
	return ids
}

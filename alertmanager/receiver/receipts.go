package receiver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Callbacks is the receiver as providers' callbacks need it.
func (r *Receiver) Callbacks() callback.Desk { return &answers{r} }

// answers is what comes back from outside about what was sent.
type answers struct{ *Receiver }

// Catalog is the one in use.
func (a *answers) Catalog() *catalog.Catalog { return a.current.Load().catalog }

// Receipt notes what became of a message; a stray one is ignored.
func (a *answers) Receipt(ctx context.Context, in incident.Receipted) error {
	err := a.on(ctx, in.Incident, in, nil)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Elsewhere has the engine decide what somebody did outside, once.
func (a *answers) Elsewhere(ctx context.Context, id incident.ID, once callback.Once, do func(incident.Incident) incident.Input) error {
	return a.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if fresh, err := a.first(tx, once); err != nil || !fresh {
			return err
		}
		state, err := tx.LoadIncident(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		in := do(state.Incidents[0])
		if in == nil {
			return nil
		}
		if !once.At.IsZero() {
			if newest, err := tx.InOrder(once.From+" in order", once.Of, once.At); err != nil || !newest {
				return err
			}
		}
		_, err = a.decide(tx, state, in, a.now())
		return err
	})
}

// First says whether something comes for the first time.
func (a *answers) First(ctx context.Context, once callback.Once) (fresh bool, err error) {
	err = a.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) (err error) {
		fresh, err = a.first(tx, once)
		return err
	})
	return fresh, err
}

// Incident gives one incident.
func (a *answers) Incident(ctx context.Context, id incident.ID) (incident.Incident, error) {
	i, err := a.store.Incident(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return i, callback.ErrUnknown
	}
	return i, err
}

// first says whether something comes for the first time; what has no name
// always does.
func (a *answers) first(tx *store.Tx, once callback.Once) (bool, error) {
	if once.ID == "" {
		return true, nil
	}
	sum := sha256.Sum256([]byte(once.ID)) // a name may have any length
	return tx.NewCallback(once.From, hex.EncodeToString(sum[:]), a.now())
}

// Answer replies to a text message.
func (a *answers) Answer(ctx context.Context, provider, number, text string) error {
	return a.current.Load().channels.Answer(ctx, provider, number, text, a.now())
}

// Called is what people call a person.
func (a *answers) Called(person string) string { return a.current.Load().name(person) }

// People lists who has certain contacts.
func (a *answers) People(has func(notify.Contacts) bool) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	return a.reading(ctx).whose(has)
}

const (
	// askEvery is how often providers are asked about messages whose receipt
	// has not come.
	askEvery = 20 * time.Second
	// askFor is how long after sending a provider is still asked.
	askFor = time.Hour
)

// RunReceipts asks providers what became of messages, for those that were not
// called back, until ctx ends.
func (r *Receiver) RunReceipts(ctx context.Context) error {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	over := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if r.store.Leads() {
				r.AskReceipts(ctx, over)
			}
		}
	}
}

// AskReceipts asks once about everything that is open. In over it keeps the
// threads that need no more asking.
func (r *Receiver) AskReceipts(ctx context.Context, over map[string]bool) {
	open := 0
	var awaited []incident.Incident
	err := r.store.EachOpen(ctx, func(i incident.Incident) {
		if open++; slices.ContainsFunc(i.Messages, func(m incident.Message) bool { return slices.ContainsFunc(m.Deliveries, r.awaits(over)) }) {
			awaited = append(awaited, i)
		}
	})
	if err != nil {
		if ctx.Err() == nil {
			level.Warn(r.logger).Log("msg", "Open incidents could not be read to ask for receipts", "err", err)
		}
		return
	}
	if open == 0 {
		clear(over)
	}
	for _, i := range awaited {
		for _, m := range i.Messages {
			for _, d := range m.Deliveries {
				if r.awaits(over)(d) {
					r.ask(ctx, i, d, over)
				}
			}
		}
	}
}

// awaits says whether a provider is to be asked about a delivery; also about one
// that was given up, because it may arrive and be answered after all.
func (r *Receiver) awaits(over map[string]bool) func(incident.Delivery) bool {
	return func(d incident.Delivery) bool {
		open := d.State == incident.DeliverySent || d.State == incident.DeliveryUndelivered
		return open && !d.Progress.Last && !over[d.Thread] && r.now().Sub(d.At) < askFor
	}
}

// ask has one provider say what became of a message.
func (r *Receiver) ask(ctx context.Context, i incident.Incident, d incident.Delivery, over map[string]bool) {
	follower, thread, ok := r.current.Load().channels.Follower(d.Way, d.Thread)
	if !ok {
		over[d.Thread] = true
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	fate, err := follower.Follow(ctx, thread, i.Owner != "")
	if err == nil && fate.Acknowledged && i.Owner == "" {
		err = r.Acknowledge(ctx, i.ID, d.Recipient, d.Way)
	}
	if err == nil && (fate.Ended() || d.State == incident.DeliverySent && fate.Progress.Rank > d.Progress.Rank) {
		err = r.Callbacks().Receipt(ctx, fate.Of(incident.Receipted{Incident: i.ID, Message: d.Message, Recipient: d.Recipient, Way: d.Way}))
	}
	if err != nil && ctx.Err() == nil {
		level.Warn(r.logger).Log("msg", "A provider could not be asked what became of a message", "incident", i.ID, "way", d.Way, "err", err)
	}
	over[d.Thread] = err == nil && (fate.Acknowledged || fate.Ended() || i.Owner != "" && d.ReceiptBy.IsZero())
}

package receiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

const (
	// mostClaimed bounds what is claimed at once.
	mostClaimed = 64
	// attemptsPerWay is after how many attempts the next way is tried, if the
	// recipient has one.
	attemptsPerWay = 4
	// mostRest is for how long a provider is left alone that asks for it, when
	// there is another way: by then the four attempts would be over.
	mostRest = 10 * time.Second
	// lastTry is for how long the only way of somebody is tried.
	lastTry = time.Hour
	// sendLimit bounds one attempt, whatever a channel does.
	sendLimit = 30 * time.Second
)

// RunOutbox sends what is in the outbox, until ctx ends; then it lets what is
// on its way come to an end. What an earlier life had claimed is sent again.
func (r *Receiver) RunOutbox(ctx context.Context) error {
	d := newDispatcher(r)
	if err := r.unclaim(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("taking up the outbox: %w", err)
	}
	for ctx.Err() == nil {
		timer := time.NewTimer(d.round(ctx))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.outbox:
		}
		timer.Stop()
	}
	d.busy.Wait()
	return nil
}

func (r *Receiver) unclaim(ctx context.Context) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Unclaim()
		if n > 0 {
			level.Warn(r.logger).Log("msg", "Sending again what was on its way when the receiver ended", "messages", n)
		}
		return err
	})
}

// dispatcher is the sending half of a receiver.
type dispatcher struct {
	receiver *Receiver
	lanes    *lanes
	free     chan struct{} // holds one value per sending that is claimed
	busy     sync.WaitGroup

	mu     sync.Mutex
	flying map[int64]bool // entries that were claimed and are not finished
	unsure bool           // there may be claimed entries that are not flying
}

func newDispatcher(r *Receiver) *dispatcher {
	return &dispatcher{receiver: r, lanes: newLanes(), free: make(chan struct{}, mostClaimed), flying: map[int64]bool{}}
}

// round starts everything that is due and says how long nothing more will be.
func (d *dispatcher) round(ctx context.Context) time.Duration {
	for {
		room := cap(d.free) - len(d.free)
		if room == 0 {
			return longest // the next one that ends wakes us
		}
		work, err := d.claim(ctx, room)
		if err != nil {
			if ctx.Err() == nil {
				level.Error(d.receiver.logger).Log("msg", "The outbox could not be read; trying again", "err", err)
			}
			return pause
		}
		if len(work) == 0 {
			return d.untilNext(ctx)
		}
		for _, s := range work {
			d.start(ctx, s)
		}
	}
}

// claim takes what is due. When the answer of the store was lost, what it had
// claimed is put back first.
func (d *dispatcher) claim(ctx context.Context, room int) ([]sending, error) {
	if err := d.disown(ctx); err != nil {
		return nil, err
	}
	work, idle, err := d.receiver.claim(ctx, room, d.lanes.room())
	if err == nil {
		d.lanes.clear(idle)
	} else if !errors.Is(err, store.ErrClosed) {
		work, err = d.claimEach(ctx, room, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unsure = d.unsure || err != nil
	for _, s := range work {
		for _, id := range s.entries() {
			d.flying[id] = true
		}
	}
	return work, err
}

// claimEach is for when the outbox cannot be claimed from as a whole.
func (d *dispatcher) claimEach(ctx context.Context, room int, why error) ([]sending, error) {
	d.doubt()
	if err := d.disown(ctx); err != nil {
		return nil, why
	}
	level.Error(d.receiver.logger).Log("msg", "The outbox could not be read as a whole; reading one after the other", "err", why)
	return d.receiver.claimEach(ctx, room)
}

// doubt notes that there may be claimed entries that are not flying.
func (d *dispatcher) doubt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unsure = true
}

func (d *dispatcher) disown(ctx context.Context) error {
	d.mu.Lock()
	unsure := d.unsure
	d.unsure = false
	d.mu.Unlock()
	if !unsure {
		return nil
	}
	known := func(id int64) bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.flying[id]
	}
	err := d.receiver.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.Disown(known) })
	if err != nil {
		d.doubt()
	}
	return err
}

// landed forgets a sending; its outcome is stored, or is to be found out anew.
func (d *dispatcher) landed(s sending, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range s.entries() {
		delete(d.flying, id)
	}
	d.unsure = d.unsure || !known
}

// untilNext is how long nothing can be done unless something wakes us. What
// waits for a crowded way is due, but an end of a sending there wakes us.
func (d *dispatcher) untilNext(ctx context.Context) time.Duration {
	if len(d.lanes.room()) > 0 {
		return pause
	}
	_, _, next, err := d.receiver.store.Waiting(ctx)
	if err != nil {
		return pause
	}
	if next.IsZero() {
		return longest
	}
	return min(max(next.Sub(d.receiver.now()), time.Millisecond), longest)
}

// start sends in the background. A message to many people may exceed the room
// that was free; then this waits.
func (d *dispatcher) start(ctx context.Context, s sending) {
	d.free <- struct{}{}
	d.busy.Go(func() {
		entered, first := d.lanes.enter(s.entry.Way)
		if entered {
			d.landed(s, d.fly(ctx, s))
			d.lanes.leave(s.entry.Way)
		} else {
			d.giveBack(ctx, s, first)
		}
		<-d.free
		wake(d.receiver.outbox)
	})
}

// fly sends, and says whether what came of it is stored.
func (d *dispatcher) fly(ctx context.Context, s sending) (known bool) {
	if !d.receiver.store.Holds() {
		return false // another receiver has it
	}
	receipt, err := d.send(ctx, s)
	return d.finish(ctx, s, receipt, err)
}

// giveBack puts a sending back that was not begun; first is true when it is the
// first for its way. It is forgotten before it can be claimed anew.
func (d *dispatcher) giveBack(ctx context.Context, s sending, first bool) {
	r := d.receiver
	if first {
		level.Warn(r.logger).Log("msg", "A channel is slow; what else is to go there waits", "way", s.entry.Way)
	}
	d.landed(s, true)
	err := r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return s.unclaimed(tx, r.now()) })
	if err != nil {
		level.Error(r.logger).Log("msg", "A message that waits for its channel could not be put back; trying again", "incident", s.entry.Incident, "err", err)
		d.landed(s, false)
	}
}

// unclaimed puts back what another receiver has not taken for lost since.
func (s sending) unclaimed(tx *store.Tx, due time.Time) error {
	for _, part := range append([]sending{s}, s.also...) {
		held, err := tx.Holds(part.entry)
		if err == nil && held {
			err = tx.Yield(part.entry.ID, due)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *dispatcher) send(ctx context.Context, s sending) (receipt notify.Receipt, err error) {
	// A send under way is not cut off by the program's end: it would be sent
	// twice.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &notify.Error{Err: fmt.Errorf("the channel panicked: %v", p), Permanent: true}
		}
	}()
	begun := time.Now()
	receipt, err = s.channel.Send(ctx, s.message)
	d.receiver.metrics.attempt(s.entry.Way, err, time.Since(begun))
	return receipt, err
}

// finish records what came of a sending. It is false when even that is
// impossible; then it is sent again.
func (d *dispatcher) finish(ctx context.Context, s sending, receipt notify.Receipt, sendErr error) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	defer cancel()
	r := d.receiver
	for {
		err := r.store.Update(ctx, func(tx *store.Tx) error {
			if err := r.record(tx, s, receipt, sendErr); err != nil {
				return err
			}
			receipt := receipt
			receipt.Follows = false // it will name the message that they went with
			for _, other := range s.also {
				if err := r.record(tx, other, receipt, sendErr); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil || errors.Is(err, store.ErrClosed) || ctx.Err() != nil {
			return err == nil
		}
		level.Error(r.logger).Log("msg", "The outcome of a message could not be stored; trying again", "incident", s.entry.Incident, "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (r *Receiver) record(tx *store.Tx, s sending, receipt notify.Receipt, sendErr error) error {
	if held, err := tx.Holds(s.entry); err != nil || !held {
		return err // another receiver has sent it since
	}
	now := r.now()
	if due, again := s.again(now, sendErr); again {
		level.Warn(r.logger).Log("msg", "A message did not go out; trying again", "incident", s.entry.Incident, "to", s.entry.Recipient, "way", s.entry.Way, "attempt", s.entry.Attempts, "err", s.said(sendErr))
		if err := r.delayed(tx, s, sendErr, now); err != nil {
			return err
		}
		return tx.Later(s.entry.ID, due)
	}
	state, err := tx.LoadIncident(s.entry.Incident)
	if err != nil {
		return err
	}
	delivery := incident.Delivery{
		Message: s.entry.Message, Recipient: s.entry.Recipient, Way: s.entry.Way, Attempts: s.entry.Attempts, Thread: receipt.Thread,
	}
	if receipt.Follows {
		delivery.ReceiptBy, delivery.Reachable = now.Add(incident.ReceiptWithin), s.next
	}
	var in incident.Input = incident.Sent{Incident: s.entry.Incident, Delivery: delivery}
	if sendErr != nil {
		delivery.Problem = notify.OneLine(s.said(sendErr), 300)
		in = incident.Failed{Incident: s.entry.Incident, Delivery: delivery, Reachable: s.next}
		level.Error(r.logger).Log("msg", "A message was given up", "incident", s.entry.Incident, "to", s.entry.Recipient, "way", s.entry.Way, "err", delivery.Problem)
	}
	if _, err := r.decide(tx, state, in, now); err != nil {
		return err
	}
	if err := tx.Done(s.entry.ID); err != nil {
		return err
	}
	tx.AfterCommit(func() { r.metrics.outcome(s, state.Incidents[0], sendErr, now) })
	return nil
}

// said is what a provider answered, without the person's addresses in it.
func (s sending) said(err error) string { return s.message.To.Contacts.Hide(err.Error()) }

// delayed tells the engine of a tool that does not take a page, while it is
// still tried: people must not wait for the last attempt.
func (r *Receiver) delayed(tx *store.Tx, s sending, sendErr error, now time.Time) error {
	if s.entry.Attempts != attemptsPerWay || !incident.Rings(s.entry.Way) {
		return nil
	}
	state, err := tx.LoadIncident(s.entry.Incident)
	if err != nil {
		return err
	}
	_, err = r.decide(tx, state, incident.Delayed{Incident: s.entry.Incident, Delivery: incident.Delivery{
		Message: s.entry.Message, Recipient: s.entry.Recipient, Way: s.entry.Way, Attempts: s.entry.Attempts, Problem: notify.OneLine(s.said(sendErr), 300),
	}}, now)
	return err
}

// again says when the same way is tried once more, if it is.
func (s sending) again(now time.Time, err error) (time.Time, bool) {
	if err == nil {
		return time.Time{}, false
	}
	wait := backoff(s.entry.Attempts)
	if refusal, ok := errors.AsType[*notify.Error](err); ok {
		if refusal.Permanent {
			return time.Time{}, false
		}
		wait = max(wait, refusal.RetryAfter)
	}
	other := s.urgent
	for _, way := range s.next {
		other = other || way != s.entry.Way
	}
	if other && (s.entry.Attempts >= attemptsPerWay || wait > mostRest) || now.Sub(s.entry.Created) > lastTry {
		return time.Time{}, false
	}
	return now.Add(wait), true
}

// backoff is 1 s, 2 s, 4 s … up to 5 minutes.
func backoff(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts-1, 0), 10), 5*time.Minute)
}

package receiver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// tryWithin bounds one message that tries out a way.
const tryWithin = 12 * time.Second

// Try sends a person a message that says that it is a test, by every way asked
// for, or by all by which the person can be reached. It tells what came of each.
// by is who asks.
func (r *Receiver) Try(ctx context.Context, person string, ways []string, by string) ([]board.Tried, error) {
	d := r.reading(ctx)
	if d.catalog.People[person] == nil {
		return nil, fmt.Errorf("%w: %q%s", board.ErrNobody, person, catalog.Hint(person, slices.Collect(maps.Keys(d.catalog.People))))
	}
	known := notify.Ways()
	for _, way := range ways {
		if !slices.Contains(known, way) {
			return nil, board.Refused{Err: fmt.Errorf("there is no way %q (want one of %q)", way, known)}
		}
	}
	if len(ways) == 0 {
		ways = known
	}
	reachable, contacts, err := d.reach(person, ways)
	if err != nil {
		return nil, board.Refused{Err: err}
	}
	tried := make([]board.Tried, len(ways))
	var all sync.WaitGroup
	for n, way := range ways {
		tried[n] = board.Tried{Way: way, Skipped: true, Problem: "no channel or no address"}
		if slices.Contains(reachable, way) {
			all.Go(func() {
				tried[n] = r.try(ctx, d, way, notify.Recipient{ID: person, Name: d.name(person), Contacts: contacts}, by)
			})
		}
	}
	all.Wait()
	if slices.ContainsFunc(tried, func(t board.Tried) bool { return !t.Skipped && t.Problem == "" }) {
		err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.Reached(person) })
	}
	return tried, err
}

func (r *Receiver) try(ctx context.Context, d *directory, way string, to notify.Recipient, by string) board.Tried {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	_, err := d.channels[way].Send(ctx, notify.Message{
		ID: "test." + rand.Text() + "." + way, Kind: incident.MessageTest, At: r.now(), To: to, Attempt: 1, Callback: d.callback(),
		Said: &notify.Text{
			State: "TEST", Subject: "TEST: Tocsin reaches you",
			Lead: notify.OneLine(by, 100) + " asked for this test message. Nothing is broken, and there is nothing to do.",
		},
	})
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s", tryWithin)
	}
	result := board.Tried{Way: way, Seconds: time.Since(begun).Seconds()}
	if err != nil {
		result.Problem = notify.OneLine(to.Contacts.Hide(err.Error()), 300)
	}
	return result
}

package receiver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

const (
	// shiftAttempts and shiftRetry bound how long somebody is tried to be told
	// of a shift: some forty minutes.
	shiftAttempts = 8
	shiftRetry    = time.Minute
)

// tellShifts tells whoever has come on call, once, and hands over in writing
// what is open. Of several receivers the one that leads does: another could take
// a slow provider for a failure, and tell them twice. Only the change of a person counts: nobody hears of a shift that
// began before this receiver had ever looked.
func (r *Receiver) tellShifts(ctx context.Context) {
	d := r.current.Load()
	if d == nil || !r.store.Leads() {
		return
	}
	for name := range d.rotas {
		turn, shift, due, err := r.turned(ctx, name)
		if err == nil && due {
			err = r.shiftTold(ctx, turn, r.tellShift(ctx, turn, shift))
		}
		if err != nil && ctx.Err() == nil {
			level.Error(r.logger).Log("msg", "Whoever came on call was not told; trying again", "rota", name, "err", err)
		}
	}
}

// turned looks whose turn it is and says whether that person is to be told now.
// Then the attempt is written down before it is made.
func (r *Receiver) turned(ctx context.Context, name string) (t store.Turn, shift oncall.Shift, due bool, err error) {
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now := r.now()
		d, err := r.current.Load().on(tx, now)
		if err != nil || d.rotas[name] == nil {
			return err
		}
		shift = d.rotas[name].At(now)
		last, err := tx.Turn(name)
		switch {
		case errors.Is(err, store.ErrNotFound):
			t = store.Turn{Rota: name, Person: shift.Primary, Since: now, Told: true}
		case err != nil:
			return err
		case last.Person == shift.Primary:
			t = last
		default:
			t = store.Turn{Rota: name, Person: shift.Primary, Before: last.Person, Since: now, Told: shift.Primary == ""}
			if last.Person == "" {
				t.Before = last.Before // of before the gap
			}
		}
		if due = !t.Told && !now.Before(t.Due); due {
			t.Attempts++
			t.Due = now.Add(time.Duration(t.Attempts) * shiftRetry)
		}
		if t == last {
			return nil
		}
		return tx.SaveTurn(t)
	})
	return t, shift, due, err
}

// shiftTold writes down what came of an attempt.
func (r *Receiver) shiftTold(ctx context.Context, t store.Turn, problem error) error {
	if problem != nil && t.Attempts < shiftAttempts {
		return problem
	}
	if problem != nil {
		level.Error(r.logger).Log("msg", "Whoever came on call was not told, and will not be", "rota", t.Rota, "person", t.Person, "err", problem)
	}
	return r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now, err := tx.Turn(t.Rota)
		if err != nil || now.Person != t.Person {
			return err
		}
		t.Told = true
		return tx.SaveTurn(t)
	})
}

// tellShift writes to whoever has come on call, and, where something is open, to
// whoever had the turn before.
func (r *Receiver) tellShift(ctx context.Context, t store.Turn, shift oncall.Shift) error {
	d := r.reading(ctx)
	open, err := r.openFor(ctx, d, t.Rota)
	if err != nil {
		return err
	}
	h := handover{receiver: r, directory: d, turn: t, shift: shift, open: open, zone: d.rotas[t.Rota].Zone()}
	if h.lines, err = h.list(ctx); err != nil {
		return err
	}
	if err := r.write(ctx, d, t.Person, h.begin()); err != nil {
		return err
	}
	if t.Before != "" && len(open) > 0 {
		if err := r.write(ctx, d, t.Before, h.end()); err != nil {
			level.Warn(r.logger).Log("msg", "Whoever goes off call was not told who has what is open", "rota", t.Rota, "person", t.Before, "err", err)
		}
	}
	return nil
}

// openFor lists the open incidents of the teams that have a rota, the worst
// first. Drills are nobody's to hand over.
func (r *Receiver) openFor(ctx context.Context, d *directory, rota string) ([]incident.Incident, error) {
	all, err := r.store.Current(ctx)
	open := slices.DeleteFunc(all, func(i incident.Incident) bool {
		team := d.catalog.Teams[i.Team]
		return i.Drill || team == nil || team.Rota != rota
	})
	slices.SortStableFunc(open, func(a, b incident.Incident) int { return a.Severity.Rank() - b.Severity.Rank() })
	return open, err
}

// write sends a person a text by mail and push, or else by text message; never
// by a call. One way that works is enough.
func (r *Receiver) write(ctx context.Context, d *directory, person string, text notify.Text) error {
	ways, contacts, err := d.reach(person, []string{incident.WayEmail, incident.WayPush})
	if err == nil && len(ways) == 0 {
		ways, contacts, err = d.reach(person, []string{incident.WaySMS})
	}
	if err != nil {
		return err
	}
	problems := []error{fmt.Errorf("no way of writing to %s", person)}
	for n, way := range ways {
		if n == 0 {
			problems = nil
		}
		sendCtx, cancel := context.WithTimeout(ctx, sendLimit)
		_, err := d.channels[way].Send(sendCtx, notify.Message{
			ID: "shift." + rand.Text() + "." + way, Kind: incident.MessageShift, At: r.now(), Attempt: 1, Said: &text,
			To: notify.Recipient{ID: person, Name: d.name(person), Contacts: contacts},
		})
		cancel()
		if err != nil {
			problems = append(problems, fmt.Errorf("by %s: %w", way, err))
		}
	}
	if len(problems) < max(len(ways), 1) {
		return nil
	}
	return errors.Join(problems...)
}

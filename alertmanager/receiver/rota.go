package receiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

const (
	// mostEntries bounds the entries that are not over.
	mostEntries = 1000
	// remembered is for how long an entry that is over still shows who was on
	// call then.
	remembered = 60 * 24 * time.Hour
)

// staffed is the directory with what people entered into the rotas. Entries
// that name somebody who is not in the catalogue any more change nothing.
func (d *directory) staffed(entries []oncall.Entry) *directory {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e oncall.Entry) bool { return !d.knows(e) })
	with := *d
	with.rotas = duty.Rotas{}
	for name, rota := range d.rotas {
		with.rotas[name] = rota.With(name, entries)
	}
	return &with
}

func (d *directory) knows(e oncall.Entry) bool {
	for _, person := range []string{e.Person, e.Instead} {
		if person != "" && d.catalog.People[person] == nil {
			return false
		}
	}
	return e.Rota == "" || d.rotas[e.Rota] != nil
}

// on is the directory as this transaction sees the rotas and the profiles.
func (d *directory) on(tx *store.Tx, now time.Time) (*directory, error) {
	entries, err := tx.RotaEntries(now.Add(-remembered))
	if err != nil {
		return nil, err
	}
	return d.staffed(entries).with(tx.Profile), nil
}

// Rotas are the rotas with what people entered, by name.
func (r *Receiver) Rotas(ctx context.Context) ([]board.Rota, error) {
	entries, err := r.store.RotaEntries(ctx, r.now().Add(-remembered))
	if err != nil {
		return nil, err
	}
	d := r.current.Load().staffed(entries)
	var list []board.Rota
	for _, name := range slices.Sorted(maps.Keys(d.rotas)) {
		one := board.Rota{Name: name, Rota: d.rotas[name], Troubles: d.troubles(name)}
		for _, team := range d.catalog.Teams {
			if team.Rota == name {
				one.Teams = append(one.Teams, team.Name)
			}
		}
		slices.Sort(one.Teams)
		list = append(list, one)
	}
	return list, nil
}

// Entries lists what people entered and what is not over, by number.
func (r *Receiver) Entries(ctx context.Context) ([]oncall.Entry, error) {
	return r.store.RotaEntries(ctx, r.now())
}

// Enter writes down who is on call instead of somebody, or who is away.
func (r *Receiver) Enter(ctx context.Context, request oncall.Request, who maintenance.Who) (e oncall.Entry, err error) {
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		d, now := r.current.Load(), r.now()
		if e, err = request.Enter(d.catalog, who, now); err != nil {
			return board.Refused{Err: err}
		}
		entries, err := tx.RotaEntries(now.Add(-remembered))
		if err != nil {
			return err
		}
		if len(entries) >= mostEntries {
			return board.Refused{Err: fmt.Errorf("there are %d entries already: end some", len(entries))}
		}
		if err := d.staffed(entries).checkSwap(e); err != nil {
			return board.Refused{Err: err}
		}
		if err := tx.AddRotaEntry(&e); err != nil {
			return err
		}
		tx.AfterCommit(func() { r.rotaChanged(e) })
		return nil
	})
	return e, err
}

// checkSwap wants people to swap turns that they have.
func (d *directory) checkSwap(e oncall.Entry) error {
	if e.Kind != oncall.Swap {
		return nil
	}
	wants := []struct {
		person string
		span   oncall.Span
	}{{e.Person, oncall.Span{From: e.From, Until: e.Until}}}
	if e.Return != nil {
		wants = append(wants, struct {
			person string
			span   oncall.Span
		}{e.Instead, *e.Return})
	}
	for _, want := range wants {
		has := func(s oncall.Shift) bool { return s.Primary == want.person }
		if !slices.ContainsFunc(d.rotas[e.Rota].Shifts(want.span.From, want.span.Until), has) {
			return fmt.Errorf("%s is not on call for %s between %s and %s: there is nothing to swap", d.name(want.person), e.Rota,
				want.span.From.Format(time.RFC3339), want.span.Until.Format(time.RFC3339))
		}
	}
	return nil
}

// EndEntry takes an entry back from now on. It does nothing to one that is
// over.
func (r *Receiver) EndEntry(ctx context.Context, id int64, who maintenance.Who) (e oncall.Entry, err error) {
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		before, err := tx.RotaEntry(id)
		if err != nil {
			return err
		}
		if e = before.End(who, r.now()); len(e.Acts) == len(before.Acts) {
			return nil
		}
		tx.AfterCommit(func() { r.rotaChanged(e) })
		return tx.SaveRotaEntry(e)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = board.ErrNoEntry
	}
	return e, err
}

func (r *Receiver) rotaChanged(e oncall.Entry) {
	last := e.Acts[len(e.Acts)-1]
	level.Info(r.logger).Log("msg", "Rota", "entry", e.ID, "what", last.What, "by", last.By, "via", last.Via, "kind", e.Kind, "rota", e.Rota,
		"person", e.Person, "instead", e.Instead, "from", e.From, "until", e.Until, "reason", e.Reason)
	wake(r.shifts)
	r.hub.publish()
}

// Turns lists who is on call now and next, by rota. When the store cannot be
// read they are those of the catalogue.
func (r *Receiver) Turns(now time.Time) []board.Turn {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	entries, err := r.store.RotaEntries(ctx, now)
	if err != nil {
		level.Error(r.logger).Log("msg", "Entries of rotas could not be read: showing the catalogue's turns", "err", err)
	}
	d := r.reading(ctx).staffed(entries)
	var turns []board.Turn
	for name, rota := range d.rotas {
		shift, next := rota.At(now), rota.Next(now)
		turn := board.Turn{
			Rota: name, Primary: d.name(shift.Primary), PrimaryID: shift.Primary, Until: shift.Until, Next: d.name(next.Primary), Zone: rota.Zone(),
		}
		if shift.Backup != "" {
			turn.Backup = d.name(shift.Backup)
		}
		for _, person := range []string{shift.Primary, shift.Backup} {
			if ways, _, _ := d.reach(person, catalog.Ways()); person != "" && len(ways) == 0 {
				turn.Unreached = append(turn.Unreached, d.name(person))
			}
		}
		for _, team := range d.catalog.Teams {
			if team.Rota == name {
				turn.Teams = append(turn.Teams, team.Name)
			}
		}
		slices.Sort(turn.Teams)
		turns = append(turns, turn)
	}
	slices.SortFunc(turns, func(a, b board.Turn) int { return cmp.Compare(a.Rota, b.Rota) })
	return turns
}

// RunRotas reads the calendars of the rotas again when their files change, and
// each day, and tells whoever comes on call, until ctx ends.
func (r *Receiver) RunRotas(ctx context.Context) error {
	const often = 30 * time.Second
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	for {
		r.ReadCalendars()
		r.tellShifts(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-r.shifts:
		}
	}
}

// What is read from the rotas at the scrape.
var (
	descCovered = prometheus.NewDesc("tocsin_rota_covered", "1 when somebody is on call for the rota, or its gaps are meant; 0 when nobody is.", []string{"rota"}, nil)
	descGap     = prometheus.NewDesc("tocsin_rota_next_gap_seconds", "For how long somebody is on call from now on, up to two weeks; 0 in a gap. There is none where gaps are meant.", []string{"rota"}, nil)
)

// gapAhead is how far ahead the next gap is looked for.
const gapAhead = 14 * 24 * time.Hour

// rotaMetrics exports whether the rotas are covered. A store that cannot be
// read gives no series rather than wrong ones.
type rotaMetrics struct{ receiver *Receiver }

func (m rotaMetrics) Describe(c chan<- *prometheus.Desc) {
	c <- descCovered
	c <- descGap
}

func (m rotaMetrics) Collect(c chan<- prometheus.Metric) {
	if m.receiver.current.Load() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	rotas, err := m.receiver.Rotas(ctx)
	if err != nil {
		return
	}
	now := m.receiver.now()
	for _, one := range rotas {
		covered, until := 1.0, gapAhead
		if gaps := one.Rota.Gaps(now, now.Add(gapAhead)); len(gaps) > 0 && !one.Rota.GapsAllowed() {
			if until = gaps[0].From.Sub(now); until == 0 {
				covered = 0
			}
		}
		c <- prometheus.MustNewConstMetric(descCovered, prometheus.GaugeValue, covered, one.Name)
		if !one.Rota.GapsAllowed() {
			c <- prometheus.MustNewConstMetric(descGap, prometheus.GaugeValue, until.Seconds(), one.Name)
		}
	}
}

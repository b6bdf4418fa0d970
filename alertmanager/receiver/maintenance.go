package receiver

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// policy is the catalogue's, with the windows that were opened once and the
// entries of rotas as this transaction sees them: an alert that is stored after a window is in it.
func (r *Receiver) policy(tx *store.Tx, now time.Time) (incident.Policy, error) {
	d, err := r.current.Load().on(tx, now)
	if err != nil {
		return incident.Policy{}, err
	}
	once, err := tx.Windows(now)
	if err != nil {
		return incident.Policy{}, err
	}
	policy := incident.DefaultPolicy()
	policy.Known = func(person string) bool { return d.catalog.People[person] != nil }
	policy.Terms = func(service, named string) incident.Terms {
		terms := d.terms(service, named)
		terms.Maintenance = func(t time.Time) (incident.Window, bool) { return d.window(service, once, t) }
		return terms
	}
	return policy, nil
}

// window is the open window over a service that ends last.
func (d *directory) window(service string, once []maintenance.Once, t time.Time) (incident.Window, bool) {
	w, open := maintenance.Last(d.windows(once, t), d.catalog.Services[service], t)
	return incident.Window{Name: w.Name, By: d.name(w.By), Reason: w.Reason, Until: w.Until.UTC()}, open
}

// windows lists what the catalogue has open at t, and what was opened once.
func (d *directory) windows(once []maintenance.Once, t time.Time) []maintenance.Window {
	all := d.plan.Open(t)
	for _, o := range once {
		all = append(all, o.Window())
	}
	return all
}

// works says in sentences which dependencies of a service are in maintenance:
// they are the likely cause. A dependency's own dependencies count, too.
func (d *directory) works(service string, once []maintenance.Once, zone *time.Location, now time.Time) []string {
	var sentences []string
	seen := map[string]bool{service: true}
	var visit func(name string)
	visit = func(name string) {
		spec := d.catalog.Services[name]
		if spec == nil {
			return
		}
		for _, dependency := range spec.DependsOn {
			if seen[dependency] {
				continue
			}
			seen[dependency] = true
			if w, open := d.window(dependency, once, now); open {
				sentences = append(sentences, fmt.Sprintf("%s, on which it depends, is in maintenance until %s: %s", dependency, notify.Clock(w.Until, zone), w.Reason))
			}
			visit(dependency)
		}
	}
	visit(service)
	return sentences
}

// OpenWindow opens a window, or gives the one that was opened by the same
// request with the same key. Incidents of its services are marked in the same
// transaction.
func (r *Receiver) OpenWindow(ctx context.Context, request maintenance.Request, who maintenance.Who, key string) (o maintenance.Once, added bool, err error) {
	text, err := json.Marshal(request)
	if err != nil {
		return o, false, fmt.Errorf("opening a maintenance window: %w", err)
	}
	if key != "" {
		key = who.Name + "\n" + key // each caller has keys of its own
	}
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now := r.now()
		if o, err = request.Open(r.current.Load().catalog, who, now); err != nil {
			return board.Refused{Err: err}
		}
		if added, err = tx.AddWindow(&o, key, text); err != nil || !added {
			return err
		}
		return r.windowsChanged(tx, o, now)
	})
	if errors.Is(err, store.ErrOtherRequest) {
		err = board.ErrKey
	}
	return o, added, err
}

// ExtendWindow gives a window an end that lies the duration after now, or after
// its beginning if that is still to come.
func (r *Receiver) ExtendWindow(ctx context.Context, id int64, length time.Duration, who maintenance.Who) (maintenance.Once, error) {
	return r.changeWindow(ctx, id, func(o maintenance.Once, now time.Time) (maintenance.Once, error) {
		begins := o.From
		if now.After(begins) {
			begins = now
		}
		changed, err := o.Extend(r.current.Load().catalog, who, begins.Add(length), now)
		if err != nil {
			return o, board.Refused{Err: err}
		}
		return changed, nil
	})
}

// EndWindow ends a window before its time. It does nothing to one that is over.
func (r *Receiver) EndWindow(ctx context.Context, id int64, who maintenance.Who) (maintenance.Once, error) {
	return r.changeWindow(ctx, id, func(o maintenance.Once, now time.Time) (maintenance.Once, error) { return o.End(who, now), nil })
}

func (r *Receiver) changeWindow(ctx context.Context, id int64, change func(maintenance.Once, time.Time) (maintenance.Once, error)) (o maintenance.Once, err error) {
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now := r.now()
		before, err := tx.Window(id)
		if err != nil {
			return err
		}
		if o, err = change(before, now); err != nil || len(o.Acts) == len(before.Acts) {
			return err
		}
		if err := tx.SaveWindow(o); err != nil {
			return err
		}
		return r.windowsChanged(tx, o, now)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = board.ErrNoWindow
	}
	return o, err
}

// windowsChanged has the engine look at every open incident of the services of
// a window to which something was done.
func (r *Receiver) windowsChanged(tx *store.Tx, o maintenance.Once, now time.Time) error {
	d := r.current.Load()
	last := o.Acts[len(o.Acts)-1]
	open, err := tx.Open()
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(open)) {
		if !o.Covers(d.catalog.Services[open[id]]) {
			continue
		}
		state, err := tx.LoadIncident(id)
		if err != nil {
			return err
		}
		if _, err := r.decide(tx, state, incident.WindowsChanged{Incident: id, By: d.name(last.By)}, now); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() {
		level.Info(r.logger).Log("msg", "Maintenance", "window", o.ID, "what", last.What, "by", last.By, "via", last.Via, "for", o.Scope, "from", o.From, "until", o.Until, "reason", o.Reason)
		wake(r.timers) // there is another edge
		r.hub.publish()
	})
	return nil
}

// Windows lists what is in maintenance now, what comes, and what was opened
// once and is over, the newest first.
func (r *Receiver) Windows(ctx context.Context) (board.Windows, error) {
	now := r.now()
	once, err := r.store.Windows(ctx, now)
	if err != nil {
		return board.Windows{}, err
	}
	past, err := r.store.PastWindows(ctx, now, board.MostPast)
	if err != nil {
		return board.Windows{}, err
	}
	plan := r.current.Load().plan
	list := board.Windows{Open: plan.Open(now), Coming: plan.Coming(now), Once: map[int64]maintenance.Once{}, Past: past}
	for _, o := range once {
		list.Once[o.ID] = o
		if w := o.Window(); w.Open(now) {
			list.Open = append(list.Open, w)
		} else {
			list.Coming = append(list.Coming, w)
		}
	}
	slices.SortStableFunc(list.Open, func(a, b maintenance.Window) int { return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.ID, b.ID)) })
	maintenance.Sort(list.Coming)
	return list, nil
}

// Works says which dependencies of a service are in maintenance.
func (r *Receiver) Works(ctx context.Context, service string, zone *time.Location) ([]string, error) {
	once, err := r.store.Windows(ctx, r.now())
	if err != nil {
		return nil, err
	}
	return r.current.Load().works(service, once, zone, r.now()), nil
}

// Catalog is the catalogue in use.
func (r *Receiver) Catalog() *catalog.Catalog { return r.current.Load().catalog }

// Caller says whose bearer token it is. The tokens are read anew each time.
func (r *Receiver) Caller(token string) (string, error) {
	receiver := r.current.Load().catalog.Delivery.Receiver
	if receiver == nil || len(receiver.APITokens) == 0 {
		return "", board.ErrNoTokens
	}
	given, caller := sha256.Sum256([]byte(token)), ""
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(receiver.APITokens)) {
		value, err := receiver.APITokens[name].Read()
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if want := sha256.Sum256([]byte(value)); subtle.ConstantTimeCompare(given[:], want[:]) == 1 {
			caller = name
		}
	}
	switch {
	case caller != "":
		return caller, nil
	case len(problems) > 0:
		return "", errors.Join(problems...) // perhaps it is that one
	}
	return "", board.ErrToken
}

// nextEdge is when the next window opens or ends.
func (r *Receiver) nextEdge(ctx context.Context, now time.Time) (time.Time, error) {
	edge := r.current.Load().plan.Edge(now)
	once, err := r.store.Windows(ctx, now)
	for _, o := range once {
		for _, at := range []time.Time{o.From, o.Until} {
			if at.After(now) && (edge.IsZero() || at.Before(edge)) {
				edge = at
			}
		}
	}
	return edge, err
}

// openOnce is the source of the series: windows of the catalogue are exported
// by the exporters.
func (r *Receiver) openOnce(now time.Time) (*catalog.Catalog, []maintenance.Window) {
	d := r.current.Load()
	if d == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	once, err := r.store.Windows(ctx, now)
	if err != nil {
		return nil, nil // no series rather than wrong ones
	}
	var open []maintenance.Window
	for _, o := range once {
		if w := o.Window(); w.Open(now) {
			open = append(open, w)
		}
	}
	return d.catalog, open
}

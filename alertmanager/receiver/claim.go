package receiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// sending is one claimed entry with all that its channel needs.
type sending struct {
	entry   store.Entry
	message notify.Message
	channel notify.Channel
	next    []string // further ways of the recipient
	urgent  bool
	also    []sending // of the same digest: told with this one
}

// putOff is for how long an entry that cannot be prepared is left alone.
const putOff = time.Minute

// claim takes what is due off the outbox and finds out, in the same
// transaction, whom it is for. Of what is for a crowded way it takes no more than
// there is room for; the ways for which nothing waits are returned too.
func (r *Receiver) claim(ctx context.Context, most int, room map[string]int) (work []sending, idle []string, err error) {
	// What is claimed is sent, even when the program's end comes in between.
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now := r.now()
		entries, waiting, err := claimEntries(tx, now, most, room)
		if err != nil {
			return err
		}
		found, err := r.resolveAll(tx, entries, now)
		if err != nil {
			return err
		}
		if found, err = r.join(tx, found, now); err != nil {
			return err
		}
		var over []sending
		work, over = admit(gather(found), room)
		for _, s := range over {
			waiting[s.entry.Way] = true
			if err := s.unclaimed(tx, now); err != nil {
				return err
			}
		}
		idle = slices.DeleteFunc(slices.Collect(maps.Keys(room)), func(way string) bool { return waiting[way] })
		return nil
	})
	return work, idle, err
}

// claimEach claims one entry after the other, because one of them cannot be
// prepared. That one is put off, so that it keeps the others from nothing. There
// is no error with work.
func (r *Receiver) claimEach(ctx context.Context, most int) (work []sending, err error) {
	for range most {
		found, some, err := r.claimNext(context.WithoutCancel(ctx))
		if err != nil && len(work) == 0 {
			return nil, err
		}
		if err != nil || !some {
			break
		}
		work = append(work, found...)
	}
	return work, nil
}

// claimNext claims the entry that is due next, or puts it off; some is false when
// none is due.
func (r *Receiver) claimNext(ctx context.Context) (found []sending, some bool, err error) {
	var entries []store.Entry
	err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
		if entries, err = tx.Claim(r.now(), 1); err == nil {
			found, err = r.resolveAll(tx, entries, r.now())
		}
		return err
	})
	if err == nil || len(entries) == 0 {
		return gather(found), len(entries) > 0, err
	}
	level.Error(r.logger).Log("msg", "A message cannot be prepared; trying again in a minute", "incident", entries[0].Incident, "err", err)
	return nil, true, r.store.Update(ctx, func(tx *store.Tx) error { return postpone(tx, entries, r.now().Add(putOff)) })
}

func postpone(tx *store.Tx, entries []store.Entry, due time.Time) error {
	for _, e := range entries {
		if err := tx.Later(e.ID, due); err != nil {
			return err
		}
	}
	return nil
}

func (r *Receiver) resolveAll(tx *store.Tx, entries []store.Entry, now time.Time) (found []sending, err error) {
	for _, e := range entries {
		one, err := r.resolve(tx, e, now)
		if err != nil {
			return nil, err
		}
		found = append(found, one...)
	}
	return found, nil
}

// claimEntries claims what is for no crowded way, and as much for each crowded
// one as it has room for; waiting are those for which there may be more.
func claimEntries(tx *store.Tx, now time.Time, most int, room map[string]int) (entries []store.Entry, waiting map[string]bool, err error) {
	waiting = map[string]bool{}
	entries, err = tx.Claim(now, most, slices.Sorted(maps.Keys(room))...)
	if err != nil {
		return nil, nil, err
	}
	for way, most := range room {
		more, err := tx.ClaimWay(now, way, most)
		if err != nil {
			return nil, nil, err
		}
		waiting[way] = len(more) >= most
		entries = append(entries, more...)
	}
	slices.SortFunc(entries, func(a, b store.Entry) int { return cmp.Compare(a.ID, b.ID) })
	return entries, waiting, nil
}

// entries are the numbers of all that it sends.
func (s sending) entries() []int64 {
	ids := []int64{s.entry.ID}
	for _, other := range s.also {
		ids = append(ids, other.entry.ID)
	}
	return ids
}

// tells says whether a sending is about an incident already.
func (s sending) tells(id incident.ID) bool {
	return s.entry.Incident == id || slices.ContainsFunc(s.also, func(o sending) bool { return o.entry.Incident == id })
}

// resolve turns an entry into sendings: itself when it has a recipient, or one
// for each person and way that its roles mean now.
func (r *Receiver) resolve(tx *store.Tx, e store.Entry, now time.Time) ([]sending, error) {
	state, err := tx.LoadIncident(e.Incident)
	if errors.Is(err, store.ErrNotFound) {
		return nil, tx.Done(e.ID)
	}
	if err != nil {
		return nil, err
	}
	i := state.Incidents[0]
	m, ok := i.Message(e.Message)
	if !ok {
		return nil, tx.Done(e.ID)
	}
	if needless(i, m) {
		return nil, r.drop(tx, state, e, now)
	}
	entries := []store.Entry{e}
	if e.Recipient == "" {
		if entries, state, err = r.address(tx, state, m, e, now); err != nil {
			return nil, err
		}
	}
	return r.prepareAll(tx, state, m, entries, now)
}

// address finds out whom an entry without a recipient means, and makes one for
// each. What leads nowhere goes on the timeline.
func (r *Receiver) address(tx *store.Tx, state incident.State, m incident.Message, e store.Entry, now time.Time) ([]store.Entry, incident.State, error) {
	people, err := r.current.Load().on(tx, now)
	if err != nil {
		return nil, state, err
	}
	i := state.Incidents[0]
	deliveries, dead := people.deliveries(i, m, now)
	for n, d := range deliveries {
		deliveries[n].HeldUntil = state.HeldUntil(i, m, d.Recipient, now)
	}
	entries, err := tx.Split(e, now, deliveries)
	if err != nil {
		return nil, state, err
	}
	inputs := append([]incident.Input{incident.Claimed{Incident: i.ID, Deliveries: deliveries}}, dead...)
	for _, in := range inputs {
		if state, err = r.decide(tx, state, in, now); err != nil {
			return nil, state, err
		}
	}
	entries, err = holdBack(tx, i, entries, deliveries)
	return entries, state, err
}

// prepareAll puts the sendings of one message together. One that cannot be has
// failed.
func (r *Receiver) prepareAll(tx *store.Tx, state incident.State, m incident.Message, entries []store.Entry, now time.Time) ([]sending, error) {
	once, err := tx.Windows(now)
	if err != nil {
		return nil, err
	}
	i := state.Incidents[0]
	var work []sending
	for _, one := range entries {
		waits, err := inLine(tx, one, now)
		if err != nil {
			return nil, err
		}
		if waits {
			continue
		}
		s, err := r.prepare(r.current.Load().with(tx.Profile), i, m, one)
		s.message.Also = alongside(state, i, m)
		s.message.Works = r.current.Load().works(i.Service, once, s.message.Zone, now)
		if err == nil {
			work = append(work, s)
			continue
		}
		fail := incident.Failed{Incident: i.ID, Delivery: incident.Delivery{Message: m.Number, Recipient: one.Recipient, Way: one.Way, Attempts: one.Attempts, Problem: err.Error()}}
		if state, err = r.decide(tx, state, fail, now); err != nil {
			return nil, err
		}
		if err := tx.Done(one.ID); err != nil {
			return nil, err
		}
	}
	return work, nil
}

// inLine keeps what a place is told in order: a message waits while an older one
// of the incident is on its way there.
func inLine(tx *store.Tx, e store.Entry, now time.Time) (waits bool, err error) {
	if !incident.IsPlace(e.Recipient) {
		return false, nil
	}
	waits, err = tx.Overtakes(e)
	if err != nil || !waits {
		return false, err
	}
	return true, tx.Yield(e.ID, now.Add(pause))
}

// needless says whether a message need not go out any more: nobody is rung up
// about what somebody has taken on or what is over, and nobody is told that it is
// over when it has come back meanwhile, as they are told too. Tools get both in
// their order.
func needless(i incident.Incident, m incident.Message) bool {
	switch m.Kind {
	case incident.MessagePage:
		return !i.Open() || i.Owner != ""
	case incident.MessageResolved:
		return i.Open() && slices.Contains(m.To, incident.RoleTold)
	default:
		return false
	}
}

// drop takes an entry off the outbox that need not go out any more. What was
// meant for somebody comes to its end on the timeline.
func (r *Receiver) drop(tx *store.Tx, state incident.State, e store.Entry, now time.Time) error {
	if e.Recipient != "" {
		_, err := r.decide(tx, state, incident.Failed{Incident: e.Incident, Delivery: incident.Delivery{
			Message: e.Message, Recipient: e.Recipient, Way: e.Way, Attempts: e.Attempts - 1, Problem: "it is not needed any more",
		}}, now)
		if err != nil {
			return err
		}
	}
	return tx.Done(e.ID)
}

// deliveries finds the people a message means and their ways. What leads
// nowhere comes back as inputs for the timeline.
func (d *directory) deliveries(i incident.Incident, m incident.Message, now time.Time) (found []incident.Delivery, dead []incident.Input) {
	end := func(whom, why string) {
		dead = append(dead, incident.Unreached{Incident: i.ID, Message: m.Number, Whom: whom, Why: why})
	}
	var people []string
	for _, role := range m.To {
		found = append(found, d.places(i, m, role)...)
		meant, err := d.people(i, role, now)
		if err != nil {
			end(string(role), err.Error())
		}
		for _, person := range meant {
			if person != m.Except && !slices.Contains(people, person) {
				people = append(people, person)
			}
		}
	}
	for _, person := range people {
		one := m
		if slices.Contains(m.To, incident.RoleTold) {
			one.Ways = i.WaysTo(person) // who had no push hears of the end without one
		}
		if m.Kind == incident.MessagePage {
			one.Ways = d.inTurn(i, person, one.Ways)
		}
		ways, err := d.ways(person, one)
		if err != nil {
			end(person, err.Error())
		}
		for _, way := range ways {
			found = append(found, incident.Delivery{Message: m.Number, Recipient: person, Way: way})
		}
	}
	return found, dead
}

// places finds what is told for a role that means no person.
func (d *directory) places(i incident.Incident, m incident.Message, role incident.Role) []incident.Delivery {
	switch role {
	case incident.RoleGitHub:
		return []incident.Delivery{{Message: m.Number, Recipient: "pipeline/" + about(i, m).Labels["pipeline"], Way: incident.WayGitHub}}
	case incident.RoleTools:
		var found []incident.Delivery
		for _, tool := range notify.Tools(d.catalog.Teams[i.Team]) {
			place := notify.Place(tool.Way, i.Team)
			said := m.From == tool.Way || m.Kind == incident.MessageAcknowledged && i.Via == tool.Way && !tool.Shows // there, so it knows
			if m.Kind == incident.MessageNote && tool.Notes != nil && !tool.Notes(d.catalog.Teams[i.Team].Channels) {
				continue
			}
			if !said && (!incident.Rings(tool.Way) || m.Kind == incident.MessagePage || i.Alarmed(place, tool.Way)) {
				found = append(found, incident.Delivery{Message: m.Number, Recipient: place, Way: tool.Way})
			}
		}
		return found
	}
	return nil
}

// ways are those of a message by which a person can be reached, or else the
// first that the message falls back to.
func (d *directory) ways(person string, m incident.Message) ([]string, error) {
	ways, _, err := d.reach(person, m.Ways)
	if err != nil || len(ways) > 0 {
		return ways, err
	}
	if ways, _, err = d.reach(person, d.sorted(person, m.Fallback)); err != nil {
		return nil, err
	}
	if len(ways) == 0 {
		return nil, fmt.Errorf("no channel and address for any of %s", strings.Join(slices.Concat(m.Ways, m.Fallback), ", "))
	}
	return ways[:1], nil
}

package receiver

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// profiles gives somebody's profile, or [store.ErrNotFound].
type profiles func(person string) (store.Profile, error)

// with is the directory with what people say of themselves.
func (d *directory) with(p profiles) *directory {
	with := *d
	with.profile = p
	return &with
}

// reading is the directory with the profiles as they are now.
func (r *Receiver) reading(ctx context.Context) *directory {
	return r.current.Load().with(func(person string) (store.Profile, error) { return r.store.Profile(ctx, person) })
}

// own is somebody's profile; who has none has an empty one.
func (d *directory) own(person string) (store.Profile, error) {
	if d.profile == nil {
		return store.Profile{}, nil
	}
	p, err := d.profile(person)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return p, err
}

// contacts are those of a person's profile, and those of the file that the
// profile leaves out. With an error they are what could be read.
func (d *directory) contacts(person string) (notify.Contacts, error) {
	file, errFile := notify.ReadContacts(d.catalog.People[person])
	own, errOwn := d.own(person)
	return entered(own).Over(file), errors.Join(errFile, errOwn)
}

// entered are the contacts of a profile.
func entered(p store.Profile) (c notify.Contacts) {
	for _, k := range notify.ContactKeys() {
		k.Put(&c, p.Contacts[k.Name])
	}
	return c
}

// order is the one in which a person wants to be reached: that of the profile,
// or else that of the catalogue. A profile that cannot be read has none.
func (d *directory) order(person string) []string {
	if own, err := d.own(person); err == nil && len(own.Order) > 0 {
		return (&catalog.Person{Prefer: own.Order}).Order()
	}
	if p := d.catalog.People[person]; p != nil {
		return p.Order()
	}
	return catalog.Ways()
}

// whose lists who has certain contacts. What cannot be read is passed
// over: it is reported when a message is sent.
func (d *directory) whose(has func(notify.Contacts) bool) (people []string) {
	for _, id := range slices.Sorted(maps.Keys(d.catalog.People)) {
		if contacts, _ := d.contacts(id); has(contacts) {
			people = append(people, id)
		}
	}
	return people
}

// Profile tells how somebody is reached, without saying where.
func (r *Receiver) Profile(ctx context.Context, person string) (board.Profile, error) {
	d := r.reading(ctx)
	if d.catalog.People[person] == nil {
		return board.Profile{}, board.ErrNobody
	}
	return d.described(person)
}

func (d *directory) described(person string) (board.Profile, error) {
	own, err := d.own(person)
	if err != nil {
		return board.Profile{}, err
	}
	p := board.Profile{Person: person, Name: d.name(person), At: own.At, Order: own.Order, Usual: d.order(person)}
	file, problem := notify.ReadContacts(d.catalog.People[person])
	if problem != nil {
		p.Problem = "the file of contacts cannot be read: the receiver's log says why"
	}
	for _, k := range notify.ContactKeys() {
		line := board.ProfileLine{Key: k.Name, Want: k.Want}
		for _, source := range []struct {
			from string
			has  notify.Contacts
		}{{board.FromProfile, entered(own)}, {board.FromFile, file}} {
			if masked := k.Masked(source.has); masked != "" && line.From == "" {
				line.From, line.Masked = source.from, masked
			}
		}
		p.Lines = append(p.Lines, line)
	}
	p.Ways, _, _ = d.reach(person, d.order(person)) // the problem is said already
	return p, nil
}

// Profiles tells of everybody, by name, and of profiles of people who are not in
// the catalogue any more.
func (r *Receiver) Profiles(ctx context.Context) ([]board.Profile, error) {
	kept, err := r.store.Profiles(ctx)
	if err != nil {
		return nil, err
	}
	d, own := r.current.Load(), map[string]store.Profile{}
	var all []board.Profile
	for _, p := range kept {
		own[p.Person] = p
		if d.catalog.People[p.Person] == nil {
			all = append(all, board.Profile{Person: p.Person, Name: p.Person, At: p.At, Gone: true})
		}
	}
	d = d.with(func(person string) (store.Profile, error) { return own[person], nil })
	for id := range d.catalog.People {
		p, err := d.described(id)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b board.Profile) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Person, b.Person))
	})
	return all, nil
}

// ChangeProfile writes down how somebody wants to be reached from now on. What
// of it was changed is in words that hold no address.
func (r *Receiver) ChangeProfile(ctx context.Context, person string, change board.ProfileChange) (changed []string, err error) {
	err = r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		d := r.current.Load().with(tx.Profile)
		if d.catalog.People[person] == nil {
			return board.ErrNobody
		}
		own, err := d.own(person)
		if err != nil {
			return err
		}
		if changed, err = apply(&own, change); err == nil {
			err = d.distinct(person, entered(own), change)
		}
		if err != nil || len(changed) == 0 {
			return err
		}
		own.Person, own.At = person, r.now()
		tx.AfterCommit(func() { r.profileChanged(person, changed) })
		return tx.SaveProfile(own)
	})
	return changed, err
}

// apply changes a profile. What is wrong names the key.
func apply(p *store.Profile, change board.ProfileChange) (changed []string, err error) {
	c := entered(*p)
	for _, k := range notify.ContactKeys() {
		before, word := k.Of(c), " entered"
		if change.Remove[k.Name] {
			k.Put(&c, "")
			word = " removed"
		} else if value := change.Put[k.Name]; strings.TrimSpace(value) != "" {
			k.Put(&c, value)
		}
		if k.Of(c) != before {
			changed = append(changed, k.Name+word)
		}
	}
	if err := errors.Join(c.Check(), notify.CheckOrder(change.Order)); err != nil {
		return nil, board.Refused{Err: err}
	}
	if !slices.Equal(p.Order, change.Order) {
		changed = append(changed, "order")
	}
	p.Order, p.Contacts = change.Order, map[string]string{}
	for _, k := range notify.ContactKeys() {
		if value := k.Of(c); value != "" {
			p.Contacts[k.Name] = value
		}
	}
	return changed, nil
}

// distinct wants that by which a person's answers are known to be nobody
// else's.
func (d *directory) distinct(person string, own notify.Contacts, change board.ProfileChange) error {
	bare := func(text string) string { return strings.ReplaceAll(text, " ", "") }
	for _, k := range notify.ContactKeys() {
		if !k.Answers || change.Put[k.Name] == "" {
			continue
		}
		for id := range d.catalog.People {
			other, _ := d.contacts(id) // a file that cannot be read has nothing to compare
			if id != person && bare(k.Of(other)) == bare(k.Of(own)) && k.Of(own) != "" {
				return board.Refused{Err: errors.New(k.Name + ": somebody else has this one, and nobody could tell whose answer it was")}
			}
		}
	}
	return nil
}

// DropProfile forgets what somebody said of themselves, also of who has left.
func (r *Receiver) DropProfile(ctx context.Context, person string) error {
	return r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		tx.AfterCommit(func() { r.profileChanged(person, []string{"all of it removed"}) })
		return tx.DropProfile(person)
	})
}

func (r *Receiver) profileChanged(person string, changed []string) {
	level.Info(r.logger).Log("msg", "A profile was changed", "person", person, "what", strings.Join(changed, ", "))
	r.hub.publish()
}

// EndSession remembers, for every receiver that shares the database, that
// somebody has logged out.
func (r *Receiver) EndSession(ctx context.Context, id string, until time.Time) error {
	return r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.EndSession(id, until) })
}

// SessionEnded says whether somebody has logged out of a session.
func (r *Receiver) SessionEnded(ctx context.Context, id string) (bool, error) {
	return r.store.SessionEnded(ctx, id)
}

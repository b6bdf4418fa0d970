package incident

import (
	"slices"
	"time"
)

// tools tells what the team uses beside us. They hear of every change of an
// incident that is told to somebody; what each makes of it is the channel's
// matter.
func (d *decision) tools(id ID, kind MessageKind, news string) {
	d.tellTools(id, Message{Kind: kind, News: news})
}

func (d *decision) tellTools(id ID, m Message) {
	i, ok := d.state.Incident(id)
	if !ok || !d.terms(i).Tools {
		return
	}
	m.To = []Role{RoleTools}
	d.queue(id, m)
}

// ForTools says that a message is for the team's tools and for no person.
func (m Message) ForTools() bool { return len(m.To) == 1 && m.To[0] == RoleTools }

// toolsKnow says whether the team's tools have heard of this outage.
func (i Incident) toolsKnow() bool {
	for _, m := range i.Messages {
		if !m.At.Before(i.Since) && m.ForTools() {
			return true
		}
	}
	return false
}

// Alarmed says whether a place was told to ring somebody in this outage, or may
// have been: a message that was given up may have arrived all the same.
func (i Incident) Alarmed(place, way string) bool {
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if m.Kind == MessagePage && !m.At.Before(i.Since) && d.Recipient == place && d.Way == way {
				return true
			}
		}
	}
	return false
}

// Rings says whether a way leads to a tool that phones people by a rota of its
// own.
func Rings(way string) bool { return way == WayPagerDuty || way == WayVictorOps }

// instead has people paged here, now, when a tool cannot be told to ring and
// our hours would let nobody ring before they begin. Another tool that was told
// rings in its place.
func (d *decision) instead(id ID, lost Delivery) {
	i, ok := d.open(id)
	m, known := i.Message(lost.Message)
	if !ok || !known || !m.ForTools() || m.Kind != MessagePage || m.At.Before(i.Since) || !Rings(lost.Way) || !i.rings() || i.silent() {
		return
	}
	for _, other := range m.Deliveries {
		if other.Way != lost.Way && Rings(other.Way) && (other.State == DeliverySent || other.State == DeliveryDelivered) {
			return
		}
	}
	if !i.Paging.Last.Before(i.Since) && !i.Paging.Last.IsZero() {
		return // people ring already
	}
	d.emit(Event{Incident: id, Kind: KindAlarmSilent, Person: lost.Recipient, Text: lost.Problem})
	d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: d.now, Step: 0})
	d.page(id)
}

// silent says that the tools could not be told to ring in this outage.
func (i Incident) silent() bool { return !i.Silent.IsZero() && !i.Silent.Before(i.Since) }

// pagesFrom is when people may be rung up at the earliest, from at on.
func (i Incident) pagesFrom(terms Terms, at time.Time) (time.Time, bool) {
	if i.silent() {
		return at, true
	}
	return terms.PagesFrom(at)
}

// alarm keeps in step when the tools ring by themselves. They hear of every page
// here; where our hours hold one back they hear of it when it would have been,
// because whom they ring at which hours is for their own rota to say.
func (d *decision) alarm(id ID) {
	i, ok := d.open(id)
	if !ok {
		return
	}
	due := d.alarmDue(i)
	if due.IsZero() == i.AlarmAt.IsZero() && (due.Equal(i.AlarmAt) || !due.After(d.now)) {
		return
	}
	d.emit(Event{Incident: id, Kind: KindAlarmPlanned, Due: due})
}

// alarmDue is when the tools ring although nobody is paged; zero when they need
// not. A fault that comes back soon after they rang waits as a page does.
func (d *decision) alarmDue(i Incident) time.Time {
	terms := d.terms(i)
	at, rings := d.alarmAt(i, terms)
	if !terms.Tools || !rings || i.Withheld() || i.silent() {
		return time.Time{}
	}
	for _, m := range slices.Backward(i.Messages) {
		if !m.ForTools() || m.Kind != MessagePage {
			continue
		}
		if !m.At.Before(i.Since) {
			return time.Time{}
		}
		at = later(at, m.At.Add(d.policy.ReopenWithin))
		break
	}
	if from, ever := terms.PagesFrom(at); !ever || !from.After(at) {
		return time.Time{}
	}
	return at
}

// sound has the tools ring when that is due.
func (d *decision) sound(id ID) {
	i, ok := d.open(id)
	if !ok || i.AlarmAt.IsZero() || i.AlarmAt.After(d.now) || !i.rings() {
		return
	}
	d.tools(id, MessagePage, "at this hour nobody is paged by Tocsin")
	d.emit(Event{Incident: id, Kind: KindAlarmPlanned})
}

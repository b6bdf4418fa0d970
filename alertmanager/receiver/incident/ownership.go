package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// remindOwner is how long before its end the owner of an acknowledgement
	// is reminded.
	remindOwner = 15 * time.Minute
	// longestNote bounds what somebody writes on a timeline, in bytes.
	longestNote = 4000
)

// Ownership is who has taken an incident on. Until is when that ends while it
// still fires; zero for never.
type Ownership struct {
	Owner        string    `json:"owner,omitempty"` // a person's id; what a tool calls somebody whom the catalogue does not have
	Via          string    `json:"via,omitempty"`   // how the owner said so
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	OwnedUntil   time.Time `json:"owned_until,omitzero"`
	OwnerAsked   bool      `json:"owner_asked,omitempty"` // the owner was reminded of the end
	Snoozed      bool      `json:"snoozed,omitempty"`     // the owner chose the end
	Handed       bool      `json:"handed,omitempty"`      // by somebody else; the owner has not said a word
	Foreign      bool      `json:"foreign,omitempty"`     // the catalogue did not have the owner: a tool calls somebody so
	Ended        string    `json:"ended,omitempty"`       // why nobody has it any longer, in words; empty when somebody has or nobody had
}

// ownershipDue is when something is to be done about the owner.
func (i Incident) ownershipDue() time.Time {
	if i.Owner == "" || i.OwnedUntil.IsZero() {
		return time.Time{}
	}
	if !i.OwnerAsked && !i.Snoozed {
		return i.OwnedUntil.Add(-remindOwner)
	}
	return i.OwnedUntil
}

// acknowledge makes somebody the owner. With an end of its own it is a snooze;
// otherwise it ends after the time that the policy gives.
func (d *decision) acknowledge(in Acknowledge) {
	i, ok := d.open(in.Incident)
	if !ok || (i.Owner == in.Person && in.Until.IsZero() && !i.Snoozed && !i.OwnerAsked && !i.Handed) {
		return
	}
	e := Event{Incident: i.ID, Kind: KindAcknowledged, Person: in.Person, Text: in.Via, Due: in.Until, Foreign: !d.policy.knows(in.Person)}
	news := "has taken it on"
	if !in.Until.IsZero() {
		e.Kind = KindSnoozed
		news = "has taken it on, and is asked again at " + in.Until.UTC().Format("15:04 MST")
	} else if terms := d.terms(i); terms.AcknowledgedFor > 0 {
		e.Due = d.now.Add(terms.AcknowledgedFor)
	}
	before := i.Owner
	if before == in.Person && in.Until.IsZero() {
		news = "goes on with it"
	}
	d.emit(e)
	d.owned(i, before, in.Person, news)
	d.siblings(i, in)
}

// siblings acknowledges what the person was told in the same message.
func (d *decision) siblings(i Incident, in Acknowledge) {
	if i.Parent == 0 {
		return
	}
	for _, other := range d.state.Incidents {
		if other.ID != i.ID && other.Open() && other.Parent == i.Parent && other.Owner == "" && slices.Contains(other.Told(), in.Person) {
			in.Incident = other.ID
			d.acknowledge(in)
		}
	}
}

// owned draws the conclusions of a new owner.
func (d *decision) owned(i Incident, before, owner, news string) {
	if !i.Paging.Due.IsZero() {
		d.emit(Event{Incident: i.ID, Kind: KindPageCancelled, Text: "acknowledged"})
	}
	if i.toolsKnow() { // also of a later end: they show it
		d.tools(i.ID, MessageAcknowledged, news)
	}
	if before == owner {
		return
	}
	d.neighbours(i.ID, true)
	for _, told := range i.Told() {
		if told != owner {
			d.queue(i.ID, Message{Kind: MessageAcknowledged, To: []Role{RoleTold}, Except: owner, Ways: []string{WayEmail, WayPush}, News: news, Digest: i.Parent})
			return
		}
	}
}

// reassign hands an incident to somebody else, who is told, or back to the
// escalation when To is empty.
func (d *decision) reassign(in Reassign) {
	i, ok := d.open(in.Incident)
	if !ok || i.Owner == in.To {
		return
	}
	e := Event{Incident: i.ID, Kind: KindReassigned, Person: in.To, By: in.Person, Text: in.Via, Foreign: !d.policy.knows(in.To)}
	if terms := d.terms(i); in.To != "" && terms.AcknowledgedFor > 0 {
		e.Due = d.now.Add(terms.AcknowledgedFor)
	}
	before := i.Owner
	d.emit(e)
	if in.To == "" {
		d.disowned(i.ID, in.Via)
		return
	}
	d.owned(i, before, in.To, "has it from now on")
	d.queue(i.ID, Message{Kind: MessageAssigned, To: []Role{PersonRole(in.To)}, Ways: []string{WayPush, WayEmail}, Fallback: []string{WaySMS, WayVoice}, News: "it was handed to you"})
}

// ownership reminds an owner, and ends what nobody has renewed while it fires.
func (d *decision) ownership(id ID) {
	i, ok := d.open(id)
	due := i.ownershipDue()
	if !ok || due.IsZero() || due.After(d.now) {
		return
	}
	if !i.OwnerAsked && !i.Snoozed && i.OwnedUntil.After(d.now) {
		d.emit(Event{Incident: id, Kind: KindOwnerAsked, Person: i.Owner, Due: i.OwnedUntil})
		d.queue(id, Message{
			Kind: MessageReminder, To: []Role{RoleOwner}, Ways: []string{WayPush, WayEmail},
			News: "your acknowledgement ends at " + i.OwnedUntil.UTC().Format("15:04 MST") + ": acknowledge again, or the phones ring",
		})
		return
	}
	d.emit(Event{Incident: id, Kind: KindOwnershipEnded, Person: i.Owner})
	d.disowned(id, "")
}

// disowned has an incident without an owner paged again at once. Via is where
// somebody gave it back; empty when its acknowledgement ended.
func (d *decision) disowned(id ID, via string) {
	i, ok := d.open(id)
	if !ok {
		return
	}
	terms := d.terms(i)
	if _, pages := d.ringAt(i, terms); pages && !i.Withheld() {
		if at, ever := i.pagesFrom(terms, d.now); ever {
			d.emit(Event{Incident: id, Kind: KindPagePlanned, Due: at, Step: 0})
		}
	}
	if i.toolsKnow() {
		d.tellTools(id, Message{Kind: MessageDisowned, News: "nobody owns it any longer", From: via})
	}
	d.alarm(id)
	d.neighbours(id, true)
	d.page(id)
}

// noted writes a person's words on the timeline, and into the tools that know
// of the outage.
func (d *decision) noted(in Note) {
	i, ok := d.state.Incident(in.Incident)
	text := strings.TrimSpace(in.Text)
	if !ok || text == "" {
		return
	}
	for len(text) > longestNote || !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text[:min(len(text), longestNote)], "")
	}
	d.emit(Event{Incident: i.ID, Kind: KindNote, Person: in.Person, Text: text, By: in.Via})
	if i.toolsKnow() {
		d.tellTools(i.ID, Message{Kind: MessageNote, News: text, By: in.Person, From: in.Via})
	}
}

// resolveByHand closes an incident on somebody's word. What fires on comes
// back with the next notification, and reopens it.
func (d *decision) resolveByHand(in Resolve) {
	i, ok := d.open(in.Incident)
	if !ok {
		return
	}
	why := fmt.Sprintf("%s resolved it by hand", in.Person)
	for _, a := range i.Firing() {
		a.Resolved, a.EndsAt = true, d.now
		d.emit(Event{Incident: i.ID, Kind: KindAlertResolved, Alert: &a, Text: why})
	}
	d.close(i.ID, why)
}

func (i Incident) applyOwnership(e Event) Incident {
	if e.Person != "" {
		i.AlarmAt = time.Time{}
	}
	switch e.Kind {
	case KindAcknowledged, KindSnoozed:
		i.Ownership = Ownership{Owner: e.Person, Via: e.Text, Acknowledged: e.At, OwnedUntil: e.Due, Snoozed: e.Kind == KindSnoozed, Foreign: e.Foreign}
	case KindReassigned:
		i.Ownership = Ownership{Owner: e.Person, Via: e.Text, OwnedUntil: e.Due, Handed: e.Person != "" && e.Person != e.By, Foreign: e.Foreign}
		if e.Person != "" {
			i.Acknowledged = e.At
		} else {
			i.Ownership = Ownership{Ended: "it was given back, and nobody has it"}
		}
	case KindOwnerAsked:
		i.OwnerAsked = true
	case KindOwnershipEnded:
		i.Ownership = Ownership{Ended: fmt.Sprintf("it is no longer %s's: %s", e.Person, cmp.Or(e.Text, "the acknowledgement has ended, and it still fires"))}
	}
	return i
}

// knows says whether a person is in the catalogue; nobody is.
func (p Policy) knows(person string) bool { return person == "" || p.Known == nil || p.Known(person) }

// departed has an incident paged again whose owner has left the catalogue: nobody
// works on it. Whom only a tool knows never was there.
func (d *decision) departed(id ID) {
	i, ok := d.open(id)
	if !ok || i.Owner == "" || i.Foreign || d.policy.knows(i.Owner) {
		return
	}
	d.emit(Event{Incident: id, Kind: KindOwnershipEnded, Person: i.Owner, Text: fmt.Sprintf("%s is not in the catalogue any more", i.Owner)})
	d.disowned(id, "")
}

package incident

import (
	"cmp"
	"fmt"
)

// inHand is who has taken on, for a child's own people, what it comes from: the
// owner of its cause or, when that has one, of what else comes from it; "" for
// nobody. The owner must be of the same team or be the one whom the child would ring, or that one
// was rung about the cause already: one cause is one page for each person. What
// somebody has taken on as a warning is no answer to what rings.
func (d *decision) inHand(i, parent Incident) string {
	if i.Merged || parent.Owner == "" {
		return parent.Owner
	}
	terms := d.terms(i)
	rung := d.wouldRing(terms)
	for _, other := range d.state.Incidents {
		if other.ID == i.ID || (other.ID != parent.ID && other.Parent != parent.ID) || !other.Open() || other.Owner == "" || !d.weighs(other) {
			continue
		}
		if d.terms(other).Team == terms.Team || (rung != "" && (other.Owner == rung || (other.ID == parent.ID && other.rang(rung)))) {
			return other.Owner
		}
	}
	return ""
}

// wouldRing is whom the first step of an escalation means now; "" where that
// does not change hands.
func (d *decision) wouldRing(terms Terms) string {
	if terms.Turn == nil {
		return ""
	}
	role := RoleOnCall
	if len(terms.Steps) > 0 {
		role = terms.Steps[0].Notify
	}
	person, _ := terms.Turn(role, d.now)
	return person
}

// weighs says whether an incident has rung somebody in this outage, or would if
// nobody had it: only then is taking it on an answer to a page.
func (d *decision) weighs(i Incident) bool {
	return i.rung() || d.terms(i).pages(i.Audience, i.Severity)
}

// rang says whether a page of this outage went to a person.
func (i Incident) rang(person string) bool { return len(i.pagesTo(person)) > 0 }

// grown tells whoever has the cause of an outage in hand that it has reached
// another service, because that may change what they do. It says who has the
// cause itself, or "".
func (d *decision) grown(i Incident, m Message) string {
	parent, ok := d.open(i.Parent)
	terms := d.terms(i)
	if !ok || i.Owner != "" || !terms.pages(i.Audience, i.Severity) {
		return ""
	}
	tell := func(person, what string) {
		d.queue(i.ID, Message{
			Kind: MessageUpdate, To: []Role{PersonRole(person)}, Ways: []string{WayPush, WayEmail}, Fallback: []string{WaySMS, WayVoice}, Urgent: true,
			Digest: parent.ID, News: what + "; " + m.News,
		})
	}
	if parent.Owner != "" {
		tell(parent.Owner, fmt.Sprintf("it comes from incident %d, which you have", parent.ID))
	}
	if owner := d.inHand(i, parent); owner != "" && owner != parent.Owner {
		tell(owner, fmt.Sprintf("it comes from incident %d as what you have does, so nobody else is rung", parent.ID))
	}
	return parent.Owner
}

// whyPaged says what a page is about besides the fault: why nobody has it any
// longer, and who has its cause.
func (d *decision) whyPaged(i Incident) string {
	news := cmp.Or(i.Ended, "nobody has acknowledged it yet")
	if parent, ok := d.open(i.Parent); ok && parent.Owner != "" {
		news += fmt.Sprintf("; %s has incident %d of %s, from which it comes", parent.Owner, parent.ID, parent.Service)
	}
	return news
}

// neighbours lets what comes from an incident ring, or not, and what comes from
// the same cause where that has changed hands.
func (d *decision) neighbours(id ID, hands bool) {
	d.replanChildren(id)
	if i, ok := d.state.Incident(id); ok && hands && i.Parent != 0 {
		d.replanChildren(i.Parent)
	}
}

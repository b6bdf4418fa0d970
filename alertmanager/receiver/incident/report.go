package incident

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// reported goes through a notification alert by alert and then says once what
// it comes to, so that one notification makes one message.
func (d *decision) reported(in Reported) {
	var touched []ID
	notes := map[ID]*news{}
	note := func(id ID) *news {
		if notes[id] == nil {
			notes[id] = &news{}
			touched = append(touched, id)
			if i, ok := d.state.Incident(id); ok {
				notes[id].severity = i.Severity
			}
		}
		return notes[id]
	}
	for _, a := range firingFirst(in.Alerts) {
		if a.Resolved {
			d.resolve(a, in.Why, note)
		} else {
			d.fire(a, in.Why, note)
		}
	}
	for _, a := range in.Alerts {
		if i, ok := d.state.latest(a.Key()); ok && i.Open() && i.Hidden[in.Group] != in.Truncated {
			note(i.ID)
			d.emit(Event{Incident: i.ID, Kind: KindHidden, Group: in.Group, Count: in.Truncated})
		}
	}
	for _, id := range touched {
		d.settle(id, *notes[id])
	}
}

// news is what a notification has brought to one incident.
type news struct {
	opened, reopened bool
	lifted           bool     // it has outlasted a maintenance window
	fired            []Alert  // not in doubt
	resolved         []Alert  //
	severity         Severity // before
}

// firingFirst makes the order of the alerts in a group irrelevant: what fires
// keeps an incident open in which another alert resolves.
func firingFirst(alerts []Alert) []Alert {
	sorted := slices.Clone(alerts)
	slices.SortStableFunc(sorted, func(a, b Alert) int {
		if a.Resolved != b.Resolved {
			if a.Resolved {
				return 1
			}
			return -1
		}
		return a.StartsAt.Compare(b.StartsAt)
	})
	return sorted
}

func (d *decision) fire(a Alert, why string, note func(ID) *news) {
	a.ReceivedAt = d.now
	i, ok := d.state.latest(a.Key())
	if ok {
		if n := i.find(a.Source, a.Fingerprint); n >= 0 {
			known := i.Alerts[n]
			switch {
			case a.StartsAt.Before(known.StartsAt) && i.Open() && !known.Resolved:
				return // it fires, and another member or server names another start
			case a.StartsAt.Before(known.StartsAt):
				a.DoubtedUntil = d.now.Add(d.policy.DoubtFor) // told late, or by a clock that is behind
			case i.Open() && !known.Resolved && a.StartsAt.Equal(known.StartsAt):
				d.changed(i, known, a)
				return
			case i.Open() && !known.Resolved:
				note(i.ID)
				d.emit(Event{Incident: i.ID, Kind: KindAlertFired, Alert: &a, Text: "fires with a new start"})
				return
			}
		}
	}
	if ended, known := d.state.Ended[a.Occurrence()]; known {
		if ended.Removed && !d.policy.Terms(a.Key().Service, a.Labels["team"]).Catalogued {
			return
		}
		if d.now.Sub(ended.At) < d.policy.DoubtWithin {
			a.DoubtedUntil = d.now.Add(d.policy.DoubtFor)
		}
	}
	d.attach(i, a, why, note)
}

// flaps is how often an incident is told at once to be back. After that it must
// stay for a while first, so that a fault that comes and goes a hundred times an
// hour does not make as many messages.
const flaps = 3

// attach adds an alert to the open incident of its key, or opens one.
func (d *decision) attach(i Incident, a Alert, why string, note func(ID) *news) {
	terms := d.policy.Terms(a.Key().Service, a.Labels["team"])
	switch {
	case i.ID != 0 && i.Open():
	case i.ID != 0 && d.now.Sub(i.Closed) < d.policy.ReopenWithin:
		if i.Reopened >= flaps {
			a.DoubtedUntil = later(a.DoubtedUntil, d.now.Add(d.policy.FlapFor))
		}
		d.emit(Event{Incident: i.ID, Kind: KindReopened})
		note(i.ID).reopened = true
	default:
		id := d.state.NextID
		d.emit(Event{Incident: id, Kind: KindOpened, Key: a.Key(), Team: terms.Team, Catalogued: terms.Catalogued})
		i.ID = id
		note(id).opened = true
	}
	n := note(i.ID)
	d.emit(Event{Incident: i.ID, Kind: KindAlertFired, Alert: &a, By: why})
	if a.counts(d.now) {
		n.fired = append(n.fired, a)
	}
}

// changed keeps the newest texts of an alert that fires on.
func (d *decision) changed(i Incident, known, a Alert) {
	if maps.Equal(known.Annotations, a.Annotations) {
		return
	}
	a.ReceivedAt, a.DoubtedUntil, a.SilencedBy = known.ReceivedAt, known.DoubtedUntil, known.SilencedBy
	d.emit(Event{Incident: i.ID, Kind: KindAlertChanged, Alert: &a})
	if a.counts(d.now) {
		d.comment(i.ID, a, MessageUpdate) // its texts name the run: another one has failed
	}
}

// resolve ends every occurrence of the alert that began before the end that
// is told: members of a cluster may name different starts for one alert. An
// end that lies before the start of what fires belongs to an earlier time.
func (d *decision) resolve(a Alert, why string, note func(ID) *news) {
	if a.EndsAt.IsZero() {
		a.EndsAt = d.now
	}
	i, ok := d.state.latest(a.Key())
	found := false
	if ok && i.Open() {
		for _, known := range i.Alerts {
			same := known.Source == a.Source && known.Fingerprint == a.Fingerprint
			if !same || known.Resolved || (a.EndsAt.Before(known.StartsAt) && !a.StartsAt.Equal(known.StartsAt)) {
				continue
			}
			known.Resolved, known.EndsAt = true, a.EndsAt
			n := note(i.ID)
			n.resolved = append(n.resolved, known)
			d.emit(Event{Incident: i.ID, Kind: KindAlertResolved, Alert: &known, Text: why})
			found = true
		}
	}
	if _, ended := d.state.Ended[a.Occurrence()]; !found && !ended {
		d.emit(Event{Kind: KindAlertEnded, Alert: &Alert{
			Source: a.Source, Fingerprint: a.Fingerprint, StartsAt: a.StartsAt, EndsAt: a.EndsAt, Resolved: true,
			Labels: a.Labels,
		}})
	}
}

// settle draws the conclusions of what a notification or the time has brought:
// severity, closing, messages, pages.
func (d *decision) settle(id ID, n news) {
	i, ok := d.open(id)
	if !ok {
		return
	}
	firing := i.Firing()
	if len(firing) == 0 && len(i.Hidden) == 0 {
		d.github(id, n)
		d.close(id, "all its alerts have resolved")
		return
	}
	worst := Severity("")
	for _, a := range firing {
		if a.counts(d.now) && a.Severity().Rank() < worst.Rank() {
			worst = a.Severity()
		}
	}
	if worst != i.Severity && worst != "" {
		d.emit(Event{Incident: id, Kind: KindSeverity, Severity: worst})
	}
	d.maintain(id, "")
	d.relate(id)
	if i, _ := d.state.Incident(id); worst != "" && !i.Withheld() {
		d.tell(id, n)
	}
	if worst != "" {
		d.github(id, n)
	}
	d.plan(id)
	d.neighbours(id, i.Owner != "" && worst != i.Severity)
}

// tell queues what the news is worth: nothing, or one message to those who
// look after the service and, when it got worse for users, one to the product
// manager.
func (d *decision) tell(id ID, n news) {
	i, _ := d.state.Incident(id)
	c := classOf(i.Audience, i.Severity)
	told := len(i.Told()) > 0 || d.pending(i)
	worse := i.Severity.Rank() < n.severity.Rank()
	better := n.severity != "" && i.Severity.Rank() > n.severity.Rank()
	m := Message{To: c.told, Ways: c.ways, News: n.sentence(i), Digest: i.Parent}
	switch {
	case !c.tells() && (!told || !better):
		return
	case !told && n.reopened:
		m.Kind = MessageReopened
	case !told:
		m.Kind = MessageOpened
	case n.worthTelling() || worse || better:
		m.Kind = MessageUpdate
	default:
		return
	}
	if !c.tells() {
		m.To, m.Ways = []Role{RoleTold}, []string{WayEmail}
	}
	if worse && n.severity != "" && d.rouses(i, n.severity) {
		m.Except = i.Owner
		d.queue(id, Message{Kind: m.Kind, To: []Role{RoleOwner}, Ways: c.ways, Fallback: []string{WaySMS, WayVoice}, Urgent: true, News: m.News})
	}
	if !told || (worse && n.severity != "" && !d.terms(i).pages(i.Audience, n.severity)) {
		if owner := d.grown(i, m); owner != "" {
			m.Except = owner
		}
	}
	d.queue(id, m)
	if c.tells() || i.toolsKnow() {
		d.tools(id, m.Kind, m.News)
	}
	if c.product && d.terms(i).ProductManager && (!told || worse) {
		d.tellProduct(i, m.Kind, m.News)
	}
}

// rouses says that an incident would ring now and did not before, were it not
// somebody's: that one must hear of it at any hour.
func (d *decision) rouses(i Incident, before Severity) bool {
	terms := d.terms(i)
	return i.Owner != "" && terms.pages(i.Audience, i.Severity) && !terms.pages(i.Audience, before)
}

func (d *decision) tellProduct(i Incident, kind MessageKind, news string) {
	d.queue(i.ID, Message{
		Kind: kind, To: []Role{RoleProductManager}, Ways: []string{WayEmail}, Fallback: []string{WayPush}, Digest: i.Parent,
		News: news, Next: d.now.Add(d.policy.ProductEvery),
	})
}

// worthTelling says whether a fault was added that people do not know of.
func (n news) worthTelling() bool {
	for _, a := range n.fired {
		if a.Severity() != SeverityInfo {
			return true
		}
	}
	return false
}

// sentence says what is new, for the first lines of an update.
func (n news) sentence(i Incident) string {
	var parts []string
	if n.lifted {
		parts = append(parts, "the maintenance is over, and it still fires")
	}
	if n.reopened {
		parts = append(parts, "it is back")
	}
	for _, a := range n.fired {
		parts = append(parts, a.Summary())
	}
	for _, a := range n.resolved {
		parts = append(parts, "ended: "+a.Summary())
	}
	if n.severity != "" && n.severity != i.Severity {
		parts = append(parts, fmt.Sprintf("now %s, was %s", i.Severity, n.severity))
	}
	const most = 5
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	return strings.Join(parts, "; ")
}

// github tells the pull request behind a failed pipeline, one message per
// pipeline and change.
func (d *decision) github(id ID, n news) {
	for _, a := range n.fired {
		d.comment(id, a, MessageOpened)
	}
	for _, a := range n.resolved {
		d.comment(id, a, MessageResolved)
	}
}

func (d *decision) comment(id ID, a Alert, kind MessageKind) {
	i, ok := d.state.Incident(id)
	if !ok || a.Name() != "PipelineFailed" || !d.terms(i).Comments[a.Labels["pipeline"]] {
		return
	}
	d.queue(id, Message{Kind: kind, To: []Role{RoleGitHub}, Ways: []string{WayGitHub}, About: a.Fingerprint, News: a.Summary()})
}

// later gives the later of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

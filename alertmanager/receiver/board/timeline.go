package board

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// line is an entry of the timeline.
type line struct {
	At   moment
	Day  string // where it differs from the entry above
	Text string
	Mark string // bad, good, told or quiet: how it is drawn
}

// mostNewest is how much of a long timeline is shown at once: on a phone the
// alerts stand below it.
const mostNewest = 20

// Newest is the part of the timeline that is shown at once.
func (v incidentView) Newest() []line { return v.Timeline[:min(len(v.Timeline), mostNewest)] }

// Earlier is the rest of it.
func (v incidentView) Earlier() []line { return v.Timeline[len(v.Newest()):] }

// alertView is one alert on the incident's page.
type alertView struct {
	Severity, Name, Summary, Description string
	Since, Ended                         moment
	Length                               string
	Labels                               []notify.Row
	Source                               string // link to the query
	Doubted                              bool
}

// messageView is one message to one recipient, or one that found nobody.
type messageView struct {
	At        moment
	Kind      string
	Recipient string
	Way       string
	State     string // sent, sending, failed, waiting or nobody
	Problem   string
	Urgent    bool
}

func (b *board) incidentView(r *http.Request, i incident.Incident, events []incident.Event) incidentView {
	zone := b.Desk.Zone(i.Team)
	v := incidentView{
		frame: b.frame(r, fmt.Sprintf("#%d %s: %s", i.ID, word(i), i.Service)), card: b.card(r, i), Hidden: i.Unseen(),
		Description: notify.Plain(i.Lead().Annotations["description"], 4000),
	}
	v.Live = true
	if i.Open() {
		v.Icon, v.People = icon(i.Severity), b.people(r, "")
	}
	if due := i.Paging.Due; i.Open() && !due.IsZero() && !i.Withheld() {
		next := b.moment(due, zone)
		v.NextPage = &next
	}
	for _, a := range i.Firing() {
		v.Firing = append(v.Firing, b.alert(i, a))
	}
	for _, a := range slices.Backward(i.Alerts) {
		if a.Resolved {
			v.Ended = append(v.Ended, b.alert(i, a))
		}
	}
	for _, e := range slices.Backward(events) {
		if text := b.describe(i, e); text != "" {
			entry := line{At: b.moment(e.At, zone), Text: text, Mark: mark(e)}
			if n := len(v.Timeline); n == 0 || v.Timeline[n-1].At.Day != entry.At.Day {
				entry.Day = entry.At.Day
			}
			v.Timeline = append(v.Timeline, entry)
		}
	}
	v.Messages = b.messages(i)
	return v
}

func (b *board) alert(i incident.Incident, a incident.Alert) alertView {
	zone := b.Desk.Zone(i.Team)
	v := alertView{
		Severity: string(a.Severity()), Name: a.Name(), Summary: notify.OneLine(a.Summary(), 300),
		Description: notify.Plain(a.Annotations["description"], 4000),
		Since:       b.moment(a.StartsAt, zone), Ended: b.moment(a.EndsAt, zone), Source: web(a.GeneratorURL),
		Doubted: a.DoubtedUntil.After(b.Now()),
	}
	if a.Resolved {
		v.Length = notify.Length(a.EndsAt.Sub(a.StartsAt))
	}
	for name, value := range a.Labels {
		v.Labels = append(v.Labels, notify.Row{Name: name, Value: value})
	}
	slices.SortFunc(v.Labels, func(x, y notify.Row) int { return strings.Compare(x.Name, y.Name) })
	return v
}

func (b *board) messages(i incident.Incident) []messageView {
	zone := b.Desk.Zone(i.Team)
	var list []messageView
	for _, m := range slices.Backward(i.Messages) {
		base := messageView{At: b.moment(m.At, zone), Kind: string(m.Kind), Urgent: m.Urgent}
		for _, d := range m.Deliveries {
			row := base
			row.At, row.Recipient, row.Way, row.State, row.Problem = b.moment(d.At, zone), b.name(d.Recipient), d.Way, string(d.State), cmp.Or(d.Problem, onItsWay(d))
			list = append(list, row)
		}
		for _, whom := range m.Unreached {
			row := base
			row.Recipient, row.State = b.whom(whom), "nobody"
			list = append(list, row)
		}
		if len(m.Deliveries)+len(m.Unreached) == 0 && i.Open() && !m.ForTools() { // a tool that it is not for gets nothing
			row := base
			row.Recipient, row.Way, row.State = b.roles(m.To), strings.Join(m.Ways, ", "), "waiting"
			list = append(list, row)
		}
	}
	return list
}

// onItsWay is how far a message is that has no end yet; "" for others.
func onItsWay(d incident.Delivery) string {
	switch {
	case d.State == incident.DeliveryDelivered:
		return ""
	case d.State == incident.DeliverySending && !d.HeldUntil.IsZero():
		return "gathered for a minute with what else comes of the cause"
	}
	return d.Progress.Words
}

// mark says how an event is drawn.
func mark(e incident.Event) string {
	switch e.Kind {
	case incident.KindOpened, incident.KindReopened, incident.KindAlertFired, incident.KindDeliveryFailed, incident.KindNobodyReached, incident.KindAlarmSilent:
		return "bad"
	case incident.KindOwnershipEnded, incident.KindSightLost:
		return "bad"
	case incident.KindAlertResolved, incident.KindClosed, incident.KindAcknowledged, incident.KindSnoozed, incident.KindReassigned, incident.KindSightRegained:
		return "good"
	case incident.KindDelivered, incident.KindPaged:
		return "told"
	case incident.KindReceipt:
		if e.Delivery.State == incident.DeliveryUndelivered {
			return "bad"
		}
	}
	return "quiet"
}

// describe puts an event into words; "" leaves it off the timeline, because
// another event says the same.
func (b *board) describe(i incident.Incident, e incident.Event) string {
	switch e.Kind {
	case incident.KindOpened:
		return "The incident opened"
	case incident.KindReopened:
		return "It is back: the incident is open again"
	case incident.KindClosed:
		return "Closed: " + e.Text
	case incident.KindSeverity:
		return "Severity is now " + string(e.Severity)
	case incident.KindAcknowledged, incident.KindSnoozed, incident.KindReassigned, incident.KindOwnerAsked, incident.KindOwnershipEnded:
		return b.describeOwner(i, e)
	case incident.KindNote:
		return fmt.Sprintf("%s: %s", b.name(e.Person), notify.Plain(e.Text, 4000))
	case incident.KindJoined, incident.KindLeft:
		return b.describeCause(e)
	case incident.KindAlertSilenced:
		return fmt.Sprintf("Silenced in Alertmanager (%s), so no phone rings for it – %s", notify.OneLine(e.Text, 200), notify.OneLine(e.Alert.Summary(), 300))
	case incident.KindAlertUnsilenced:
		return "No longer silenced – " + notify.OneLine(e.Alert.Summary(), 300)
	case incident.KindSightLost:
		return "Out of sight: " + notify.OneLine(e.Text, 300) + ". It stays open, because nobody can see whether it goes on"
	case incident.KindSightRegained:
		return "In sight again"
	case incident.KindHidden:
		if e.Count == 0 {
			return "Alertmanager shows the whole group again"
		}
		return fmt.Sprintf("Alertmanager left out %d alerts of the group: nothing closes until it shows them", e.Count)
	case incident.KindAlertFired, incident.KindAlertConfirmed, incident.KindAlertResolved:
		return describeAlert(e)
	case incident.KindAlarmSilent:
		return fmt.Sprintf("%s cannot be told to ring (%s): people here are paged in its place, whatever the hour", b.name(e.Person), notify.OneLine(e.Text, 300))
	case incident.KindPagePlanned, incident.KindPageCancelled, incident.KindPaged, incident.KindAlarmPlanned:
		return b.describePage(i, e)
	case incident.KindMaintenanceBegan, incident.KindMaintenanceChanged, incident.KindMaintenanceEnded, incident.KindMaintenanceLifted:
		return b.describeMaintenance(i, e)
	case incident.KindDelivered, incident.KindDeliveryFailed, incident.KindReceipt, incident.KindNobodyReached:
		return b.describeDelivery(i, e)
	case incident.KindAlertChanged, incident.KindAlertEnded, incident.KindMessageQueued, incident.KindDeliveryStarted:
	}
	return ""
}

// describeReceipt leaves off how far a text is on its way: the list of messages
// shows it. Who took a call is news.
func describeReceipt(e incident.Event, whom, kind string) string {
	d := e.Delivery
	switch {
	case d.State == incident.DeliveryDelivered && e.Text != "":
		return fmt.Sprintf("It arrived %s: %s has it by %s (%s)", e.Text, whom, d.Way, kind)
	case d.State == incident.DeliveryDelivered:
		return fmt.Sprintf("It arrived: %s has it by %s (%s)", whom, d.Way, kind)
	case d.State != incident.DeliveryUndelivered && (d.Way == incident.WayVoice || d.Progress.Last):
		return fmt.Sprintf("On its way to %s by %s (%s): %s", whom, d.Way, kind, d.Progress.Words)
	case d.State != incident.DeliveryUndelivered:
		return ""
	case d.Way == incident.WayVoice:
		return fmt.Sprintf("The call to %s (%s) came to nothing: %s", whom, kind, d.Problem)
	}
	return fmt.Sprintf("It did not arrive: %s by %s (%s): %s", whom, d.Way, kind, d.Problem)
}

func describeAlert(e incident.Event) string {
	text := fmt.Sprintf("%s: %s", e.Alert.Name(), notify.OneLine(e.Alert.Summary(), 300))
	switch {
	case e.Kind == incident.KindAlertResolved && e.Text != "":
		return "Ended – " + text + " (" + e.Text + ")"
	case e.Kind == incident.KindAlertResolved:
		return "Ended – " + text
	case e.Kind == incident.KindAlertConfirmed:
		return "Fires on – " + text
	case e.Alert.DoubtedUntil.After(e.At):
		return "Fires just after its end, perhaps told late – " + text
	case e.Text != "":
		return "Fires with a new start – " + text
	case e.By != "":
		return "Fires – " + text + " (" + e.By + ")"
	}
	return "Fires – " + text
}

func (b *board) describeOwner(i incident.Incident, e incident.Event) string {
	zone := b.Desk.Zone(i.Team)
	until := ""
	if !e.Due.IsZero() {
		until = " until " + b.shortMoment(e.Due, zone)
	}
	switch {
	case e.Kind == incident.KindSnoozed:
		return fmt.Sprintf("%s snoozed it%s, by %s", b.name(e.Person), until, e.Text)
	case e.Kind == incident.KindReassigned && e.Person == "":
		return fmt.Sprintf("%s gave it back, by %s: nobody owns it", b.name(e.By), e.Text)
	case e.Kind == incident.KindReassigned:
		return fmt.Sprintf("%s handed it to %s, by %s", b.name(e.By), b.name(e.Person), e.Text)
	case e.Kind == incident.KindOwnerAsked:
		return fmt.Sprintf("Asked %s to acknowledge again before %s", b.name(e.Person), b.moment(e.Due, zone).Clock)
	case e.Kind == incident.KindOwnershipEnded && e.Text != "":
		return fmt.Sprintf("It is no longer %s's: %s", b.name(e.Person), e.Text)
	case e.Kind == incident.KindOwnershipEnded:
		return fmt.Sprintf("The acknowledgement of %s has ended, and it still fires", b.name(e.Person))
	}
	return fmt.Sprintf("%s took it on, by %s", b.name(e.Person), e.Text)
}

func (b *board) describeCause(e incident.Event) string {
	by := "a service that it depends on"
	if e.Person != "" {
		by = "said by " + b.name(e.Person)
	}
	if e.Kind == incident.KindLeft {
		return fmt.Sprintf("Stands by itself again, no longer under incident %d (%s)", e.Parent, by)
	}
	return fmt.Sprintf("Comes from incident %d (%s): the phones ring for that one first", e.Parent, by)
}

func (b *board) describePage(i incident.Incident, e incident.Event) string {
	zone := b.Desk.Zone(i.Team)
	switch e.Kind {
	case incident.KindPagePlanned:
		return fmt.Sprintf("Phones ring at %s unless somebody acknowledges (step %d)", b.moment(e.Due, zone).Clock, e.Step+1)
	case incident.KindAlarmPlanned:
		if e.Due.IsZero() {
			return ""
		}
		return fmt.Sprintf("The team's own tools ring at %s, because nobody is paged here at that hour", b.moment(e.Due, zone).Clock)
	case incident.KindPageCancelled:
		return "No phone rings any more: " + e.Text
	}
	return fmt.Sprintf("Paging, step %d of the escalation", e.Step+1)
}

func (b *board) describeDelivery(i incident.Incident, e incident.Event) string {
	m, _ := i.Message(e.Delivery.Message)
	kind := kindWord(m.Kind)
	switch e.Kind {
	case incident.KindDelivered:
		return fmt.Sprintf("Told %s by %s (%s)", b.name(e.Delivery.Recipient), e.Delivery.Way, kind)
	case incident.KindReceipt:
		return describeReceipt(e, b.name(e.Delivery.Recipient), kind)
	case incident.KindDeliveryFailed:
		return fmt.Sprintf("Could not tell %s by %s (%s): %s", b.name(e.Delivery.Recipient), e.Delivery.Way, kind, e.Delivery.Problem)
	}
	return fmt.Sprintf("Reached nobody for %s (%s): %s", b.whom(e.Person), kind, e.Text)
}

func (b *board) describeMaintenance(i incident.Incident, e incident.Event) string {
	zone := b.Desk.Zone(i.Team)
	by := ""
	if e.Person != "" {
		by = ", by " + e.Person
	}
	switch e.Kind {
	case incident.KindMaintenanceBegan:
		return fmt.Sprintf("In maintenance until %s, so nobody is told: %s", b.shortMoment(e.Window.Until, zone), windowWords(*e.Window))
	case incident.KindMaintenanceChanged:
		return fmt.Sprintf("The maintenance now lasts until %s%s: %s", b.shortMoment(e.Window.Until, zone), by, windowWords(*e.Window))
	case incident.KindMaintenanceEnded:
		return fmt.Sprintf("The maintenance is over%s. What still fires at %s is told", by, b.moment(e.Due, zone).Clock)
	}
	return "It has outlasted the maintenance: people are told again"
}

// windowWords says what a window is for and whose it is.
func windowWords(w incident.Window) string {
	if w.Name != "" {
		return fmt.Sprintf("%s (%s)", notify.OneLine(w.Reason, 200), w.Name)
	}
	return fmt.Sprintf("%s (opened by %s)", notify.OneLine(w.Reason, 200), notify.OneLine(w.By, 100))
}

func kindWord(k incident.MessageKind) string {
	switch k {
	case incident.MessageOpened:
		return "first message"
	case incident.MessageReopened:
		return "it is back"
	case incident.MessageAcknowledged:
		return "somebody has it"
	case incident.MessageDisowned:
		return "nobody has it"
	case incident.MessageUpdate, incident.MessagePage, incident.MessageReminder, incident.MessageResolved, incident.MessageNote:
	}
	return string(k)
}

func (b *board) roles(roles []incident.Role) string {
	var words []string
	for _, role := range roles {
		if role != incident.RoleOwner { // nobody, or on call too
			words = append(words, b.whom(string(role)))
		}
	}
	return strings.Join(words, ", ")
}

// whom names a role or a person.
func (b *board) whom(text string) string {
	switch role := incident.Role(text); role {
	case incident.RoleOnCall:
		return "whoever is on call"
	case incident.RoleBackup:
		return "the backup"
	case incident.RoleManager:
		return "the manager"
	case incident.RoleTeam:
		return "the team"
	case incident.RoleProductManager:
		return "the product manager"
	case incident.RoleTold:
		return "everybody who was told"
	case incident.RoleGitHub:
		return "the pull request"
	case incident.RoleOwner:
		return "who acknowledged it"
	case incident.RoleTools:
		return "the team's tools"
	default:
		if person := role.Person(); person != "" {
			return b.name(person)
		}
	}
	return b.name(text)
}

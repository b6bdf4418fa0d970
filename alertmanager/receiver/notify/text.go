package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/inbound"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Text is a message in words, in no channel's format. All of it is one
// person's or one alert's plain text: nothing is escaped yet.
type Text struct {
	Subject string // one line: state, service, fault
	State   string // CRITICAL, WARNING, INFO or RESOLVED
	Lead    string // what a lock screen shows first
	Rows    []Row
	Alerts  []string // what fires, one line each, when there is more than one
	Links   []Link
}

// Row is a fact with its name.
type Row struct{ Name, Value string }

// Link is a named address, http or https.
type Link struct{ Name, URL string }

// mostAlerts is how many alerts a message lists; the board shows all.
const mostAlerts = 10

// Compose writes a message. Its first line says service, state, impact and
// since when; then what was measured against what, the likely cause and where
// to go.
func Compose(m Message) Text {
	if m.Said != nil {
		return *m.Said
	}
	i := m.Incident
	lead := i.Lead()
	if m.About.Fingerprint != "" {
		lead = m.About
	}
	t := Text{State: state(m), Lead: OneLine(leadLine(m, lead), 700)}
	t.Subject = OneLine(subject(m, t.State, lead), 150)
	t.Rows = rows(m, lead)
	t.Alerts = alertLines(m)
	t.Links = links(m, lead)
	if i.Drill {
		t.Subject, t.Lead = OneLine("DRILL – "+t.Subject, 150), "This is a drill: nothing is broken. "+t.Lead
	}
	return t
}

// standing is a message that says how the incident is now, whatever m tells of
// it.
func standing(m Message) Message {
	m.News, m.About = "", incident.Alert{}
	switch {
	case !m.Incident.Open():
		m.Kind = incident.MessageResolved
		m.News = m.Incident.ClosedBy
	case m.Owner != "":
		m.Kind = incident.MessageAcknowledged
	default:
		m.Kind = incident.MessageOpened
	}
	return m
}

// acknowledgement says who has the incident, and since when or how.
func acknowledgement(m Message) string {
	return sentence(cmp.Or(m.Owner, "Somebody") + " " + m.News)
}

func state(m Message) string {
	if m.Kind == incident.MessageResolved {
		return "RESOLVED"
	}
	return strings.ToUpper(string(m.Incident.Severity))
}

func subject(m Message, state string, lead incident.Alert) string {
	service := m.Incident.Service
	what := lead.Summary()
	if !strings.Contains(what, service) {
		what = service + ": " + what
	}
	switch m.Kind {
	case incident.MessageResolved:
		if m.Incident.Open() {
			return fmt.Sprintf("%s: %s", state, what)
		}
		return fmt.Sprintf("%s after %s: %s", state, Length(m.Incident.Closed.Sub(m.Incident.Began())), what)
	case incident.MessageUpdate:
		if m.News != "" {
			return fmt.Sprintf("%s (update): %s: %s", state, service, m.News)
		}
		return fmt.Sprintf("%s (update): %s", state, what)
	case incident.MessageReopened:
		return fmt.Sprintf("%s (again): %s", state, what)
	case incident.MessagePage:
		if n := len(m.Also); n > 0 {
			what = fmt.Sprintf("%s (and %d more)", what, n)
		}
		return fmt.Sprintf("%s – PLEASE ACKNOWLEDGE: %s", state, what)
	case incident.MessageReminder:
		return fmt.Sprintf("%s (still, for %s): %s", state, Length(m.At.Sub(m.Incident.Began())), what)
	case incident.MessageAcknowledged:
		return fmt.Sprintf("%s (%s has it): %s", state, m.Owner, what)
	case incident.MessageAssigned:
		return fmt.Sprintf("%s (handed to you): %s", state, what)
	case incident.MessageDisowned:
		return fmt.Sprintf("%s (nobody has it): %s", state, what)
	case incident.MessageNote:
		return fmt.Sprintf("%s (note): %s", state, what)
	case incident.MessageOpened, incident.MessageTest, incident.MessageShift:
	}
	if n := len(m.Also); n > 0 {
		what = fmt.Sprintf("%s (and %d more)", what, n)
	}
	return fmt.Sprintf("%s: %s", state, what)
}

func leadLine(m Message, lead incident.Alert) string {
	i := m.Incident
	impact := OneLine(lead.Annotations["impact"], 300)
	if i.Drill {
		impact = "" // that nothing is broken is said before
	}
	if m.Kind == incident.MessageResolved && i.Open() && m.About.Fingerprint == "" {
		return sentence(fmt.Sprintf("%s had recovered at %s, and it is back", i.Service, Clock(m.At, m.Zone)))
	}
	if m.Kind == incident.MessageResolved && i.Drill {
		return "It is over, after " + Length(i.Closed.Sub(i.Began())) + "."
	}
	if m.Kind == incident.MessageResolved {
		return sentence(fmt.Sprintf("%s has recovered. It lasted %s, from %s to %s", i.Service,
			Length(i.Closed.Sub(i.Began())), Clock(i.Began(), m.Zone), Clock(i.Closed, m.Zone)))
	}
	line := sentence(lead.Summary()) + " " + sentence(impact)
	return strings.TrimSpace(line) + " Since " + Clock(i.Began(), m.Zone) + "."
}

// described is what the description of an alert is: what others say, and what a
// drill says, was not measured.
func described(i incident.Incident, lead incident.Alert) string {
	if i.Drill || lead.Name() == inbound.AlertName {
		return "Details"
	}
	return "Measured"
}

func rows(m Message, lead incident.Alert) []Row {
	var rows []Row
	add := func(name, value string) {
		if value = strings.TrimSpace(Plain(value, 2000)); value != "" {
			rows = append(rows, Row{name, value})
		}
	}
	if m.Kind != incident.MessageOpened && m.Kind != incident.MessageResolved {
		add("New", OneLine(m.News, 1000))
	}
	if m.Kind == incident.MessageResolved {
		add("Why", m.News)
		add("What it was", sentence(lead.Summary()))
	}
	add(described(m.Incident, lead), lead.Annotations["description"])
	add("Likely cause", Cause(m.Incident, lead))
	if m.Kind != incident.MessageResolved {
		add("In maintenance", strings.Join(m.Works, "\n"))
	}
	add("Also affected", alsoAffected(m.Also))
	if m.Owner != "" {
		add("Acknowledged by", m.Owner+" at "+Clock(m.Incident.Acknowledged, m.Zone))
	}
	if n := m.Incident.Unseen(); n > 0 {
		add("Not shown", fmt.Sprintf("Alertmanager left out %d more alerts", n))
	}
	add("Incident", fmt.Sprintf("#%d, %s, team %s", m.Incident.ID, m.Incident.Audience, m.Incident.Team))
	return rows
}

// alsoAffected names the services of other incidents, some of many.
func alsoAffected(others []incident.Incident) string {
	const most = 20
	var names []string
	for _, i := range others {
		if !slices.Contains(names, i.Service) {
			names = append(names, i.Service)
		}
	}
	text := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	if len(names) > 1 {
		text = fmt.Sprintf("%d services: %s", len(names), text)
	}
	return text
}

// Cause names the dependencies that alerts of the incident carry, unless the
// description does so itself.
func Cause(i incident.Incident, lead incident.Alert) string {
	if text := lead.Annotations["cause"]; text != "" {
		return text
	}
	if strings.Contains(strings.ToLower(lead.Annotations["description"]), "likely cause") {
		return ""
	}
	var named []string
	for _, a := range i.Firing() {
		if d := a.Labels["dependency"]; d != "" && !strings.Contains(strings.Join(named, "\n"), d) {
			named = append(named, d)
		}
	}
	if len(named) == 0 {
		return ""
	}
	return strings.Join(named, ", ") + ", on which it depends"
}

func alertLines(m Message) []string {
	firing := m.Incident.Firing()
	if m.Kind == incident.MessageResolved || m.About.Fingerprint != "" || len(firing) < 2 {
		return nil
	}
	var lines []string
	for n, a := range firing {
		if n == mostAlerts {
			lines = append(lines, fmt.Sprintf("and %d more on the board", len(firing)-mostAlerts))
			break
		}
		lines = append(lines, fmt.Sprintf("%s: %s (since %s)", a.Severity(), OneLine(a.Summary(), 200), Clock(a.StartsAt, m.Zone)))
	}
	return lines
}

func links(m Message, lead incident.Alert) []Link {
	var links []Link
	add := func(name, url string) {
		if strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") {
			links = append(links, Link{name, OneLine(url, 2000)})
		}
	}
	if m.Kind != incident.MessageResolved {
		add("Acknowledge", m.AcknowledgeURL)
	}
	add("Incident", m.Board)
	add("Runbook", lead.Annotations["runbook_url"])
	add("Dashboard", lead.Annotations["dashboard_url"])
	return links
}

// Clock is a time as the reader's clock shows it, with the zone.
func Clock(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("Mon 2 Jan 15:04:05 MST")
}

// Length is a duration in words people use, exact to the second below an hour.
func Length(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case hours >= 48:
		return fmt.Sprintf("%d days %d h", hours/24, hours%24)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0 && seconds > 0:
		return fmt.Sprintf("%d min %d s", minutes, seconds)
	case minutes > 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d s", seconds)
}

// OneLine makes somebody else's text safe for one line: no control or
// direction-changing characters, no runs of white space, at most most runes.
func OneLine(text string, most int) string {
	return Plain(strings.Join(strings.Fields(text), " "), most)
}

// Plain takes control characters and those that turn the reading direction
// out of a text, and shortens it; line ends stay.
func Plain(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "…") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

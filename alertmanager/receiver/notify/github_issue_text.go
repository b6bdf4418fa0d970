package notify

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// issueLimit is GitHub's, in characters.
const issueLimit = 65536

// body is our text, our mark, and what people wrote below it.
func (w *issueWriter) body(kept string) string {
	text, end := issueText(w.m), "\n"+w.mark("issue")+kept
	if room := issueLimit - utf8.RuneCountInString(end); utf8.RuneCountInString(text) > room {
		text = string([]rune(text)[:max(room, 0)])
	}
	return text + end
}

func issueTitle(m Message) string {
	m.Kind, m.News = incident.MessageOpened, ""
	t := Compose(m)
	return neutral(strings.TrimPrefix(t.Subject, t.State+": "))
}

func issueText(m Message) string {
	now := standing(m)
	t := Compose(now)
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** %s\n\n", prose(t.State, 20), prose(t.Lead, 700))
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "- **%s:** %s\n", row.Name, prose(row.Value, 1000))
	}
	if m.Incident.Open() && m.Owner == "" {
		b.WriteString("- **Owner:** nobody yet\n")
	}
	if len(t.Alerts) > 0 {
		b.WriteString("\nFiring:\n\n")
	}
	for _, line := range t.Alerts {
		b.WriteString("- " + prose(line, 300) + "\n")
	}
	var links []string
	for _, l := range t.Links {
		if l.Name != "Acknowledge" {
			links = append(links, link(l.Name, l.URL))
		}
	}
	if len(links) > 0 {
		b.WriteString("\n" + strings.Join(links, " · ") + "\n")
	}
	b.WriteString("\n<sub>Tocsin keeps this text up to date. What you write below it stays.</sub>\n")
	return b.String()
}

// issueNews is what a comment says, or nothing: a page that repeats a step of
// the escalation is no news.
func issueNews(m Message) string {
	at := "**" + Clock(m.At, m.Zone) + "** "
	switch m.Kind {
	case incident.MessageUpdate, incident.MessageReminder, incident.MessageDisowned, incident.MessageNote:
		if m.News != "" {
			return at + prose(sentence(m.News), 2000)
		}
	case incident.MessageReopened:
		return at + prose(Compose(m).Lead, 700)
	case incident.MessagePage:
		if newStep(m) {
			return at + "The phone rings: " + prose(sentence(m.News), 500)
		}
	case incident.MessageAcknowledged:
		return at + prose(acknowledgement(m), 500)
	case incident.MessageResolved:
		if !m.Incident.Closed.IsZero() {
			return at + prose(Compose(m).Lead+" "+sentence(m.News), 1000)
		}
	case incident.MessageOpened, incident.MessageAssigned:
	}
	return ""
}

package notify

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Slack's limits, in characters: see https://docs.slack.dev/reference/block-kit/.
const (
	slackLongest     = 3000 // of a text
	slackHeader      = 150
	slackField       = 1000 // half of what is allowed, because all blocks together have a limit too
	slackMostFields  = 10
	slackLongestLink = 3000
)

// The buttons that act; the callback understands them.
const (
	SlackAcknowledge = "tocsin_acknowledge"
	SlackSnooze      = "tocsin_snooze"
)

// slackBlock is one block of a message. Whatever comes from an alert stands in
// plain text, in which Slack sees no formatting, no link and nobody's name.
type slackBlock struct {
	Type     string         `json:"type"`
	Text     *slackText     `json:"text,omitempty"`
	Fields   []*slackText   `json:"fields,omitempty"`
	Elements []slackElement `json:"elements,omitempty"`
}

// slackText is a text object.
type slackText struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji *bool  `json:"emoji,omitempty"`
}

// slackElement is a button, a menu, or a text in the context.
type slackElement struct {
	Type        string        `json:"type"`
	Text        any           `json:"text,omitempty"` // a text object, or the text itself in the context
	Emoji       *bool         `json:"emoji,omitempty"`
	ActionID    string        `json:"action_id,omitempty"`
	Value       string        `json:"value,omitempty"`
	URL         string        `json:"url,omitempty"`
	Style       string        `json:"style,omitempty"`
	Placeholder *slackText    `json:"placeholder,omitempty"`
	Options     []slackOption `json:"options,omitempty"`
}

type slackOption struct {
	Text  *slackText `json:"text"`
	Value string     `json:"value"`
}

// slackEscape writes a text for Slack, which reads three characters as its own
// wherever they stand. It cuts so that the result is not longer than most.
func slackEscape(text string, most int) string {
	var escaped strings.Builder
	length := 0
	for _, r := range Plain(text, most) {
		written := string(r)
		switch r {
		case '&':
			written = "&amp;"
		case '<':
			written = "&lt;"
		case '>':
			written = "&gt;"
		}
		if length += utf8.RuneCountInString(written); length >= most {
			return escaped.String() + "…"
		}
		escaped.WriteString(written)
	}
	return escaped.String()
}

func slackPlain(text string, most int) *slackText {
	never := false
	return &slackText{Type: "plain_text", Text: slackEscape(text, most), Emoji: &never}
}

func slackFallback(m Message) string {
	t := Compose(standing(m))
	return slackEscape(t.Subject+"\n"+t.Lead, slackLongest)
}

// slackSign shows the state beside its word.
func slackSign(m Message) string {
	switch {
	case m.Kind == incident.MessageResolved:
		return "✅ "
	case m.Owner != "":
		return "👤 "
	case m.Incident.Severity == incident.SeverityCritical:
		return "🔴 "
	}
	return "🟠 "
}

// blocks is the incident's message.
func (s *slackAPI) blocks(m Message) []slackBlock {
	now := standing(m)
	t := Compose(now)
	blocks := []slackBlock{
		{Type: "header", Text: slackPlain(slackSign(now)+t.Subject, slackHeader)},
		{Type: "section", Text: slackPlain(t.Lead, slackLongest)},
	}
	for fields := range slices.Chunk(slackFields(now, t), slackMostFields) {
		blocks = append(blocks, slackBlock{Type: "section", Fields: fields})
	}
	if len(t.Alerts) > 0 {
		blocks = append(blocks, slackBlock{Type: "section", Text: slackPlain("Firing:\n"+strings.Join(t.Alerts, "\n"), slackLongest)})
	}
	if actions := s.actions(now, t); len(actions) > 0 {
		blocks = append(blocks, slackBlock{Type: "actions", Elements: actions})
	}
	return append(blocks, slackBlock{Type: "context", Elements: []slackElement{slackContext(now)}})
}

// slackFields are the rows of a text, two fields each: its name, which is ours,
// and what it says.
func slackFields(m Message, t Text) []*slackText {
	var fields []*slackText
	add := func(name, value string) {
		fields = append(fields, &slackText{Type: "mrkdwn", Text: "*" + name + "*"}, slackPlain(value, slackField))
	}
	for _, row := range t.Rows {
		if row.Name != "Incident" && row.Name != "Acknowledged by" {
			add(row.Name, row.Value)
		}
	}
	if m.Incident.Open() {
		add("Owner", slackOwner(m))
	}
	return fields
}

func slackOwner(m Message) string {
	if m.Owner == "" {
		return "nobody yet"
	}
	text := m.Owner
	if !m.Incident.Acknowledged.IsZero() {
		text += ", since " + Clock(m.Incident.Acknowledged, m.Zone)
	}
	if until := m.Incident.OwnedUntil; !until.IsZero() {
		text += ", asked again " + Clock(until, m.Zone)
	}
	return text
}

func slackContext(m Message) slackElement {
	never := false
	i := m.Incident
	text := fmt.Sprintf("Incident %d · %s · team %s · opened %s", i.ID, i.Audience, i.Team, Clock(i.Opened, m.Zone))
	if i.Reopened > 0 {
		text += fmt.Sprintf(" · came back %s", times(i.Reopened))
	}
	return slackElement{Type: "plain_text", Text: slackEscape(text, slackField), Emoji: &never}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// actions are the buttons: those that act while there is something to do and
// Slack's answers can be told from anybody's, and the links.
func (s *slackAPI) actions(m Message, t Text) []slackElement {
	var buttons []slackElement
	if ref := SlackRef(m.Incident.ID, m.Board); m.Incident.Open() && s.spec.SigningSecretFile != "" {
		acknowledge := slackElement{Type: "button", Text: slackPlain("Acknowledge", 75), ActionID: SlackAcknowledge, Value: ref}
		if m.Owner == "" {
			acknowledge.Style = "primary"
		}
		snooze := slackElement{Type: "static_select", ActionID: SlackSnooze, Placeholder: slackPlain("Snooze …", 150)}
		for _, choice := range []struct {
			minutes int
			text    string
		}{{30, "for 30 min"}, {60, "for 1 h"}, {240, "for 4 h"}} {
			snooze.Options = append(snooze.Options, slackOption{Text: slackPlain(choice.text, 75), Value: fmt.Sprintf("%d %s", choice.minutes, ref)})
		}
		buttons = append(buttons, acknowledge, snooze)
	}
	for _, named := range []struct{ link, button string }{{"Runbook", "Runbook"}, {"Dashboard", "Dashboard"}, {"Incident", "Board"}} {
		n := slices.IndexFunc(t.Links, func(l Link) bool { return l.Name == named.link })
		if n >= 0 && utf8.RuneCountInString(t.Links[n].URL) <= slackLongestLink {
			buttons = append(buttons, slackElement{Type: "button", Text: slackPlain(named.button, 75), ActionID: "tocsin_link_" + strings.ToLower(named.button), URL: t.Links[n].URL})
		}
	}
	return buttons
}

// SlackRef names an incident to the callback, together with the address of its
// page, so that the buttons of another receiver's messages do nothing here.
func SlackRef(id incident.ID, page string) string {
	sum := sha256.Sum256([]byte(page))
	return fmt.Sprintf("%d.%x", id, sum[:6])
}

// slackNewsLine is what a reply says.
func slackNewsLine(m Message) string {
	t := Compose(m)
	switch m.Kind {
	case incident.MessageAcknowledged:
		return acknowledgement(m)
	case incident.MessageResolved:
		return t.Lead + " This thread is closed: a new fault within half an hour is told here, a later one is another incident."
	case incident.MessagePage:
		return "The phone rings: " + sentence(m.News)
	case incident.MessageReopened:
		return t.Subject + "\n" + t.Lead
	case incident.MessageNote:
		return m.News
	case incident.MessageOpened, incident.MessageUpdate, incident.MessageReminder, incident.MessageAssigned, incident.MessageDisowned:
	}
	return sentence(m.News)
}

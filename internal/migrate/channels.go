package migrate

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// channel is a way in which a source tells people.
type channel struct {
	team  *Team
	kind  string // as the source calls it
	name  string // for people
	owner *tree.Value
}

// has says that the team has a channel of the kind already, which is reported:
// the catalogue has one of each.
func (in *intake) has(c channel, kind string) bool {
	if _, has := c.team.Channels.values[kind]; !has {
		return false
	}
	in.leave(c.owner, c.name, "the team %s has another channel of the kind %s, and a team has one of each", c.team.Name, kind)
	return true
}

func (in *intake) slack(c channel, webhook *tree.Value, room string) {
	if !in.has(c, "slack") {
		in.slackOf(c, in.secret(webhook, "the Slack webhook of "+c.name, "slack", c.name), room)
	}
}

func (in *intake) slackOf(c channel, webhook *Secret, room string) {
	if room == "" {
		room = "#" + named(c.team.Name)
		in.report.add(ToDo, c.owner.At, c.name, "", "the input does not say to which Slack channel the webhook posts: put its name in the place of %q", room)
	}
	if !strings.HasPrefix(room, "#") && !strings.HasPrefix(room, "@") {
		room = "#" + room
	}
	c.team.Channels.set("slack", settings("channel", room, "webhook_file", webhook))
}

func (in *intake) teams(c channel, webhook *tree.Value) {
	if !in.has(c, "teams") {
		c.team.Channels.set("teams", settings("webhook_file", in.secret(webhook, "the Teams webhook of "+c.name, "teams", c.name)))
	}
}

func (in *intake) pagerDuty(c channel, key *tree.Value) {
	if !in.has(c, "pagerduty") {
		c.team.Channels.set("pagerduty", settings("routing_key_file", in.secret(key, "the PagerDuty routing key of "+c.name, "pagerduty", c.name)))
	}
}

func (in *intake) victorOps(c channel, key *tree.Value, routing string) {
	if !in.has(c, "victorops") {
		c.team.Channels.set("victorops", settings("api_key_file", in.secret(key, "the Splunk On-Call key of "+c.name, "victorops", c.name), "routing_key", routing))
	}
}

// mail gives a team mail addresses, added to those that it has.
func (in *intake) mail(team *Team, addresses []string, at tree.Position) {
	email := team.Channels.values["email"]
	known, _ := email.(*Settings)
	if known == nil {
		known = settings()
	}
	to, _ := known.values["to"].([]string)
	for _, address := range addresses {
		address = strings.TrimSpace(address)
		parsed, err := mail.ParseAddress(address)
		switch {
		case address == "" || err == nil && slices.Contains(to, parsed.Address):
		case err != nil:
			in.report.add(LeftOut, at, team.Name, "", "%q is no mail address", address)
		default:
			to = append(to, parsed.Address)
		}
	}
	known.set("to", to)
	team.Channels.set("email", known)
}

// bare is a mail address without the name in front of it.
func bare(address string) string {
	if parsed, err := mail.ParseAddress(address); err == nil {
		return parsed.Address
	}
	return strings.Trim(address, `"`)
}

// relay is the mail relay, the first that some source names.
func (in *intake) relay(host, port, from, username string, password *Secret) {
	if in.estate.smtp != nil || host == "" {
		return
	}
	if port == "" || port == "0" {
		port = "587"
	}
	s := settings("host", host+":"+port, "from", from)
	if username != "" && password != nil {
		s.set("username", username)
		s.set("password_file", password)
	}
	if port == "465" {
		s.set("tls", "tls")
	}
	in.estate.smtp = s
}

// noChannel reports a way of telling people that Tocsin does not have.
func (in *intake) noChannel(c channel) {
	in.leave(c.owner, c.name, "%s", fmt.Sprintf("Tocsin has no channel of the kind %s (a team has slack, teams, email, github, pagerduty and victorops; people have push, sms, voice and email in their contacts)", c.kind))
}

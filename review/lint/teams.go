package lint

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// teams checks that each team that owns something can hear of it.
func teams(in Input) []Finding {
	c := in.Catalog
	var findings []Finding
	for _, name := range sorted(c.Teams) {
		team := c.Teams[name]
		if len(services(c, name)) == 0 && name != c.Monitoring.Team && name != c.Monitoring.FallbackTeam {
			continue
		}
		findings = append(findings, slackBot(name, team)...)
		if team.Channels == (catalog.Channels{}) {
			findings = append(findings, Finding{Warning, fmt.Sprintf("teams.%s.channels: no channel, so nobody reads its warnings", name)})
		}
		if paged := paging(c, name); len(paged) > 0 {
			findings = append(findings, ringing(team, paged[0])...)
		}
	}
	return orGood(findings, fmt.Sprintf("%d can be told", len(c.Teams)))
}

// ringing looks at whose phones ring for a team's outage.
func ringing(team *catalog.Team, service string) []Finding {
	text := ""
	tool := ringsByItself(team.Channels)
	switch {
	case team.Rota == "" && len(team.Members) == 0 && tool != "":
		text = "no rota and no members, so only " + tool + " rings for an outage of %s: when it refuses the page or cannot be told, Tocsin has nobody to page in its place (give members, or a rota)"
	case team.Rota == "" && len(team.Members) == 0:
		text = "no rota and no members, so an outage of %s pages nobody (page: never says that this is meant)"
	case team.Escalation == "":
		text = "no escalation, so an outage of %s is told by push and e-mail only, and nobody comes after whoever does not answer"
	case team.Rota == "":
		text = "no rota, so an outage of %s pages all members at once"
	default:
		return nil
	}
	return []Finding{{Warning, fmt.Sprintf("teams.%s: "+text, team.Name, service)}}
}

// ringsByItself is the team's tool that phones people by a rota of its own, or
// "".
func ringsByItself(of catalog.Channels) string {
	switch {
	case of.PagerDuty != nil:
		return "PagerDuty"
	case of.VictorOps != nil:
		return "Splunk On-Call"
	}
	return ""
}

// slackBot looks at a channel that a bot writes to: it has one sender, and
// buttons.
func slackBot(name string, team *catalog.Team) []Finding {
	slack := team.Channels.Slack
	if !slack.Bot() {
		return nil
	}
	place := fmt.Sprintf("teams.%s.channels.slack", name)
	var findings []Finding
	if slack.WebhookFile != "" {
		findings = append(findings, Finding{Warning, place + ".webhook_file: not used, because the bot writes to the channel (take one of the two out)"})
	}
	if slack.SigningSecretFile == "" {
		findings = append(findings, Finding{Warning, place + ".signing_secret_file is not given: the message has no buttons to acknowledge and snooze"})
	}
	return findings
}

// services are the names of what the team owns.
func services(c *catalog.Catalog, team string) []string {
	var names []string
	for _, name := range sorted(c.Services) {
		if c.Services[name].Team == team {
			names = append(names, name)
		}
	}
	return names
}

// paging are those of them whose outage should phone somebody.
func paging(c *catalog.Catalog, team string) []string {
	var names []string
	for _, name := range services(c, team) {
		if c.Services[name].Page != catalog.PageNever {
			names = append(names, name)
		}
	}
	return names
}

func loopback(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(parsed.Hostname())
	return parsed.Hostname() == "localhost" || (err == nil && ip.IsLoopback())
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

package notify

import (
	"errors"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Tools are the rows of the table that a team has among its channels; none for
// a team that is not there.
func Tools(team *catalog.Team) []Kind {
	if team == nil {
		return nil
	}
	var tools []Kind
	for _, kind := range Kinds() {
		if kind.Tool != nil && kind.Tool(team.Channels) {
			tools = append(tools, kind)
		}
	}
	return tools
}

// Place is the recipient that stands for a team's tool.
func Place(way, team string) string { return way + "/" + team }

// PlaceName is what people call a place; a person's id stays as it is.
func PlaceName(recipient string) string {
	way, name, _ := strings.Cut(recipient, "/")
	words, known := map[string]string{
		"pipeline": "the pull request of", incident.WayPagerDuty: "PagerDuty of", incident.WayVictorOps: "Splunk On-Call of",
		incident.WayWebhook: "the webhook of", incident.WaySlack: "the Slack channel of", incident.WayIssue: "the issue for",
	}[way]
	if !incident.IsPlace(recipient) || !known {
		return recipient
	}
	return words + " " + name
}

// teamOf is the team of a place.
func teamOf(place string) string {
	_, team, _ := strings.Cut(place, "/")
	return team
}

// perTeam makes what a tool needs of each team that has it. The path given to
// one is that of the team's channels; its second result is false for a team
// that does not have the tool.
func perTeam[T any](c *catalog.Catalog, one func(path string, of catalog.Channels) (T, bool, error)) (map[string]T, error) {
	teams := map[string]T{}
	var problems []error
	for name, team := range c.Teams {
		made, has, err := one("teams."+name+".channels", team.Channels)
		if err != nil {
			problems = append(problems, err)
		}
		if has {
			teams[name] = made
		}
	}
	return teams, errors.Join(problems...)
}

// firstHere says whether nothing was tried before for the incident and the
// place, so that nothing can be there.
func firstHere(m Message) bool {
	for _, other := range m.Incident.Messages {
		for _, d := range other.Deliveries {
			if d.Recipient == m.To.ID && d.Message != m.Number {
				return false
			}
		}
	}
	return m.Attempt <= 1
}

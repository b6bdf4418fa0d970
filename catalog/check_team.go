package catalog

import (
	"time"
)

func (c *checker) checkHours() {
	for name, hours := range c.Hours {
		path := below("hours", name)
		if _, err := parseDays(hours.Days); err != nil && hours.Days != "" {
			c.add(below(path, "days"), "%v", err)
		}
		if _, err := parseTimes(hours.Times); err != nil && hours.Times != "" {
			c.add(below(path, "times"), "%v", err)
		}
		c.checkZone(below(path, "timezone"), hours.Timezone)
		for i, calendar := range hours.Holidays {
			known(c, at(below(path, "holidays"), i), "calendar", calendar, calendars())
		}
		c.distinct(below(path, "holidays"), hours.Holidays)
	}
}

// checkZone wants a name of the IANA database; "Local" would mean another one
// on each machine.
func (c *checker) checkZone(path, zone string) {
	if zone == "" {
		return
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		c.add(path, "unknown timezone %s (want a name such as Europe/London or UTC)", clipped(zone))
	}
}

func (c *checker) checkPeople() {
	for id, person := range c.People {
		path := below(below("people", id), "prefer")
		for i, way := range person.Prefer {
			if _, err := choice(way, Ways()...); err != nil {
				c.add(at(path, i), "%v", err)
			}
		}
		c.distinct(path, person.Prefer)
	}
}

func (c *checker) checkTeams() {
	for name, team := range c.Teams {
		path := below("teams", name)
		allKnown(c, below(path, "members"), "person", team.Members, c.People)
		known(c, below(path, "product_manager"), "person", team.ProductManager, c.People)
		known(c, below(path, "manager"), "person", team.Manager, c.People)
		known(c, below(path, "rota"), "rota", team.Rota, c.Rotas)
		known(c, below(path, "hours"), "hours", team.Hours, c.Hours)
		known(c, below(path, "channel_hours"), "hours", team.ChannelHours, c.Hours)
		if team.Page == PageOfficeHours && team.Hours == "" {
			c.add(below(path, "page"), "there are no office hours (define hours.%s, or name others in %s)", defaultHours, below(path, "hours"))
		}
		c.checkChannels(below(path, "channels"), &team.Channels)
		c.checkChannels(below(path, "product_channels"), team.ProductChannels)
		c.checkAnswers(below(path, "channels"), &team.Channels)
		c.checkNoTools(below(path, "product_channels"), team.ProductChannels)
		if known(c, below(path, "escalation"), "escalation", team.Escalation, c.Escalations) {
			c.checkReach(below(path, "escalation"), team)
		}
	}
}

// checkReach notes each step of a team's escalation that reaches nobody.
func (c *checker) checkReach(path string, team *Team) {
	for i, step := range c.Escalations[team.Escalation].Steps {
		if lacks := c.lacks(team, step.Notify); lacks != "" {
			c.add(path, "step %d of %q (notify: %s) reaches nobody: %s", i+1, team.Escalation, step.Notify, lacks)
		}
	}
}

// lacks says what the team would need for a role, or nothing.
func (c *checker) lacks(team *Team, role string) string {
	rota, hasRota := c.Rotas[team.Rota]
	if (role == RoleOnCall || role == RoleBackup) && !hasRota {
		if team.Rota != "" {
			return "" // unknown, which is noted already
		}
		return "the team has no rota"
	}
	switch {
	case role == RoleBackup && len(rota.Backup) == 0:
		return `the rota "` + team.Rota + `" has no backup`
	case role == RoleManager && team.Manager == "":
		return "the team has no manager"
	case role == RoleTeam && len(team.Members) == 0:
		return "the team has no members"
	}
	return ""
}

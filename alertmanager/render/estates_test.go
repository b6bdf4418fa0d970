package render_test

import (
	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// options are those of a catalogue in /srv/tocsin, rendered beside it.
func options() render.Options {
	return render.Options{Source: "tocsin.yml", Catalogue: "/srv/tocsin", Output: "/srv/tocsin/alertmanager"}
}

// minimal has one team without any channel, no relay and no receiver.
func minimal() *catalog.Catalog {
	return &catalog.Catalog{Spec: catalog.Spec{
		Monitoring: catalog.Monitoring{Team: "only", FallbackTeam: "only"},
		Teams:      map[string]*catalog.Team{"only": {Name: "only"}},
	}}
}

// ministry is five teams as a department has them: Slack, Teams and mail,
// product managers, quiet hours, a night shift, PagerDuty of their own.
func ministry() *catalog.Catalog {
	slack := func(channel string) *catalog.SlackChannel {
		return &catalog.SlackChannel{Channel: channel, WebhookFile: "/srv/tocsin/secrets/slack"}
	}
	mail := func(to ...string) *catalog.EmailChannel { return &catalog.EmailChannel{To: to} }
	return &catalog.Catalog{Spec: catalog.Spec{
		Links: catalog.Links{Board: "https://tocsin.example.gov.uk"},
		Delivery: catalog.Delivery{
			SMTP:     &catalog.SMTP{Host: "smtp.example.gov.uk:587", From: "tocsin@example.gov.uk", Username: "tocsin", PasswordFile: "/srv/tocsin/secrets/smtp", TLS: "starttls"},
			Receiver: &catalog.Receiver{URL: "https://tocsin.example.gov.uk/", TokenFile: "/srv/tocsin/secrets/receiver"},
		},
		Monitoring: catalog.Monitoring{
			Team: "platform", FallbackTeam: "platform",
			BreakGlass: []catalog.Channels{
				{Email: mail("head-of-operations@example.gov.uk"), PagerDuty: &catalog.PagerDutyChannel{RoutingKeyFile: "/run/secrets/pagerduty"}},
				{Slack: slack("#incidents"), VictorOps: &catalog.VictorOpsChannel{APIKeyFile: "/srv/tocsin/secrets/victorops", RoutingKey: "operations"}},
			},
		},
		Hours: map[string]*catalog.Hours{
			"office": {Name: "office", Days: "monday-friday", Times: "09:00-12:30,13:30-17:30", Timezone: "Europe/London", Holidays: []string{"england-and-wales"}},
			"night":  {Name: "night", Days: "friday-sunday", Times: "22:00-06:00", Timezone: "Europe/Dublin"},
		},
		Teams: map[string]*catalog.Team{
			"schools": {
				Name: "schools", ProductManager: "pat", ChannelHours: "office",
				Channels:        catalog.Channels{Slack: slack("#schools-alerts"), Email: mail("schools@example.gov.uk", "schools-oncall@example.gov.uk"), GitHub: &catalog.GitHubChannel{Repository: "example/schools"}},
				ProductChannels: &catalog.Channels{Slack: slack("#schools-product"), Email: mail("schools-product@example.gov.uk")},
			},
			"claims":   {Name: "claims", Channels: catalog.Channels{Teams: &catalog.TeamsChannel{WebhookFile: "/srv/tocsin/secrets/teams-claims"}}, ProductChannels: &catalog.Channels{Teams: &catalog.TeamsChannel{WebhookFile: "/srv/tocsin/secrets/teams-claims-product"}}},
			"apply":    {Name: "apply", ChannelHours: "night", Channels: catalog.Channels{Slack: slack("#apply"), Teams: &catalog.TeamsChannel{WebhookFile: "/elsewhere/teams-apply"}}},
			"register": {Name: "register", Channels: catalog.Channels{PagerDuty: &catalog.PagerDutyChannel{RoutingKeyFile: "/run/secrets/pagerduty"}}, ProductChannels: &catalog.Channels{Email: mail("register-product@example.gov.uk")}},
			"platform": {Name: "platform", Channels: catalog.Channels{Email: mail("platform@example.gov.uk")}, ProductChannels: &catalog.Channels{Email: mail("platform-product@example.gov.uk")}},
		},
	}}
}

// hostile are names that would change the file's structure, its matchers or
// its texts if any of them were written carelessly.
func hostile() []string {
	return []string{
		"data platform",
		`"quoted" 'twice'`,
		`back\slash\`,
		"Δημόσια 数据 🔔",
		".*|^(a+)+$",
		"a\n- matchers: []\n  receiver: tocsin/nobody\n#",
		"{{ .ExternalURL }}{{ template \"missing\" . }}",
		"*alias &anchor !tag %directive",
		"# a comment: [flow, {map: x}]",
		"yes", "0x1f", "1:30", "~", "null", " leading and trailing ",
		"tab\tand\u0085next\u2028line",
		`team="other", severity=~".*`,
	}
}

// odd has a team for each hostile name, which also is its channel and address.
func odd() *catalog.Catalog {
	c := minimal()
	c.Links.Board = "https://board.example.org/{{\"}}"
	c.Delivery.SMTP = &catalog.SMTP{Host: "127.0.0.1:1025", From: "{{tocsin}}@example.org"}
	c.Delivery.Receiver = &catalog.Receiver{URL: "http://127.0.0.1:10211"}
	c.Hours = map[string]*catalog.Hours{}
	for _, name := range hostile() {
		c.Hours[name] = &catalog.Hours{Name: name, Days: "monday", Times: "09:00-17:00", Timezone: "UTC"}
		c.Teams[name] = &catalog.Team{
			Name: name, ChannelHours: name,
			Channels:        catalog.Channels{Slack: &catalog.SlackChannel{Channel: name, WebhookFile: "/srv/tocsin/" + name}, Email: &catalog.EmailChannel{To: []string{name}}},
			ProductChannels: &catalog.Channels{Email: &catalog.EmailChannel{To: []string{name}}},
		}
	}
	return c
}

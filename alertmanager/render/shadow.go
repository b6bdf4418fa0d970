package render

import (
	"fmt"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const receiverShadow = "tocsin/shadow"

// Shadow is an alertmanager.yml that tells one channel everything and nobody
// else anything, Tocsin's receiver (which pages people) included: a team reads
// what Tocsin would say beside what it has today. What only the daily digest
// would say arrives once a day.
//
// To is team:NAME, email:ADDRESS (or the address alone), slack:#CHANNEL=FILE
// or teams:FILE, where FILE holds the webhook's address.
func Shadow(c *catalog.Catalog, to string, o Options) ([]byte, error) {
	r := newRenderer(c, o)
	r.trial = true
	mail, err := r.mail()
	if err != nil {
		return nil, err
	}
	target, err := r.target(to)
	if err != nil {
		return nil, err
	}
	if len(r.problems) == 0 && target.silent() {
		return nil, fmt.Errorf("--shadow=%s: Alertmanager has no channel there (want a team with slack, teams or email)", to)
	}
	whole := configuration{
		Global:       mail.global(),
		Templates:    []string{r.place.templates()},
		Route:        r.shadowRoute(target),
		InhibitRules: inhibitions(),
	}
	if err := r.finish(&whole); err != nil {
		return nil, err
	}
	text, err := marshal(header(o, fmt.Sprintf("tocsin render --shadow=%q", to), shadowHeader), whole)
	if err != nil {
		return nil, err
	}
	return text, verify(text)
}

const shadowHeader = `
For a trial: one channel is told everything, and nobody else is told anything; nobody is paged.
`

func (r *renderer) shadowRoute(target receiver) route {
	return route{
		Receiver: r.use(target),
		GroupBy:  []string{"service"},
		timing:   teamTiming(),
		Routes: []route{
			{
				why:      "The heartbeat is for Tocsin's receiver only.",
				Matchers: []string{equals("alertname", AlertWatchdog)},
				Receiver: r.use(receiver{Name: receiverNobody}),
			},
			{
				why:      "What would stand in the daily digest.",
				Matchers: []string{equals("severity", "info")},
				GroupBy:  []string{"severity"},
				timing:   timing{"5m", "1d", "1w"},
			},
			{Matchers: []string{equals("severity", "critical")}, GroupBy: []string{"service", "alertname"}, timing: criticalTiming()},
			{Matchers: []string{equals("audience", "users")}, timing: usersTiming()},
		},
	}
}

// target reads where a trial goes.
func (r *renderer) target(to string) (receiver, error) {
	kind, value, _ := strings.Cut(to, ":")
	if !strings.Contains(to, ":") && strings.Contains(to, "@") {
		kind, value = "email", to
	}
	switch kind {
	case "team":
		team := r.c.Teams[value]
		if team == nil {
			return receiver{}, fmt.Errorf("--shadow=%s: unknown team %q (want one of %s)", to, value, strings.Join(sorted(r.c.Teams), ", "))
		}
		return r.channels(receiverShadow, team.Channels, "teams."+value+".channels"), nil
	case "email":
		return r.channels(receiverShadow, catalog.Channels{Email: &catalog.EmailChannel{To: []string{value}}}, "--shadow"), nil
	case "slack":
		if channel, file, found := strings.Cut(value, "="); found {
			return receiver{Name: receiverShadow, Slack: []slackChannel{r.slack(channel, file)}}, nil
		}
	case "teams":
		return receiver{Name: receiverShadow, Teams: []teamsChannel{r.msTeams(value)}}, nil
	}
	return receiver{}, fmt.Errorf("--shadow=%s: got no channel, want team:NAME, email:ADDRESS, slack:#CHANNEL=WEBHOOK_FILE or teams:WEBHOOK_FILE", to)
}

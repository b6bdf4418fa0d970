package render

import (
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Who is told how fast. A channel hears of an outage at once; what developers
// have hours for comes gathered; the receiver hears everything at once and
// judges by itself.
func receiverTiming() timing { return timing{"0s", "10s", "5m"} }
func watchdogTiming() timing { return timing{"0s", "1m", "50s"} } // repeats at every flush because it is shorter than the interval
func criticalTiming() timing { return timing{"0s", "1m", "2h"} }
func usersTiming() timing    { return timing{"10s", "1m", "12h"} } // long enough for ServiceDown to arrive and inhibit
func slowTiming() timing     { return timing{"1m", "10m", "1d"} }
func teamTiming() timing     { return timing{"30s", "5m", "12h"} }

// each gives every alert of a service a message of its own. In a common group
// the second fault of a service would wait for the group's next interval.
func each() []string { return []string{"service", "alertname"} }

// equals is the matcher label="value", as both of Alertmanager's matcher
// parsers read it whatever the value holds.
func equals(label, value string) string { return label + "=" + quoted(value) }

// oneOf matches any of the names, which are constants of ours.
func oneOf(label string, names ...string) string {
	return label + "=~" + quoted(strings.Join(names, "|"))
}

// quoted escapes what the two parsers agree on: backslash, quote, line feed.
func quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

// first are the routes before the teams': the watchdog's, which ends there,
// the receiver's and break_glass, which do not.
func (r *renderer) first() []route {
	routes := []route{r.watchdog()}
	if r.c.Delivery.Receiver != nil {
		routes = append(routes, route{
			why:      "Everything goes to Tocsin's receiver, at once and at every hour; it judges hours itself.",
			Receiver: r.use(r.webhook(receiverTocsin, "/api/v1/alertmanager")),
			Continue: true,
			GroupBy:  each(),
			timing:   receiverTiming(),
		})
	}
	if glass := r.breakGlass(); !glass.silent() {
		routes = append(routes, route{
			why:      "What means that the receiver cannot tell anybody is told without it.",
			Matchers: []string{oneOf("alertname", AlertReceiverDown, AlertAlertmanagerNotDelivering, AlertMessagesUnsent), equals("audience", "platform")},
			Receiver: r.use(glass),
			Continue: true,
			GroupBy:  []string{"alertname"},
			timing:   timing{"0s", "1m", "1h"},
		})
	}
	return routes
}

// watchdog is a heartbeat and no alert: each Prometheus has its own, and
// nobody else sees it.
func (r *renderer) watchdog() route {
	to := receiver{Name: receiverNobody}
	if r.c.Delivery.Receiver != nil {
		to = r.webhook(receiverWatchdog, "/api/v1/watchdog")
	}
	return route{
		why:      "The heartbeat of this whole chain; each Prometheus has its own.",
		Matchers: []string{equals("alertname", AlertWatchdog)},
		Receiver: r.use(to),
		GroupBy:  []string{"..."},
		timing:   watchdogTiming(),
	}
}

// teams is one route for each team, then one for alerts whose team is not in
// the catalogue.
func (r *renderer) teams() []route {
	var routes []route
	for _, name := range sorted(r.c.Teams) {
		team := r.team(r.c.Teams[name], name)
		team.Matchers = []string{equals("team", name)}
		routes = append(routes, team)
	}
	if fallback := r.c.Teams[r.c.Monitoring.FallbackTeam]; fallback != nil {
		orphans := *fallback
		orphans.ProductChannels = nil // they are told about their own services only
		last := r.team(&orphans, r.c.Monitoring.FallbackTeam)
		last.why = "Alerts of no team, or of one that is not in the catalogue."
		routes = append(routes, last)
	}
	return routes
}

// team is the route of one team without its matcher: by severity and
// audience, to the team's channels and the product's. What has a severity or
// audience that we do not know is told, not dropped.
func (r *renderer) team(team *catalog.Team, name string) route {
	parent := route{
		Receiver: r.use(r.channels(receiverTeam+name, team.Channels, "teams."+name+".channels")),
		GroupBy:  []string{"service"},
		timing:   teamTiming(),
	}
	parent.Routes = append(parent.Routes, route{
		Matchers: []string{equals("severity", "info")},
		Receiver: r.use(receiver{Name: receiverNobody}),
	})
	if team.ProductChannels != nil {
		parent.Routes = append(parent.Routes, route{
			Matchers: []string{equals("audience", "users")},
			Receiver: r.use(r.channels(receiverProduct+name, *team.ProductChannels, "teams."+name+".product_channels")),
			Continue: true,
			GroupBy:  each(),
			timing:   usersTiming(),
			Routes:   []route{{Matchers: []string{equals("severity", "critical")}, timing: timing{GroupWait: "0s", RepeatInterval: "1h"}}},
		})
	}
	if parent.Receiver == receiverNobody {
		return parent
	}
	parent.Routes = append(
		parent.Routes,
		route{Matchers: []string{equals("severity", "critical")}, GroupBy: each(), timing: criticalTiming()},
		route{Matchers: []string{equals("audience", "users")}, GroupBy: each(), timing: usersTiming()},
		r.channelHours(route{Matchers: []string{equals("audience", "developers"), equals("severity", "warning")}, timing: slowTiming()}, team),
	)
	return parent
}

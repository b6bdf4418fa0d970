package lint

import (
	"maps"
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// delivery checks that messages have a way out, also when a part of Tocsin is
// what is broken.
func delivery(in Input) []Finding {
	c := in.Catalog
	var findings []Finding
	say := func(verdict Verdict, absent bool, text string) {
		if absent {
			findings = append(findings, Finding{verdict, text})
		}
	}
	warn := func(absent bool, text string) { say(Warning, absent, text) }
	warn(c.Delivery.Receiver == nil, "delivery.receiver is not given: Alertmanager tells channels only; nobody is paged, and there is no board")
	warn(c.Delivery.Receiver != nil && c.Delivery.Receiver.TokenFile == "" && !loopback(c.Delivery.Receiver.URL),
		"delivery.receiver.token_file is not given: whoever reaches the receiver can raise and end incidents")
	needed := Warning
	if c.Delivery.Receiver != nil && pages(c) {
		needed = Problem
	}
	say(needed, len(c.Monitoring.BreakGlass) == 0,
		"monitoring.break_glass is not given: when the receiver is dead, nobody hears of it (name channels that Alertmanager tells by itself: break_glass: [{email: ops@example.org}])")
	say(needed, c.Delivery.Receiver != nil && c.Monitoring.Heartbeat == nil,
		"monitoring.heartbeat is not given: when the machine that pages is dead, nobody hears of it (give the address of somebody outside who raises the alarm when calls stay away: heartbeat: {url_file: secrets/heartbeat})")
	warn(len(c.Links.Alertmanager) == 0, "links.alertmanager is not given: the receiver cannot ask which alerts still fire, and incidents may stay open")
	sources := c.Sources()
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		warn(len(sources[source]) == 0 && source != catalog.MainCluster, "delivery.receiver.clusters."+source+".alertmanager is not given: the receiver cannot ask which of its alerts still fire, and incidents may stay open")
	}
	return orGood(findings, "messages have a way out, also when the receiver is dead")
}

// pages says whether somebody's phone may ring for what the catalogue watches.
func pages(c *catalog.Catalog) bool {
	for _, team := range c.Teams {
		if team.Escalation == "" && team.Rota == "" && len(team.Members) == 0 {
			continue
		}
		if team.Page != catalog.PageNever {
			return true
		}
		for _, service := range c.Services {
			if service.Team == team.Name && service.Page != catalog.PageNever {
				return true
			}
		}
	}
	return false
}

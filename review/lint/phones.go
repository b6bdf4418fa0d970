package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// mostRings is how often one incident may ring a phone within an hour. Networks
	// block a number for an hour after 20 texts of the same content or 100 of any
	// (docs.notifications.service.gov.uk), calls are counted too, and several
	// incidents may share a night.
	mostRings = 12
	// longestStep is as much of a step as is looked at: later it rings no more often.
	longestStep = 3 * time.Hour
)

// phones checks that no escalation rings a phone so often that networks and
// providers take it for an attack, and block what comes next.
func phones(in Input) []Finding {
	c := in.Catalog
	var findings []Finding
	for _, name := range sorted(c.Escalations) {
		steps := c.Escalations[name].Steps
		if worst := busiest(c, steps); len(worst) > mostRings {
			at := loudest(worst)
			path := fmt.Sprintf("escalations.%s[%d]", name, at)
			if steps[at].Every > 0 {
				path += ".every"
			}
			findings = append(findings, Finding{Warning, c.Errorf(path, "%s", tooOften(c, steps[at], worst)).Error()})
		}
	}
	return orGood(findings, fmt.Sprintf("none rings more than %d times within an hour", mostRings))
}

// ring is a phone that rings for a step: its place in the escalation, and how.
type ring struct {
	at   time.Duration
	step int
	way  string
}

// busiest is the hour in which an escalation that nobody answers rings one role's
// phone most often.
func busiest(c *catalog.Catalog, steps []catalog.Step) []ring {
	var engine []incident.Step
	during := longestStep
	for _, s := range steps {
		step := incident.Step{By: s.By, Every: s.Every.Std(), For: min(s.For.Std(), longestStep)}
		if s.Every > 0 {
			step.Every = max(step.Every, time.Second)
		}
		for _, later := range s.Then {
			step.Then = append(step.Then, incident.Later{Way: later.Way, After: later.After.Std()})
		}
		engine, during = append(engine, step), during+step.For
	}
	var worst []ring
	hour := map[string][]ring{}
	for _, page := range incident.Pages(engine, during) {
		role := steps[page.Step].Notify
		rings := slices.DeleteFunc(hour[role], func(r ring) bool { return page.At-r.at >= time.Hour })
		for _, way := range page.Ways {
			if onThePhone(c, way) {
				rings = append(rings, ring{page.At, page.Step, way})
			}
		}
		if hour[role] = rings; len(rings) > len(worst) {
			worst = slices.Clone(rings)
		}
	}
	return worst
}

// onThePhone says whether a way goes over a telephone's network, for somebody at
// least.
func onThePhone(c *catalog.Catalog, way string) bool {
	if way == catalog.WayPreferred {
		return slices.ContainsFunc(sorted(c.People), func(id string) bool { return onThePhone(c, c.People[id].Order()[0]) })
	}
	return way == incident.WaySMS || way == incident.WayVoice
}

// loudest is the step that rings most.
func loudest(rings []ring) int {
	count := map[int]int{}
	most := rings[0].step
	for _, r := range rings {
		if count[r.step]++; count[r.step] > count[most] {
			most = r.step
		}
	}
	return most
}

// tooOften says what is wrong, and how rarely the step would have to repeat.
func tooOften(c *catalog.Catalog, step catalog.Step, rings []ring) string {
	var ways []string
	for _, r := range rings {
		if !slices.Contains(ways, r.way) {
			ways = append(ways, r.way)
		}
	}
	once := 0
	for _, way := range step.By {
		if onThePhone(c, way) {
			once++
		}
	}
	for _, later := range step.Then {
		if onThePhone(c, later.Way) {
			once++
		}
	}
	return fmt.Sprintf("an incident that nobody answers rings the phone of %s %d times within an hour, by %s: networks and providers block a number that gets so many (want at most %d: repeat the step every %s or less often, or by push or email)",
		step.Notify, len(rings), strings.Join(ways, " and "), mostRings, catalog.Duration(time.Duration(once)*time.Hour/mostRings))
}

package catalog

import (
	"slices"
	"time"
)

func (c *checker) checkRotas() {
	for name, rota := range c.Rotas {
		path := below("rotas", name)
		c.checkZone(below(path, "timezone"), rota.Timezone)
		c.checkHandover(path, rota)
		if _, err := time.Parse(time.DateOnly, rota.Start); err != nil {
			c.add(below(path, "start"), "malformed date (got %s, want one such as 2026-01-05)", clipped(rota.Start))
		}
		if len(rota.People) == 0 && c.given(below(path, "people")) {
			c.add(below(path, "people"), "the rota has no people")
		}
		for i, id := range rota.People { // somebody may have two turns
			known(c, at(below(path, "people"), i), "person", id, c.People)
		}
		allKnown(c, below(path, "backup"), "person", rota.Backup, c.People)
	}
}

func (c *checker) checkHandover(path string, rota *Rota) {
	turn, err := parseHandover(rota.Handover)
	switch {
	case rota.Handover == "":
	case err != nil:
		c.add(below(path, "handover"), "%v", err)
	case rota.Shift%turn.cycle != 0:
		c.add(below(path, "shift"), "got %s, want a multiple of %s, because the handover is %s", rota.Shift, turn.cycle, rota.Handover)
	}
}

func (c *checker) checkEscalations() {
	for name, escalation := range c.Escalations {
		path := below("escalations", name)
		if len(escalation.Steps) == 0 {
			c.add(path, "the escalation has no steps, so it reaches nobody (want a list such as [{notify: on_call, by: [push]}])")
		}
		for i := range escalation.Steps {
			c.checkStep(at(path, i), &escalation.Steps[i], i == len(escalation.Steps)-1)
		}
	}
}

func (c *checker) checkStep(path string, step *Step, last bool) {
	roles := []string{RoleOnCall, RoleBackup, RoleManager, RoleTeam}
	if _, isPerson := c.People[step.Notify]; step.Notify != "" && !isPerson && !slices.Contains(roles, step.Notify) {
		c.add(below(path, "notify"), "unknown person or role %s%s", clipped(step.Notify), c.whom(step.Notify, roles))
	}
	by := below(path, "by")
	if len(step.By) == 0 && c.given(by) {
		c.add(by, "the step reaches nobody (want a way such as push, sms, voice or email)")
	}
	for i, way := range step.By {
		c.checkWay(at(by, i), way)
	}
	c.distinct(by, step.By)
	for i, later := range step.Then {
		place := at(below(path, "then"), i)
		c.checkWay(place, later.Way)
		if step.For != 0 && !last && later.After >= step.For {
			c.add(place, "%s after %s never happens: the next step begins after %s", later.Way, later.After, step.For)
		}
	}
	c.checkGate(path, step, last)
	switch {
	case !last && step.For == 0 && !c.said(path, "for"):
		c.add(below(path, "for"), "the key is missing (how long until the next step, such as 15m; only the last step has none)")
	case !last && step.For != 0 && step.Every >= step.For:
		c.add(below(path, "every"), "got %s, but the next step begins after %s", step.Every, step.For)
	}
}

// checkGate wants the last step to be for everything at any time: behind it
// there is nobody.
func (c *checker) checkGate(path string, step *Step, last bool) {
	known(c, below(path, "hours"), "hours", step.Hours, c.Hours)
	known(c, below(path, "outside"), "hours", step.Outside, c.Hours)
	if step.Hours != "" && step.Outside != "" {
		c.add(below(path, "outside"), "the step has hours already (want one of the two)")
	}
	for key, given := range map[string]bool{"hours": step.Hours != "", "outside": step.Outside != "", "severity": step.Severity == PageOnCritical} {
		if last && given {
			c.add(below(path, key), "the last step is taken at any time, because nobody comes after it (put a step behind this one)")
		}
	}
}

func (c *checker) checkWay(path, way string) {
	if _, err := choice(way, Ways()...); err != nil && way != "" {
		c.add(path, "%v", err)
	}
}

// whom suggests a role or a person.
func (c *checker) whom(got string, roles []string) string {
	if best := closest(got, append(names(c.People), roles...)); best != "" {
		return suggested(best)
	}
	return " (want " + oneOf(roles) + ", or somebody under people)"
}

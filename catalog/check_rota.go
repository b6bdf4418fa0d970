package catalog

import (
	"slices"
	"time"
)

func (c *checker) checkRotas() {
	for name, rota := range c.Rotas {
		path := below("rotas", name)
		c.checkZone(below(path, "timezone"), rota.Timezone)
		c.checkSimple(path, rota)
		if len(rota.Layers) == 0 {
			c.checkRotation(path, rota.Rotations()[0])
		}
		for i, layer := range rota.Layers {
			place := at(below(path, "layers"), i)
			c.checkZone(below(place, "timezone"), layer.Timezone)
			c.checkRotation(place, layer)
			c.checkOnly(below(place, "only"), layer.Only)
		}
		allKnown(c, below(path, "backup"), "person", rota.Backup, c.People)
		for i, absences := range rota.Absences {
			place := at(below(path, "absences"), i)
			c.checkICal(place, absences.ICal)
			known(c, below(place, "person"), "person", absences.Person, c.People)
		}
	}
}

// checkSimple wants either the keys of a simple rota, or layers.
func (c *checker) checkSimple(path string, rota *Rota) {
	layers := below(path, "layers")
	if !c.given(layers) {
		for _, key := range []string{"handover", "people"} {
			if !c.said(path, key) && !c.meant[layers] {
				c.add(below(path, key), "the key is missing (or give layers, each with a handover and people)")
			}
		}
		return
	}
	if len(rota.Layers) == 0 && !c.meant[layers] {
		c.add(layers, "the rota has no layers")
	}
	for _, key := range []string{"handover", "shift", "start", "people"} {
		if c.given(below(path, key)) {
			c.add(below(path, key), "the rota has layers: give each of them its own %s", key)
		}
	}
}

func (c *checker) checkRotation(path string, layer Layer) {
	c.checkHandover(path, layer)
	if _, err := time.Parse(time.DateOnly, layer.Start); err != nil && layer.Start != "" {
		c.add(below(path, "start"), "malformed date (got %s, want one such as 2026-01-05)", clipped(layer.Start))
	}
	if len(layer.People) == 0 && c.given(below(path, "people")) {
		c.add(below(path, "people"), "the rota has no people")
	}
	for i, id := range layer.People { // somebody may have two turns
		known(c, at(below(path, "people"), i), "person", id, c.People)
	}
}

// checkHandover wants shifts that fit between handovers: whole cycles, or
// parts of one that are all alike. Otherwise the handover would wander.
func (c *checker) checkHandover(path string, layer Layer) {
	turn, err := parseHandover(layer.Handover)
	switch {
	case layer.Handover == "":
	case err != nil:
		c.add(below(path, "handover"), "%v", err)
	case layer.Shift != 0 && layer.Shift < shortestShift:
		c.add(below(path, "shift"), "got %s, want at least %s", layer.Shift, shortestShift)
	case layer.Shift%turn.cycle != 0 && turn.cycle%max(layer.Shift, 1) != 0:
		c.add(below(path, "shift"), "got %s, want a multiple or an even part of %s, because the handover is %s", layer.Shift, turn.cycle, layer.Handover)
	}
}

// shortestShift keeps a rota from handing over all the time.
const shortestShift = Duration(time.Hour)

// checkOnly wants times at which a layer is on duty at all.
func (c *checker) checkOnly(path string, only *Only) {
	if only == nil {
		return
	}
	if _, err := ParseWeekdays(only.Days); err != nil {
		c.add(below(path, "days"), "%v", err)
	}
	if _, err := ParseTimes(only.Times); err != nil {
		c.add(below(path, "times"), "%v", err)
	}
	c.checkHolidays(below(path, "holidays"), only.Holidays)
	c.checkHolidays(below(path, "except"), only.Except)
	if only.Days == "" && only.Times == "" && len(only.Holidays)+len(only.Except) == 0 && c.given(path) && !c.meant[path] {
		c.add(path, "the times are missing (want days, times, holidays or except, or remove the key)")
	}
}

func (c *checker) checkHolidays(path string, list []Holidays) {
	for i, holidays := range list {
		known(c, at(path, i), "calendar", holidays.Calendar, calendars())
		if holidays.Calendar == "" && !c.meant[at(path, i)] {
			c.checkICal(at(path, i), holidays.ICal)
		}
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
	if _, err := choice(way, StepWays()...); err != nil && way != "" {
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

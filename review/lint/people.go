package lint

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// rotas checks that a turn on call is bearable and that whoever has it can be
// reached: by a file of contacts, or by a profile, which who can log in on the
// board can have. What is in profiles only the receiver knows.
func rotas(in Input) []Finding {
	c := in.Catalog
	var findings []Finding
	warn := func(format string, args ...any) {
		findings = append(findings, Finding{Warning, fmt.Sprintf(format, args...)})
	}
	for _, name := range sorted(c.Rotas) {
		rota := c.Rotas[name]
		people := rota.Everybody()
		if len(people) == 1 && len(rota.Backup) == 0 {
			warn("rotas.%s: %s alone is on call day and night, and nobody is behind (add people or backup)", name, people[0])
		}
		for _, person := range rota.Backup {
			if slices.Contains(people, person) && len(rota.Backup) == 1 {
				warn("rotas.%s.backup: %s is also on the rota, and would be behind nobody but themselves in their own shift", name, person)
			}
		}
	}
	var profiles []string
	for _, id := range sorted(c.People) {
		roles := roles(c, id)
		if c.People[id].Contacts != nil || len(roles) == 0 {
			continue
		}
		if len(c.People[id].Logins) > 0 {
			profiles = append(profiles, id)
			continue
		}
		warn("people.%s: no contacts, so nothing reaches them as %s", id, roles[0])
	}
	good := fmt.Sprintf("%d, and everybody who is to be told has contacts", len(c.Rotas))
	if len(profiles) > 0 {
		good += "; " + strings.Join(profiles, ", ") + " only what they enter in their profile on the board (its page of people says whether they have)"
	}
	return orGood(findings, good)
}

// roles says as what somebody is told.
func roles(c *catalog.Catalog, id string) []string {
	var found []string
	for _, name := range sorted(c.Rotas) {
		if rota := c.Rotas[name]; slices.Contains(rota.Everybody(), id) || slices.Contains(rota.Backup, id) {
			found = append(found, "one of rotas."+name)
		}
	}
	for _, name := range sorted(c.Teams) {
		switch team := c.Teams[name]; id {
		case team.ProductManager:
			found = append(found, "product manager of teams."+name)
		case team.Manager:
			found = append(found, "manager of teams."+name)
		}
	}
	for _, name := range sorted(c.Escalations) {
		for _, step := range c.Escalations[name].Steps {
			if step.Notify == id {
				found = append(found, "a step of escalations."+name)
			}
		}
	}
	return found
}

// contacts checks that the files are there. Only the receiver's machine needs
// them, so elsewhere their absence is a warning.
func contacts(in Input) []Finding {
	absent := Warning
	if in.Secrets {
		absent = Problem
	}
	var findings []Finding
	count := 0
	for _, id := range sorted(in.Catalog.People) {
		file := in.Catalog.People[id].Contacts
		if file == nil {
			continue
		}
		count++
		if _, err := os.Stat(file.Path); err != nil {
			findings = append(findings, Finding{absent, fmt.Sprintf("%v (needed where the receiver runs)", in.Catalog.Errorf("people."+id+".contacts", "%v", err))})
		}
	}
	return orGood(findings, counted(count)+" found")
}

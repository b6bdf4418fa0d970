package catalog

import (
	"strings"
)

// reserved is the service label of Tocsin's own alerts.
const reserved = "tocsin"

func (c *checker) checkServices() {
	for name, service := range c.Services {
		c.checkService(below("services", name), service)
	}
}

func (c *checker) checkService(path string, s *Service) {
	if s.Name == reserved {
		c.add(path, "the name is taken: Tocsin's own alerts carry it (want another, such as monitoring)")
	}
	c.checkOwner(path, s)
	c.checkURL(below(path, "url"), s.URL)
	c.checkURL(below(path, "runbook"), s.Runbook)
	c.checkObjective(below(path, "objective"), s.Objective)
	c.checkAlertsFrom(below(path, "alerts_from"), s.AlertsFrom)
	for probe, p := range s.Probes {
		c.checkProbe(below(below(path, "probes"), probe), p)
	}
	for resource, r := range s.Resources {
		c.checkResource(below(below(path, "resources"), resource), r)
	}
	for pipeline, p := range s.Pipelines {
		c.checkPipeline(below(below(path, "pipelines"), pipeline), p)
	}
}

// checkOwner wants a team that answers for the service, and a way to page it
// when the service pages.
func (c *checker) checkOwner(path string, s *Service) {
	teamed := known(c, below(path, "team"), "team", s.Team, c.Teams)
	if s.Team == "" && !s.External && !c.said(path, "team") && !c.meant[below(path, "external")] {
		c.add(below(path, "team"), "the service has no team (name one, or say external: true when it is somebody else's)")
	}
	if !c.given(below(path, "page")) || s.Page == PageNever {
		return
	}
	switch {
	case s.Team == "" && s.External:
		c.add(below(path, "page"), "there is nobody to page (name a team, or say page: never)")
	case teamed && s.Page == PageOfficeHours && c.Teams[s.Team].Hours == "":
		c.add(below(path, "page"), "there are no office hours (define hours.%s, or name others in teams.%s.hours)", defaultHours, s.Team)
	}
}

// checkDependencies wants known services and no circle among them, which would
// make everything the cause of everything.
func (c *checker) checkDependencies() {
	dependencies := func(name string) string { return below(below("services", name), "depends_on") }
	for name, service := range c.Services {
		allKnown(c, dependencies(name), "service", service.DependsOn, c.Services)
	}
	circles(c.Services, func(s *Service) []string { return s.DependsOn }, func(name string, i int, circle []string) {
		if len(circle) == 2 {
			c.add(at(dependencies(name), i), "the service depends on itself")
			return
		}
		c.add(at(dependencies(name), i), "the services depend on each other in a circle: %s", strings.Join(circle, " → "))
	})
}

func (c *checker) checkPipeline(path string, p *Pipeline) {
	const shortestPoll = 10 * shortest
	if p.Interval < shortestPoll {
		c.add(below(path, "interval"), "got %s, want at least %s", p.Interval, shortestPoll)
	}
	c.exactlyOne(path, "the provider", "github")
	if p.GitHub != nil {
		c.checkRepository(below(path, "github.repository"), p.GitHub.Repository)
		section(c, below(path, "github.checks"), p.GitHub.Checks)
	}
}

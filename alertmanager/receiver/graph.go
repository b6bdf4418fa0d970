package receiver

import (
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// graph is what depends on what, directly or by others.
type graph struct {
	below map[string][]string // what a service needs
	above map[string][]string // what needs it
}

func newGraph(c *catalog.Catalog) graph {
	needs, needed := map[string][]string{}, map[string][]string{}
	for name, service := range c.Services {
		needs[name] = service.DependsOn
		for _, dependency := range service.DependsOn {
			needed[dependency] = append(needed[dependency], name)
		}
	}
	g := graph{map[string][]string{}, map[string][]string{}}
	for name := range c.Services {
		g.below[name], g.above[name] = reachable(needs, name), reachable(needed, name)
	}
	return g
}

// reachable lists what can be reached from a service, the nearest first.
func reachable(edges map[string][]string, from string) []string {
	seen := map[string]bool{from: true}
	var found []string
	for queue := edges[from]; len(queue) > 0; queue = queue[1:] {
		if next := queue[0]; !seen[next] {
			seen[next] = true
			found = append(found, next)
			queue = append(slices.Clip(queue), edges[next]...)
		}
	}
	return found
}

// around lists everything that an outage of a service may come from or reach.
func (g graph) around(service string) []string {
	return slices.Concat(g.below[service], g.above[service])
}

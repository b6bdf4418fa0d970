package catalog

import (
	"regexp"
	"strconv"
)

// maxName bounds a name, which becomes a label's value and a part of addresses.
const maxName = 63

// checker notes every value that is out of range and every name that dangles,
// in a catalogue that is decoded and complete. A value that could not be
// decoded holds its default by now and is not noted a second time.
type checker struct {
	*problems
	*Spec

	name       *regexp.Regexp // of what people name
	variable   *regexp.Regexp // of what a journey extracts
	reference  *regexp.Regexp // how a step writes a variable
	repository *regexp.Regexp
}

func (p *problems) checker(spec *Spec) *checker {
	return &checker{
		problems: p, Spec: spec,
		name:       regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`),
		variable:   regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`),
		reference:  regexp.MustCompile(`\{\{([^{}]*)\}\}`),
		repository: regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`),
	}
}

func (p *problems) check(spec *Spec) {
	c := p.checker(spec)
	c.checkNames()
	c.checkLinks()
	c.checkDelivery()
	c.checkMonitoring()
	c.checkLocations()
	c.checkDefaults()
	c.checkHours()
	c.checkPeople()
	c.checkTeams()
	c.checkRotas()
	c.checkEscalations()
	c.checkServices()
	c.checkSteps()
	c.checkDependencies()
	c.checkMaintenance()
	c.checkDiscovery()
	c.checkInbound()
	c.checkBoard()
}

// checkNames looks at every name that people chose.
func (c *checker) checkNames() {
	section(c, "locations", c.Locations)
	section(c, "hours", c.Hours)
	section(c, "people", c.People)
	section(c, "teams", c.Teams)
	section(c, "rotas", c.Rotas)
	section(c, "escalations", c.Escalations)
	section(c, "services", c.Services)
	section(c, "steps", c.Steps)
	section(c, "maintenance", c.Maintenance)
	if c.Delivery.Receiver != nil {
		section(c, "delivery.receiver.api_tokens", c.Delivery.Receiver.APITokens)
		section(c, "delivery.receiver.clusters", c.Delivery.Receiver.Clusters)
	}
	section(c, "discovery", c.Discovery)
	section(c, "inbound", c.Inbound)
	for name, s := range c.Services {
		c.checkNamesOf(below("services", name), s)
	}
}

// checkNamesOf looks at the names that people chose within a service.
func (c *checker) checkNamesOf(path string, s *Service) {
	section(c, below(path, "probes"), s.Probes)
	section(c, below(path, "resources"), s.Resources)
	section(c, below(path, "usage"), s.Usage)
	section(c, below(path, "pipelines"), s.Pipelines)
	section(c, below(path, "alerts"), s.Alerts)
}

// section checks the names of one section: they become values of labels and
// parts of addresses and paths.
func section[V any](c *checker, path string, of map[string]V) {
	for name := range of {
		c.checkName(below(path, name), name)
	}
}

func (c *checker) checkName(path, name string) {
	if len(name) > maxName || !c.name.MatchString(name) {
		c.add(path, "malformed name (got %s, want at most %d letters, digits, - and _, beginning with a letter or digit)", clipped(name), maxName)
	}
}

// known notes a name that its section does not define.
func known[V any](c *checker, path, what, name string, section map[string]V) bool {
	if name == "" {
		return false // missing or malformed, which is noted already
	}
	if _, is := section[name]; is {
		return true
	}
	c.add(path, "unknown %s %s%s", what, clipped(name), hint(name, names(section)))
	return false
}

// allKnown is known for each name of a list, in which no name stands twice.
func allKnown[V any](c *checker, path, what string, list []string, section map[string]V) {
	for i, name := range list {
		known(c, at(path, i), what, name, section)
	}
	c.distinct(path, list)
}

// distinct notes what a list names twice.
func (c *checker) distinct(path string, list []string) {
	first := make(map[string]int)
	for i, name := range list {
		if j, again := first[name]; again {
			c.add(at(path, i), "%s is in the list twice; first at %s", clipped(name), c.positions.nearest(at(path, j)))
			continue
		}
		first[name] = i
	}
}

// exactlyOne notes a value with none, or with two, of several keys.
func (c *checker) exactlyOne(path, what string, keys ...string) {
	var have []string
	misspelled := c.meant[path]
	for _, key := range keys {
		if c.given(below(path, key)) {
			have = append(have, key)
		}
		misspelled = misspelled || c.meant[below(path, key)]
	}
	switch {
	case len(have) == 0 && !misspelled:
		c.add(path, "%s is missing (want %s)", what, oneOf(keys))
	case len(have) > 1:
		c.add(below(path, have[1]), "%s is given twice (got %s and %s, want one)", what, have[0], have[1])
	}
}

// clipped quotes a text that may be long.
func clipped(text string) string {
	const readable = 100
	if runes := []rune(text); len(runes) > readable {
		text = string(runes[:readable]) + "…"
	}
	return strconv.Quote(text)
}

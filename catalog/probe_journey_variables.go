package catalog

import (
	"maps"
	"slices"
	"strings"
)

// checkVariables looks at the variables that a probe gives its journey, and at
// every use of them and of what the steps extract.
func (c *checker) checkVariables(path string, p *Probe) {
	place := below(path, "variables")
	if kind := p.Kind(); len(p.Variables) > 0 && kind != "journey" && kind != "" {
		c.add(place, "variables are for a journey (got the kind %s)", kind)
	}
	for name := range p.Variables {
		c.checkVariable(below(place, name), name)
	}
	f := flow{checker: c, place: place, given: p.Variables, known: make(map[string]bool)}
	for name := range p.Variables {
		f.known[name] = true
	}
	steps, _ := c.unfold(p.written, below(path, "journey"))
	for i := range steps {
		f.step(&steps[i], i == 0)
	}
}

// checkJourneyAccess looks at how a journey's requests reach their servers.
// Their headers may hold what the probe itself gives.
func (c *checker) checkJourneyAccess(path string, p *Probe) {
	if p.Access == nil {
		return
	}
	if kind := p.Kind(); kind != "journey" && kind != "" {
		c.add(path, "access is for a journey (got the kind %s, whose own keys say it)", kind)
		return
	}
	target := ""
	if len(p.Journey) > 0 {
		target = or(p.Journey[0].Get, p.Journey[0].Post)
	}
	p.Access.check(c, path, target)
	f := flow{checker: c, place: below(strings.TrimSuffix(path, ".access"), "variables"), given: p.Variables}
	for name, text := range p.Access.Headers {
		for _, match := range c.reference.FindAllStringSubmatch(text.Literal, -1) {
			if _, given := p.Variables[match[1]]; !given {
				c.add(below(below(path, "headers"), name), "{{%s}} is not a variable of the probe%s", match[1], hint(match[1], names(p.Variables)))
			}
		}
		if secretHeader(name) {
			f.secret(text.Literal)
		}
	}
}

func (c *checker) checkVariable(path, name string) {
	if !c.variable.MatchString(name) {
		c.add(path, "malformed variable (got %s, want letters, digits and _, beginning with a letter)", clipped(name))
	}
}

// flow follows the variables of one journey from step to step.
type flow struct {
	*checker

	place string          // of the probe's variables
	given map[string]Text // which the probe gives
	known map[string]bool // given, or extracted so far
}

func (f *flow) step(step *JourneyStep, first bool) {
	switch {
	case step.user == "":
		f.addresses(step.path, step, first)
	case first && !strings.HasPrefix(or(step.Get, step.Post), "http"): // which is looked at in its own place
		f.address(below(step.user, "use"), or(step.Get, step.Post), first)
	}
	step.eachText(step.path, func(place, text string) { f.references(step, place, text) })
	for name, text := range step.Headers {
		if secretHeader(name) {
			f.secret(text.Literal)
		}
	}
	for name := range step.Extract {
		if _, taken := f.given[name]; taken {
			f.addOf(step, below(below(step.path, "extract"), name), "the probe gives a variable of this name (got %s, want another name)", name)
		}
		f.known[name] = true
	}
}

func (f *flow) addresses(path string, step *JourneyStep, first bool) {
	f.address(below(path, "get"), step.Get, first)
	f.address(below(path, "post"), step.Post, first)
}

// address lets a later step be relative to the page before, or begin with a
// variable; the first begins with one that the probe gives.
func (f *flow) address(path, text string, first bool) {
	relative := strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//")
	if !first && (relative || strings.HasPrefix(text, "{{")) || f.later(text) {
		return
	}
	f.checkURL(path, f.reference.ReplaceAllStringFunc(text, func(match string) string {
		return or(f.given[f.nameIn(match)].Literal, "x")
	}))
}

// later says that an address begins with what is known later: the content of a
// file, or what a source of discovery says.
func (f *flow) later(text string) bool {
	name := f.nameIn(text)
	return strings.HasPrefix(text, "{{") && (f.given[name].File != nil || f.meant[below(f.place, name)])
}

// nameIn is the first variable in a text, or nothing.
func (f *flow) nameIn(text string) string {
	if match := f.reference.FindStringSubmatch(text); match != nil {
		return strings.TrimSpace(match[1])
	}
	return ""
}

// references wants every {{name}} in a text to be known by now.
func (f *flow) references(step *JourneyStep, place, text string) {
	for _, match := range f.reference.FindAllStringSubmatch(text, -1) {
		if name := strings.TrimSpace(match[1]); !f.known[name] {
			f.addOf(step, place, "{{%s}} is not extracted by an earlier step%s", name, hint(name, names(f.known)))
		}
	}
}

// secret wants what proves who is asking to come from a file, by way of a
// variable as well.
func (f *flow) secret(text string) {
	for _, match := range f.reference.FindAllStringSubmatch(text, -1) {
		name := strings.TrimSpace(match[1])
		if value, given := f.given[name]; given && value.File == nil {
			f.hideAt(below(f.place, name))
			f.add(below(f.place, name), "secrets are kept in files of their own (want %s: {file: PATH})", name)
		}
	}
}

// eachText calls do with every text of a step in which variables are replaced.
func (s *JourneyStep) eachText(path string, do func(place, text string)) {
	do(below(path, "get"), s.Get)
	do(below(path, "post"), s.Post)
	do(below(path, "body"), s.Body)
	do(below(path, "body_not"), s.BodyNot)
	if s.BodyRegexp != nil {
		do(below(path, "body_regexp"), s.BodyRegexp.String())
	}
	for name, text := range s.Headers {
		do(below(below(path, "headers"), name), text.Literal)
	}
	for name, text := range s.Form {
		do(below(below(path, "form"), name), text.Literal)
	}
	eachText(below(path, "json"), s.JSON, do)
}

// eachText calls do with every text in a JSON value.
func eachText(path string, value any, do func(path, text string)) {
	switch value := value.(type) {
	case string:
		do(path, value)
	case []any:
		for i, item := range value {
			eachText(at(path, i), item, do)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			eachText(below(path, key), value[key], do)
		}
	}
}

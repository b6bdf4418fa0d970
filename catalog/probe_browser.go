package catalog

import (
	"fmt"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
)

// The defaults of a browser, which costs the most and takes a while itself.
const (
	browserInterval = Duration(5 * time.Minute)
	browserTimeout  = Duration(30 * time.Second)
	browserBudget   = Duration(10 * time.Second)
)

// Browser is what a visitor does in a real browser, for pages that need
// JavaScript.
type Browser []BrowserStep

// BrowserStep is one thing that a visitor does: exactly one of Open, Click, Type,
// Wait and See is set. Click, Type and See are CSS selectors; each waits until
// the element is there.
type BrowserStep struct {
	Name  string   `yaml:"name,omitempty"`  // such as "click #login" by default
	Open  string   `yaml:"open,omitempty"`  // an address, or a path on the same server
	Click string   `yaml:"click,omitempty"` // an element
	Type  string   `yaml:"type,omitempty"`  // a field, which Text is typed into
	Text  Text     `yaml:"text,omitempty"`  // with a line feed for the Enter key
	Wait  string   `yaml:"wait,omitempty"`  // until the page shows this text
	See   string   `yaml:"see,omitempty"`   // until this element is visible
	Slow  Duration `yaml:"slow,omitempty"`  // a run in which the step takes longer is slow

	Within Duration `yaml:"within,omitempty"` // the step fails when it takes longer; all the time that is left by default
}

// browserActions are the keys of which a step has exactly one.
func browserActions() []string { return []string{"open", "click", "type", "wait", "see"} }

// Action is the step's one key and its value.
func (s *BrowserStep) Action() (key, value string) {
	for i, value := range []string{s.Open, s.Click, s.Type, s.Wait, s.See} {
		if value != "" {
			return browserActions()[i], value
		}
	}
	return "", ""
}

// complete names the steps that have no name; no two have the same.
func (b Browser) complete() {
	taken := make(map[string]bool)
	for i := range b {
		taken[b[i].Name] = true
	}
	for i := range b {
		step := &b[i]
		title := step.title()
		for n := 2; step.Name == ""; n++ {
			if !taken[title] {
				step.Name = title
			}
			title = fmt.Sprintf("%s (%d)", step.title(), n)
		}
		taken[step.Name] = true
	}
}

// title is what the step does, without a query, which may hold more than a
// label should.
func (s *BrowserStep) title() string {
	key, value := s.Action()
	if key == "open" {
		value, _, _ = strings.Cut(value, "?")
	}
	title := []rune(key + " " + value)
	return string(title[:min(len(title), maxStepName)])
}

func (b Browser) check(c *checker, path string) {
	if len(b) == 0 {
		c.add(path, "there are no steps (want a list such as [{open: https://www.example.org/}, {wait: Welcome}])")
		return
	}
	first := make(map[string]int)
	for i := range b {
		step, place := &b[i], at(path, i)
		if j, again := first[step.Name]; again {
			c.add(below(place, "name"), "two steps are named %s; first at %s", clipped(step.Name), c.positions.nearest(below(at(path, j), "name")))
		}
		first[step.Name] = i
		c.checkBrowserStep(place, step, i == 0)
	}
}

func (c *checker) checkBrowserStep(path string, step *BrowserStep, first bool) {
	c.exactlyOne(path, "what the visitor does", browserActions()...)
	if n := len([]rune(step.Name)); n > maxStepName {
		c.add(below(path, "name"), "got %d characters, want at most %d", n, maxStepName)
	}
	if step.Open != "" && (first || !strings.HasPrefix(step.Open, "/")) {
		c.checkURL(below(path, "open"), step.Open)
	}
	if first && step.Open == "" && !c.meant[path] {
		c.add(path, "the first step opens no page (want {open: https://www.example.org/})")
	}
	for _, selector := range []struct{ key, value string }{{"click", step.Click}, {"type", step.Type}, {"see", step.See}} {
		if _, err := cascadia.Parse(selector.value); selector.value != "" && err != nil {
			c.add(below(path, selector.key), "malformed CSS selector (got %s, want one such as %q)", clipped(selector.value), "button[type=submit]")
		}
	}
	if step.Within > 0 && step.Slow >= step.Within {
		c.add(below(path, "slow"), "got %s, but a step that takes %s has failed already (want less than within)", step.Slow, step.Within)
	}
	hasText := c.given(below(path, "text"))
	switch {
	case step.Type != "" && !hasText:
		c.add(path, "there is nothing to type (want text: TEXT or text: {file: PATH})")
	case step.Type == "" && hasText:
		c.add(below(path, "text"), "a text is typed into a field (want type: SELECTOR beside it)")
	case step.Text.File == nil && strings.Contains(strings.ToLower(step.Type), "password") && step.Text.Literal != "":
		c.hideAt(below(path, "text"))
		c.add(below(path, "text"), "secrets are kept in files of their own (want text: {file: PATH})")
	}
}

package catalog

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/ohler55/ojg/jp"
)

// maxStepName bounds a step's name, which becomes a label's value.
const maxStepName = 80

// Journey is several requests, as one visitor makes them.
type Journey []JourneyStep

// JourneyStep is one request of a journey: Get or Post is set. Redirects are
// not followed when Status names a 3xx. Extract takes values out of the answer
// for later steps, which write them as {{name}}: "css:SELECTOR@ATTRIBUTE"
// (text without an attribute), "json:PATH" or "regexp:EXPRESSION" (the first
// group).
type JourneyStep struct {
	Name       string            `yaml:"name,omitempty"` // "POST /login" by default
	Get        string            `yaml:"get,omitempty"`
	Post       string            `yaml:"post,omitempty"`
	Headers    map[string]Text   `yaml:"headers,omitempty"`
	Form       map[string]Text   `yaml:"form,omitempty"`
	JSON       any               `yaml:"json,omitempty"`
	Status     StatusSet         `yaml:"status,omitempty"`
	Body       string            `yaml:"body,omitempty"`
	BodyNot    string            `yaml:"body_not,omitempty"`
	BodyRegexp *Regexp           `yaml:"body_regexp,omitempty"`
	Extract    map[string]string `yaml:"extract,omitempty"`
	Slow       Duration          `yaml:"slow,omitempty"` // the step's own latency budget; none by default
}

// complete names the steps that have no name; no two have the same.
func (steps Journey) complete() {
	taken := make(map[string]bool)
	for i := range steps {
		taken[steps[i].Name] = true
	}
	for i := range steps {
		step := &steps[i]
		step.Status = or(step.Status, statusOK())
		if step.Name != "" {
			continue
		}
		name := step.title()
		for n := 2; taken[step.Name] || step.Name == ""; n++ {
			step.Name = name
			name = fmt.Sprintf("%s (%d)", step.title(), n)
		}
		taken[step.Name] = true
	}
}

// title is the request as people write it: the method and the path, without a
// query, which may hold more than a label should.
func (s *JourneyStep) title() string {
	method, address := http.MethodGet, s.Get
	if s.Post != "" {
		method, address = http.MethodPost, s.Post
	}
	path, _, _ := strings.Cut(address, "?")
	if u, err := url.Parse(path); err == nil && u.Host != "" {
		path = or(u.Path, "/")
	}
	title := []rune(method + " " + path)
	return string(title[:min(len(title), maxStepName)])
}

func (steps Journey) check(c *checker, path string) {
	if len(steps) == 0 {
		c.add(path, "the journey has no steps (want a list such as [{get: https://www.example.org/}])")
	}
	extracted := make(map[string]bool)
	first := make(map[string]int)
	for i := range steps {
		step, place := &steps[i], at(path, i)
		if j, again := first[step.Name]; again {
			c.add(below(place, "name"), "two steps are named %s; first at %s", clipped(step.Name), c.positions.nearest(below(at(path, j), "name")))
		}
		first[step.Name] = i
		if len([]rune(step.Name)) > maxStepName {
			c.add(below(place, "name"), "got %d characters, want at most %d", len([]rune(step.Name)), maxStepName)
		}
		c.checkJourneyStep(place, step, i == 0)
		c.checkVariables(place, step, extracted)
		c.checkExtract(below(place, "extract"), step.Extract)
		for name := range step.Extract {
			extracted[name] = true
		}
	}
}

// checkTime wants each step's budget to be one that an attempt can break and
// still succeed.
func (steps Journey) checkTime(c *checker, path string, timeout Duration) {
	for i := range steps {
		c.checkBudget(below(at(path, i), "slow"), steps[i].Slow, timeout)
	}
}

func (c *checker) checkJourneyStep(path string, step *JourneyStep, first bool) {
	c.exactlyOne(path, "the request", "get", "post")
	c.checkStepURL(below(path, "get"), step.Get, first)
	c.checkStepURL(below(path, "post"), step.Post, first)
	hasForm, hasJSON := c.given(below(path, "form")), c.given(below(path, "json"))
	switch {
	case hasForm && hasJSON:
		c.add(below(path, "json"), "a request has one body (got form and json, want one)")
	case hasForm && step.Get != "":
		c.add(below(path, "form"), "a form is posted (want post: %s)", clipped(step.Get))
	case hasJSON && step.Get != "":
		c.add(below(path, "json"), "JSON is posted (want post: %s)", clipped(step.Get))
	}
	c.checkHeaders(below(path, "headers"), step.Headers)
}

// checkStepURL lets a later step be relative to the page before, or use a
// variable.
func (c *checker) checkStepURL(path, text string, first bool) {
	relative := strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//")
	if !first && (relative || strings.HasPrefix(text, "{{")) {
		return
	}
	c.checkURL(path, c.reference.ReplaceAllString(text, "x"))
}

// checkVariables wants every {{name}} to be extracted by an earlier step.
func (c *checker) checkVariables(path string, step *JourneyStep, extracted map[string]bool) {
	check := func(place, text string) {
		for _, match := range c.reference.FindAllStringSubmatch(text, -1) {
			if name := strings.TrimSpace(match[1]); !extracted[name] {
				c.add(place, "{{%s}} is not extracted by an earlier step%s", name, hint(name, names(extracted)))
			}
		}
	}
	check(below(path, "get"), step.Get)
	check(below(path, "post"), step.Post)
	check(below(path, "body"), step.Body)
	for name, text := range step.Headers {
		check(below(below(path, "headers"), name), text.Literal)
	}
	for name, text := range step.Form {
		check(below(below(path, "form"), name), text.Literal)
	}
	eachText(below(path, "json"), step.JSON, check)
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

func (c *checker) checkExtract(path string, extract map[string]string) {
	for name, expression := range extract {
		place := below(path, name)
		if !c.variable.MatchString(name) {
			c.add(place, "malformed variable (got %s, want letters, digits and _, beginning with a letter)", clipped(name))
		}
		if expression == "" {
			continue
		}
		if err := compiles(expression); err != nil {
			c.add(place, "%v", err)
		}
	}
}

// compiles says what is wrong with an expression that takes a value out of an
// answer.
func compiles(text string) error {
	how, expression, _ := strings.Cut(text, ":")
	switch how {
	case "css":
		selector := expression
		if i := strings.LastIndex(selector, "@"); i >= 0 {
			selector = selector[:i]
		}
		if _, err := cascadia.Parse(selector); err != nil {
			return fmt.Errorf("malformed CSS selector %s: %w", clipped(selector), err)
		}
		return nil
	case "json":
		if _, err := jp.ParseString(expression); err != nil {
			return fmt.Errorf("malformed JSON path %s: %w", clipped(expression), err)
		}
		return nil
	case "regexp":
		compiled, err := regexp.Compile(expression)
		if err != nil {
			return errors.New("malformed regular expression: " + reason(err))
		}
		if compiled.NumSubexp() == 0 {
			return fmt.Errorf("the regular expression has no group (got %s, want one with parentheses around the value)", clipped(expression))
		}
		return nil
	}
	return fmt.Errorf("got %s, want css:SELECTOR@ATTRIBUTE, json:PATH or regexp:EXPRESSION", clipped(text))
}

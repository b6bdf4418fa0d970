package catalog

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/ohler55/ojg/jp"
)

// maxStepName bounds a step's name, which becomes a label's value.
const maxStepName = 80

// Journey is several requests, as one visitor makes them.
type Journey []JourneyStep

// JourneyStep is one request of a journey, with Get or Post, or the steps of a
// shared list in its place. After loading, the journey of a probe holds those. Redirects are
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
	Use        string            `yaml:"use,omitempty"`  // a name under steps

	path string // where the step is written, from where unfold began
	user string // the step of the journey in whose place it stands, when it is shared
}

// complete names the steps that have no name; no two have the same. A shared
// step gives way to what the journey itself names.
func (steps Journey) complete() {
	taken := make(map[string]bool)
	for _, step := range steps {
		taken[step.Name] = taken[step.Name] || step.user == "" && step.Name != ""
	}
	for i := range steps {
		step := &steps[i]
		step.Status = or(step.Status, statusOK())
		if step.Use != "" || step.Name != "" && step.user == "" {
			continue
		}
		step.Name = distinct(or(step.Name, step.title()), taken)
		taken[step.Name] = true
	}
}

// distinct is name, or the first of "name (2)", "name (3)" that is not taken.
func distinct(name string, taken map[string]bool) string {
	runes, free := []rune(name), name
	for n := 2; taken[free]; n++ {
		end := fmt.Sprintf(" (%d)", n)
		free = string(runes[:min(len(runes), maxStepName-len(end))]) + end
	}
	return free
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

// journeySettings are a probe's journey as it is written and as it is made.
type journeySettings struct{ *Probe }

func (p journeySettings) complete() {
	p.Journey.complete()
	if p.Access != nil {
		p.Access.complete()
	}
}

func (p journeySettings) check(c *checker, path string) {
	p.written.check(c, path)
	if _, whole := c.unfold(p.written, path); !whole {
		c.add(path, "the journey has too many steps with all that it uses (want at most %d)", maxItems)
	}
}

// checkTime wants each step's budget to be one that an attempt can break and
// still succeed.
func (p journeySettings) checkTime(c *checker, path string, timeout Duration) {
	steps, _ := c.unfold(p.written, path)
	for i := range steps {
		if step := &steps[i]; step.Slow > 0 && step.Slow >= timeout {
			c.addOf(step, below(step.path, "slow"), "got %s, but an attempt that takes %s has failed already (want less than the timeout)", step.Slow, timeout)
		}
	}
}

// check looks at each step as it is written, in a journey or in a shared list.
func (steps Journey) check(c *checker, path string) {
	if len(steps) == 0 {
		c.add(path, "the journey has no steps (want a list such as [{get: https://www.example.org/}])")
	}
	first := make(map[string]int)
	for i := range steps {
		step, place := &steps[i], at(path, i)
		if j, again := first[step.Name]; again && step.Name != "" {
			c.add(below(place, "name"), "two steps are named %s; first at %s", clipped(step.Name), c.positions.nearest(below(at(path, j), "name")))
		}
		first[step.Name] = i
		if len([]rune(step.Name)) > maxStepName {
			c.add(below(place, "name"), "got %d characters, want at most %d", len([]rune(step.Name)), maxStepName)
		}
		c.checkJourneyStep(place, step)
		c.checkExtract(below(place, "extract"), step.Extract)
	}
}

func (c *checker) checkJourneyStep(path string, step *JourneyStep) {
	c.exactlyOne(path, "the request", "get", "post", "use")
	if step.Use != "" {
		c.checkUse(path, step.Use)
		return
	}
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

func (c *checker) checkExtract(path string, extract map[string]string) {
	for name, expression := range extract {
		place := below(path, name)
		c.checkVariable(place, name)
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

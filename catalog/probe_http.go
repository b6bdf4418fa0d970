package catalog

import (
	"net/http"

	"github.com/ohler55/ojg/jp"
)

// HTTPProbe is one request and what its answer must be.
type HTTPProbe struct {
	URL    string          `yaml:"url"`
	Method string          `yaml:"method,omitempty"` // GET by default, POST when a body is sent
	Query  map[string]Text `yaml:"query,omitempty"`  // put behind the address
	Send   *Text           `yaml:"send,omitempty"`   // the request's body, as it is
	Form   map[string]Text `yaml:"form,omitempty"`   // the request's body, as a form
	JSON   any             `yaml:"json,omitempty"`   // the request's body, as JSON
	Access

	Status     StatusSet             `yaml:"status,omitempty"`         // what counts as an answer, after redirects; 2xx by default
	Answer     map[string]*Regexp    `yaml:"answer_headers,omitempty"` // the answer has each header, and its value matches
	Body       string                `yaml:"body,omitempty"`           // the answer contains it
	BodyNot    string                `yaml:"body_not,omitempty"`       // the answer does not contain it
	BodyRegexp *Regexp               `yaml:"body_regexp,omitempty"`    // the answer matches it
	BodyJSON   map[string]Comparison `yaml:"body_json,omitempty"`      // what JSON paths in the answer fulfil
	BodyCEL    string                `yaml:"body_cel,omitempty"`       // true of the answer, whose JSON is called body
	BodyMax    Bytes                 `yaml:"body_max,omitempty"`       // the answer is not longer
}

// Methods are what HTTPProbe.Method may be.
func Methods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
}

func (p *HTTPProbe) complete() {
	if p.Send != nil || p.Form != nil || p.JSON != nil {
		p.Method = or(p.Method, http.MethodPost)
	}
	p.Method = or(p.Method, http.MethodGet)
	p.Status = or(p.Status, statusOK())
	p.Access.complete()
}

func (p *HTTPProbe) check(c *checker, path string) {
	c.checkURL(below(path, "url"), p.URL)
	if _, err := choice(p.Method, Methods()...); err != nil {
		c.add(below(path, "method"), "%v", err)
	}
	p.checkBodies(c, path)
	for name := range p.Answer {
		c.checkHeaderName(below(below(path, "answer_headers"), name), name)
	}
	for expression := range p.BodyJSON {
		if _, err := jp.ParseString(expression); err != nil {
			c.add(below(below(path, "body_json"), expression), "malformed JSON path %s: %v", clipped(expression), err)
		}
	}
	p.Access.check(c, path, p.URL)
}

// checkBodies looks at what is sent, and whether there is something to compare
// with what is expected.
func (p *HTTPProbe) checkBodies(c *checker, path string) {
	first := ""
	for _, key := range []string{"send", "form", "json"} {
		if !c.given(below(path, key)) {
			continue
		}
		if first != "" {
			c.add(below(path, key), "a request has one body (got %s and %s, want one)", first, key)
		}
		first = key
		if p.Method == http.MethodGet || p.Method == http.MethodHead {
			c.add(below(path, key), "a body is not sent with %s (want method: POST, PUT, PATCH or DELETE)", p.Method)
		}
	}
	for _, key := range []string{"body", "body_not", "body_regexp", "body_json", "body_cel", "body_max"} {
		if p.Method == http.MethodHead && c.given(below(path, key)) {
			c.add(below(path, key), "an answer to HEAD has no body (use method: GET)")
		}
	}
}

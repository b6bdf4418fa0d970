package catalog

import "net/http"

// HTTPProbe is one request. Status is what counts as an answer (2xx by
// default, after redirects); Body is text the answer contains, BodyRegexp an
// RE2 expression it matches, BodyNot text it must not contain.
type HTTPProbe struct {
	URL             string          `yaml:"url"`
	Method          string          `yaml:"method,omitempty"` // GET by default
	Headers         map[string]Text `yaml:"headers,omitempty"`
	Status          StatusSet       `yaml:"status,omitempty"`
	Body            string          `yaml:"body,omitempty"`
	BodyNot         string          `yaml:"body_not,omitempty"`
	BodyRegexp      *Regexp         `yaml:"body_regexp,omitempty"`
	FollowRedirects *bool           `yaml:"follow_redirects,omitempty"` // true by default
	CAFile          string          `yaml:"ca_file,omitempty"`
	ServerName      string          `yaml:"server_name,omitempty"`
}

// Methods are what HTTPProbe.Method may be.
func Methods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
}

func (p *HTTPProbe) complete() {
	p.Method = or(p.Method, http.MethodGet)
	p.Status = or(p.Status, statusOK())
	if p.FollowRedirects == nil {
		follow := true
		p.FollowRedirects = &follow
	}
}

func (p *HTTPProbe) check(c *checker, path string) {
	c.checkURL(below(path, "url"), p.URL)
	if _, err := choice(p.Method, Methods()...); err != nil {
		c.add(below(path, "method"), "%v", err)
	}
	for _, key := range []string{"body", "body_not", "body_regexp"} {
		if p.Method == http.MethodHead && c.given(below(path, key)) {
			c.add(below(path, key), "an answer to HEAD has no body (use method: GET)")
		}
	}
	c.checkHeaders(below(path, "headers"), p.Headers)
}

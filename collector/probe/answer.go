package probe

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/expression"
)

const (
	// maxBody is what is kept of a body, after decompression, for expectations.
	maxBody = 1 << 20
	// maxDrain is what is read of a body at all; a longer one is cut off and
	// counts as answered.
	maxDrain = 8 << 20
	// maxQuoted is what a text may look at of a body, so that a secret in it is
	// seen whole before the text is cut.
	maxQuoted = 4 << 10
	// maxReason bounds what a library says of a document.
	maxReason = 120
)

// answer is what came back of one request.
type answer struct {
	status int
	header http.Header
	url    *url.URL // after redirects
	body   []byte   // at most maxBody; nil when nobody asked for it
	size   int64    // bytes read
	tls    bool
}

// readAnswer reads a body, bounded, and keeps its beginning when keep says so
// for the status. A body that nobody looks at is not unpacked.
func readAnswer(resp *http.Response, keep func(status int) bool) (answer, error) {
	a := answer{status: resp.StatusCode, header: resp.Header, url: resp.Request.URL, tls: resp.TLS != nil}
	var rest io.Reader = resp.Body
	if keep(resp.StatusCode) {
		plain, done, err := unpack(resp)
		if err != nil {
			return a, err
		}
		defer done()
		var b bytes.Buffer
		n, err := io.Copy(&b, io.LimitReader(plain, maxBody))
		a.body, a.size = b.Bytes(), n
		if err != nil {
			return a, err
		}
		rest = plain
	}
	n, err := io.Copy(io.Discard, io.LimitReader(rest, maxDrain-a.size))
	a.size += n
	return a, err
}

// expectation is what the catalogue wants of an answer.
type expectation struct {
	status     catalog.StatusSet
	headers    map[string]*catalog.Regexp
	body       string
	expand     func(string) string // fills a journey's variables into body and bodyNot; nil for none
	bodyNot    string
	bodyRegexp *regexp.Regexp
	regexpText string // as it is written
	json       []jsonCheck
	cel        *expression.Condition
	most       int64 // bytes of the body; 0 for no bound but ours
	always     bool  // keep the body for extraction
}

// wants says whether the status is expected.
func (e expectation) wants(code int) bool {
	if e.status.String() == "" {
		return code >= 200 && code <= 299
	}
	return e.status.Has(code)
}

func (e expectation) wanted() string {
	if text := e.status.String(); text != "" {
		return text
	}
	return "2xx"
}

// filled is what is looked for in a body. Messages show the unexpanded text: a
// variable's value may be a token.
func (e expectation) filled(text string) []byte {
	if e.expand != nil {
		text = e.expand(text)
	}
	return []byte(text)
}

// needsBody keeps the body where a later check or the text reads it.
func (e expectation) needsBody(status int) bool {
	return e.always || e.body != "" || e.bodyNot != "" || e.bodyRegexp != nil || len(e.json) > 0 || e.cel != nil || e.most > 0 || !e.wants(status)
}

// check compares an answer. The error is a *misfit, or nil.
func (e expectation) check(a answer) error {
	if by := e.blockedBy(a); by != "" {
		return misfitf(ReasonBlocked, "status %d: blocked by %s; the service itself was not seen", a.status, by)
	}
	if !e.wants(a.status) {
		return e.miss(a, ReasonStatus, fmt.Sprintf("status %d, want %s", a.status, e.wanted()), "status "+e.wanted())
	}
	for _, name := range names(e.headers) {
		if err := checkHeader(a.header, name, e.headers[name].Regexp); err != nil {
			return err
		}
	}
	if e.most > 0 && a.size > e.most {
		return wanted(ReasonBody, fmt.Sprintf("a body of at most %d bytes", e.most), fmt.Sprintf("at least %d bytes", a.size))
	}
	if err := e.checkText(a); err != nil || len(e.json) == 0 && e.cel == nil {
		return err
	}
	return e.checkJSON(a)
}

// despite is what is wrong with an answer whose body could not be read. Its
// status alone may say enough.
func (e expectation) despite(a answer, broken error) error {
	if by := e.blockedBy(a); by != "" {
		return misfitf(ReasonBlocked, "status %d: blocked by %s; the service itself was not seen", a.status, by)
	}
	if e.wants(a.status) {
		return broken
	}
	text := fmt.Sprintf("status %d, want %s; %v", a.status, e.wanted(), bare(broken))
	return &misfit{reason: ReasonStatus, text: text, expected: "status " + e.wanted(), found: bare(broken).Error()}
}

func (e expectation) checkText(a answer) error {
	switch {
	case !bytes.Contains(a.body, e.filled(e.body)):
		return e.miss(a, ReasonBody, "body does not contain "+quote(e.body), "a body with "+quote(e.body))
	case e.bodyNot != "" && bytes.Contains(a.body, e.filled(e.bodyNot)):
		return &misfit{reason: ReasonBody, text: "body contains " + quote(e.bodyNot), expected: "a body without " + quote(e.bodyNot), found: excerpt(a)}
	case e.bodyRegexp != nil && !e.bodyRegexp.Match(a.body):
		return e.miss(a, ReasonBody, "body does not match "+quote(e.regexpText), "a body that matches "+quote(e.regexpText))
	}
	return nil
}

func (e expectation) checkJSON(a answer) error {
	tree, err := parseJSON(a.body)
	if err != nil {
		return e.miss(a, ReasonBody, "body is no JSON: "+bound(printable(err.Error()), maxReason), "a body in JSON")
	}
	for _, c := range e.json {
		if err := c.check(tree); err != nil {
			return err
		}
	}
	if e.cel == nil {
		return nil
	}
	holds, err := e.cel.Holds(tree)
	switch {
	case err != nil:
		return e.miss(a, ReasonBody, "body_cel "+quote(e.cel.String())+": "+bound(printable(err.Error()), maxReason), quote(e.cel.String()))
	case !holds:
		return e.miss(a, ReasonBody, "not true of the body: "+quote(e.cel.String()), quote(e.cel.String()))
	}
	return nil
}

// miss is a misfit that quotes the body.
func (e expectation) miss(a answer, reason Reason, text, expected string) error {
	return &misfit{reason: reason, text: text + found(a), expected: expected, found: excerpt(a)}
}

// checkHeader wants one of a header's values to match.
func checkHeader(header http.Header, name string, want *regexp.Regexp) error {
	values := header.Values(name)
	for _, value := range values {
		if want.MatchString(value) {
			return nil
		}
	}
	seen := "none"
	if len(values) > 0 {
		seen = quote(strings.Join(values, ", "))
	}
	return wanted(ReasonBody, "header "+name+" that matches "+quote(want.String()), seen)
}

// blockedBy names who refused us, or nothing. A refusal whose very status the
// catalogue names is what was wanted; a 2xx is named by everybody, and some
// products challenge with one.
func (e expectation) blockedBy(a answer) string {
	if e.wants(a.status) && a.status >= 300 {
		return ""
	}
	return blockedBy(a)
}

// found describes an answer for a text.
func found(a answer) string {
	if len(a.body) == 0 {
		return "; the body is empty"
	}
	return "; found " + excerpt(a)
}

// excerpt is how long a body is, and its beginning.
func excerpt(a answer) string {
	size := fmt.Sprintf("%d bytes", a.size)
	if a.size >= maxDrain {
		size = fmt.Sprintf("over %d bytes, of which the first %d were searched", a.size, maxBody)
	} else if a.size > maxBody {
		size += fmt.Sprintf(", of which the first %d were searched", maxBody)
	}
	start := a.body[:min(len(a.body), maxQuoted)]
	return size + ": " + strings.ToValidUTF8(string(start), "?")
}

// judge turns an answer or the error instead of it into a result.
func (t *trace) judge(a answer, err error, fail func(error) Result) Result {
	if err != nil {
		r := fail(err)
		r.Status = a.status
		if m, ok := errors.AsType[*misfit](err); ok && m.expected != "" {
			r.Detail = cmp.Or(r.Detail, new(Detail))
			r.Detail.Expected, r.Detail.Found = m.expected, m.found
		}
		return r
	}
	r := t.finish()
	r.Status = a.status
	return r
}

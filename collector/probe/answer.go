package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
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
// for the status.
func readAnswer(resp *http.Response, keep func(status int) bool) (answer, error) {
	a := answer{status: resp.StatusCode, header: resp.Header, url: resp.Request.URL, tls: resp.TLS != nil}
	if keep(resp.StatusCode) {
		var b bytes.Buffer
		n, err := io.Copy(&b, io.LimitReader(resp.Body, maxBody))
		a.body, a.size = b.Bytes(), n
		if err != nil {
			return a, err
		}
	}
	n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxDrain-a.size))
	a.size += n
	return a, err
}

// expectation is what the catalogue wants of an answer.
type expectation struct {
	status     catalog.StatusSet
	body       string
	expand     func(string) string // fills a journey's variables into body and bodyNot; nil for none
	bodyNot    string
	bodyRegexp *regexp.Regexp
	always     bool // keep the body for extraction
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
	return e.always || e.body != "" || e.bodyNot != "" || e.bodyRegexp != nil || !e.wants(status)
}

// check compares an answer. The error is a *misfit, or nil.
func (e expectation) check(a answer) error {
	if by := e.blockedBy(a); by != "" {
		return misfitf(ReasonBlocked, "status %d: blocked by %s; the service itself was not seen", a.status, by)
	}
	if !e.wants(a.status) {
		return misfitf(ReasonStatus, "status %d, want %s%s", a.status, e.wanted(), found(a))
	}
	if !bytes.Contains(a.body, e.filled(e.body)) {
		return misfitf(ReasonBody, "body does not contain %s%s", quote(e.body), found(a))
	}
	if e.bodyNot != "" && bytes.Contains(a.body, e.filled(e.bodyNot)) {
		return misfitf(ReasonBody, "body contains %s", quote(e.bodyNot))
	}
	if e.bodyRegexp != nil && !e.bodyRegexp.Match(a.body) {
		return misfitf(ReasonBody, "body does not match %s%s", quote(e.bodyRegexp.String()), found(a))
	}
	return nil
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
	size := fmt.Sprintf("%d bytes", a.size)
	if a.size >= maxDrain {
		size = fmt.Sprintf("over %d bytes, of which the first %d were searched", a.size, maxBody)
	} else if a.size > maxBody {
		size += fmt.Sprintf(", of which the first %d were searched", maxBody)
	}
	start := a.body[:min(len(a.body), maxQuoted)]
	return "; found " + size + ": " + strings.ToValidUTF8(string(start), "?")
}

// judge turns an answer or the error instead of it into a result.
func (t *trace) judge(a answer, err error, fail func(error) Result) Result {
	if err != nil {
		r := fail(err)
		r.Status = a.status
		var m *misfit
		if errors.As(err, &m) && m.reason == ReasonBlocked {
			r.Outcome = Blocked
		}
		return r
	}
	r := t.finish()
	r.Status = a.status
	return r
}

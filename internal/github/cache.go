package github

import (
	"net/http"
	"strings"
)

// maxCached bounds the memory of conditional requests: one entry per polled
// address.
const maxCached = 512

// cache remembers good answers with their validators, so that asking again
// costs nothing while nothing has changed: GitHub does not count a 304
// against the limit of an authorised account.
type cache struct {
	entries map[string]entry
	order   []string // oldest first
}

type entry struct {
	etag, modified string
	answer         answer
}

func newCache() cache { return cache{entries: map[string]entry{}} }

// condition adds the validator of an earlier answer to a request. The date
// goes first where there is one, because GitHub's ETags change with the token.
func (c *cache) condition(target string, h http.Header) {
	e, ok := c.entries[target]
	switch {
	case !ok:
	case e.modified != "":
		h.Set("If-Modified-Since", e.modified)
	default:
		h.Set("If-None-Match", e.etag)
	}
}

func (c *cache) keep(target string, h http.Header, a answer) {
	e := entry{etag: h.Get("Etag"), modified: h.Get("Last-Modified"), answer: a}
	if e.etag == "" && e.modified == "" {
		return
	}
	if _, known := c.entries[target]; !known {
		c.order = append(c.order, target)
	}
	c.entries[target] = e
	if len(c.order) > maxCached {
		delete(c.entries, c.order[0])
		c.order = c.order[1:]
	}
}

// recall answers a 304. One that we have no answer for breaks the protocol.
func (c *cache) recall(target string) (answer, error) {
	e, ok := c.entries[target]
	if !ok {
		return answer{}, &Error{Kind: Malformed, Status: http.StatusNotModified, Method: http.MethodGet, Path: pathOf(target), Message: "304 to a request that was not conditional"}
	}
	return e.answer, nil
}

// nextPage is the address that the Link header calls next, or "".
func nextPage(h http.Header) string {
	for link := range strings.SplitSeq(h.Get("Link"), ",") {
		address, rest, ok := strings.Cut(strings.TrimSpace(link), ">")
		if ok && strings.HasPrefix(address, "<") && strings.Contains(rest, `rel="next"`) {
			return address[1:]
		}
	}
	return ""
}

package catalog

import (
	"strings"

	"golang.org/x/net/http/httpguts"
)

func (c *checker) checkProbe(path string, p *Probe) {
	c.exactlyOne(path, "the kind", ProbeKinds()...)
	c.checkSchedule(path, ProbeDefaults{Interval: p.Interval, Timeout: p.Timeout, Confirm: p.Confirm})
	c.checkBudget(below(path, "slow"), p.Slow, p.Timeout)
	allKnown(c, below(path, "locations"), "location", p.Locations, c.Locations)
	if p.Heartbeat != nil {
		c.checkHeartbeatPlace(path, p)
	}
	c.checkVariables(path, p)
	c.checkJourneyAccess(below(path, "access"), p)
	switch kind := p.kind(); {
	case kind.set:
		kind.settings.check(c, below(path, kind.name))
		if settings, is := kind.settings.(timed); is {
			settings.checkTime(c, below(path, kind.name), p.Timeout)
		}
	case c.given(below(path, "journey")): // but without a step, as below
		p.written.check(c, below(path, "journey"))
	case c.given(below(path, "browser")):
		p.Browser.check(c, below(path, "browser"))
	}
}

// checkBudget wants a latency budget, where one is given, to be shorter than
// the timeout.
func (c *checker) checkBudget(path string, slow, timeout Duration) {
	if c.given(path) && slow >= timeout {
		c.add(path, "got %s, but an attempt that takes %s has failed already (want less than the timeout)", slow, timeout)
	}
}

// checkHeaders wants names that can be sent, and no secret in place.
func (c *checker) checkHeaders(path string, headers map[string]Text) {
	for name, value := range headers {
		place := below(path, name)
		c.checkHeaderName(place, name)
		if !httpguts.ValidHeaderFieldValue(value.Literal) {
			c.add(place, "the value cannot stand in a header (it has a line break or another control character)")
		}
		if value.File == nil && secretHeader(name) && !strings.Contains(value.Literal, "{{") {
			c.hideAt(place)
			c.add(place, "secrets are kept in files of their own (want %s: {file: PATH})", name)
		}
	}
}

func (c *checker) checkHeaderName(path, name string) {
	if !httpguts.ValidHeaderFieldName(name) {
		c.add(path, "malformed header name (got %s, want one such as Accept-Language)", clipped(name))
	}
}

// secretHeader says that a header is there to prove who is asking.
func secretHeader(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "cookie", "x-api-key":
		return true
	}
	return false
}

package catalog

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxStepName bounds a step's name, which becomes a label's value.
const maxStepName = 80

func (c *Catalog) completeProbe(p *Probe, s *Service) {
	p.Means = or(p.Means, MeansDown)
	p.Interval = or(p.Interval, c.intervalOf(p, s))
	p.Confirm = or(p.Confirm, c.Defaults.Probe.Confirm)
	p.Slow = or(p.Slow, s.Thresholds.Latency*Duration(max(1, len(p.Journey))))
	p.Timeout = or(p.Timeout, c.timeoutOf(p))
	if len(p.Locations) == 0 {
		p.Locations = names(c.Locations)
	}
	completeHTTP(p.HTTP)
	completeJourney(p.Journey)
	if p.TLS != nil {
		host, _, _ := net.SplitHostPort(p.TLS.Address)
		p.TLS.ServerName = or(p.TLS.ServerName, host)
	}
	if p.DNS != nil {
		p.DNS.Type = or(p.DNS.Type, "A")
		p.DNS.Protocol = or(p.DNS.Protocol, "udp")
	}
	if p.Postgres != nil {
		p.Postgres.Query = or(p.Postgres.Query, defaultQuery)
	}
}

// intervalOf is the default schedule: what costs the target more, or belongs
// to somebody else, is asked less often.
func (c *Catalog) intervalOf(p *Probe, s *Service) Duration {
	if p.Journey != nil || s.External {
		return max(gentleInterval, c.Defaults.Probe.Interval)
	}
	return c.Defaults.Probe.Interval
}

// timeoutOf is the default timeout: longer than the latency budget as far as the
// interval allows, because what is not even slow must not count as failed.
func (c *Catalog) timeoutOf(p *Probe) Duration {
	usual := c.Defaults.Probe.Timeout
	if p.Slow < usual {
		return usual
	}
	return max(usual, min(2*p.Slow, p.Interval/Duration(p.Confirm)))
}

func completeHTTP(p *HTTPProbe) {
	if p == nil {
		return
	}
	p.Method = or(p.Method, http.MethodGet)
	p.Status = or(p.Status, statusOK())
	if p.FollowRedirects == nil {
		follow := true
		p.FollowRedirects = &follow
	}
}

func statusOK() StatusSet {
	set, _ := ParseStatusSet(defaultStatus) // which is well-formed
	return set
}

// completeJourney names the steps that have no name; no two have the same.
func completeJourney(steps []JourneyStep) {
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

// fits says whether a run with all its repetitions ends before the next.
func fits(interval, timeout Duration, confirm int) bool {
	return confirm == 0 || timeout.Std() <= interval.Std()/time.Duration(confirm)
}

package catalog

import "time"

func (c *Catalog) completeProbe(p *Probe, s *Service) {
	if p.Journey != nil {
		p.written = p.Journey
		p.Journey, _ = c.unfold(p.written, "journey")
	}
	p.Means = or(p.Means, MeansDown)
	p.Interval = or(p.Interval, c.intervalOf(p, s))
	p.Confirm = or(p.Confirm, c.Defaults.Probe.Confirm)
	p.Slow = or(p.Slow, slowOf(p, s))
	p.Timeout = or(p.Timeout, c.timeoutOf(p))
	switch {
	case len(p.Locations) > 0:
	case p.Heartbeat != nil, p.Domain != nil: // a job calls one exporter; a registry says the same everywhere
		p.Locations = []string{c.Defaults.Location}
	default:
		p.Locations = names(c.Locations)
	}
	for _, kind := range p.kinds() {
		if kind.set {
			kind.settings.complete()
		}
	}
}

// intervalOf is the default schedule: what costs the target more, or belongs
// to somebody else, is asked less often.
func (c *Catalog) intervalOf(p *Probe, s *Service) Duration {
	interval := max(p.kind().interval, c.Defaults.Probe.Interval)
	if s.External {
		return max(gentleInterval, interval)
	}
	return interval
}

// slowOf is the default latency budget: the service's for each step. A browser
// takes a while itself.
func slowOf(p *Probe, s *Service) Duration {
	budget := s.Thresholds.Latency * Duration(max(1, len(p.Journey), len(p.Browser)))
	switch {
	case p.Browser != nil:
		return max(budget, browserBudget)
	case p.Domain != nil: // how fast a registry is says nothing about the service
		return max(budget, domainBudget)
	}
	return budget
}

// timeoutOf is the default timeout: longer than the latency budget as far as the
// interval allows, because what is not even slow must not count as failed.
func (c *Catalog) timeoutOf(p *Probe) Duration {
	var patience Duration
	switch {
	case p.Browser != nil:
		patience = browserTimeout
	case p.Domain != nil:
		patience = domainTimeout
	}
	usual := max(c.Defaults.Probe.Timeout, min(patience, p.Interval/Duration(p.Confirm)))
	if p.Slow < usual {
		return usual
	}
	return max(usual, min(2*p.Slow, p.Interval/Duration(p.Confirm)))
}

func statusOK() StatusSet {
	set, _ := ParseStatusSet(defaultStatus) // which is well-formed
	return set
}

// fits says whether a run with all its repetitions ends before the next.
func fits(interval, timeout Duration, confirm int) bool {
	return confirm == 0 || timeout.Std() <= interval.Std()/time.Duration(confirm)
}

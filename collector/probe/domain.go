package probe

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// domain is what stays the same from attempt to attempt.
type domain struct {
	site   site
	spec   *catalog.DomainProbe
	name   string // as DNS knows it
	reach  *transport
	shared *registries
	// soon is from when on a registration that ends is asked for in every run, so
	// that its renewal is seen.
	soon time.Duration
}

// newDomain builds the kind domain: what the registry says of a domain, at most
// once a day while all is well.
func newDomain(s site) (Func, error) {
	spec := s.probe.Domain
	name, err := idna.Lookup.ToASCII(spec.Name)
	if err != nil {
		return nil, s.errorf("domain.name", "malformed domain: %v (want one such as example.org)", err)
	}
	d := &domain{site: s, spec: spec, name: name, shared: &s.shared.registries, soon: spec.ExpiresWithin.Std()}
	if service := s.catalog.Services[s.probe.Service]; service != nil {
		d.soon = max(d.soon, service.Thresholds.Domain.Std())
	}
	d.reach = &transport{buffers: &s.shared.buffers, dialing: newDialing("", ""), trust: newTrust(s, "domain", spec.CAFile, "")}
	return d.run, nil
}

func (d *domain) run(ctx context.Context) Result {
	t := newTrace()
	key := d.spec.Server + " " + d.spec.Bootstrap + " " + d.spec.CAFile + " " + d.name
	known, err := d.shared.domains.recall(ctx, key, d.age, func() (registration, error) { return d.ask(ctx, t) })
	if err != nil {
		return unseen(t.fail(ctx, err))
	}
	r := t.judge(answer{}, d.judge(known, time.Now()), func(err error) Result { return t.fail(ctx, err) })
	if !known.ends.IsZero() {
		r.Measures = []Measured{{DomainExpiry, float64(known.ends.Unix())}}
	}
	return r
}

// unseen is the result of an attempt that learnt nothing. That a registry is
// away says nothing about the domain.
func unseen(r Result) Result {
	if r.Reason == ReasonInternal {
		return r
	}
	r.Outcome, r.Reason = Blocked, ReasonBlocked
	r.Text = "asking the registry: " + r.Text + "; the domain itself was not seen"
	return r
}

// age is how long an answer is believed. What is or soon will be wrong is asked
// for again by the next run, though not by a repetition at once.
func (d *domain) age(r registration) time.Duration {
	now := time.Now()
	if d.judge(r, now) != nil || r.ends.Before(now.Add(d.soon)) {
		return time.Minute
	}
	return answerAge
}

// judge compares what the registry says. The error is a *misfit, or nil.
func (d *domain) judge(r registration, now time.Time) error {
	switch {
	case r.missing:
		return misfitf(ReasonStatus, "the registry knows no %s: it is not registered, or is a part of what is", d.name)
	case len(r.bad) > 0:
		return misfitf(ReasonStatus, "the status of %s is %s", d.name, strings.Join(r.bad, ", "))
	case r.ends.IsZero():
		return misfitf(ReasonBody, "the registry does not say when the registration of %s ends", d.name)
	}
	day, left := r.ends.UTC().Format("2006-01-02 15:04 MST"), r.ends.Sub(now)
	switch within := d.spec.ExpiresWithin; {
	case left <= 0:
		return misfitf(ReasonBody, "the registration of %s ended on %s", d.name, day)
	case left < within.Std():
		return wanted(ReasonBody, fmt.Sprintf("a registration for more than %s", within), fmt.Sprintf("%s left, until %s", catalog.Duration(left.Truncate(time.Hour)), day))
	}
	return nil
}

func domainHost(p *catalog.Probe) string { return hostOf(p.Domain.Server) }

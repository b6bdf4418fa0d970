package probe

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/promapi"
)

// promql is what stays the same from attempt to attempt.
type promql struct {
	spec    *catalog.PromQLProbe
	server  string
	limit   time.Duration
	reach   *transport
	secrets *secrets
}

// newPromQL builds the kind promql: one query and a look at every value.
func newPromQL(s site) (Func, error) {
	spec := s.probe.PromQL
	headers(spec.Headers).conceal(s.secrets)
	q := &promql{spec: spec, server: promqlServer(s.catalog, spec), limit: s.probe.Timeout.Std(), secrets: s.secrets}
	q.reach = &transport{buffers: &s.shared.buffers, dialing: newDialing("", ""), trust: newTrust(s, "promql", spec.CAFile, "")}
	return q.run, nil
}

// promqlServer is whom a probe asks.
func promqlServer(c *catalog.Catalog, spec *catalog.PromQLProbe) string {
	if spec.Server != "" {
		return spec.Server
	}
	return c.Links.Prometheus
}

func (q *promql) run(ctx context.Context) Result {
	t := newTrace()
	fail := func(err error) Result { return t.fail(ctx, err) }
	req, err := promapi.NewRequest(ctx, q.server, q.spec.Query, q.limit)
	if err != nil {
		return fail(ourFault{err})
	}
	if err := headers(q.spec.Headers).set(req, q.secrets, unchanged); err != nil {
		return fail(err)
	}
	req.Close = true
	client := &http.Client{Transport: q.reach.under(t), CheckRedirect: stay}
	got, err := send(client, t, req, expectation{always: true})
	var measures []Measured
	if err == nil {
		measures, err = q.check(got)
	}
	r := t.judge(got, err, fail)
	r.Measures = measures
	if r.Outcome != Success {
		q.reach.trust.forget()
	}
	return r
}

// check compares every series. The error is a *misfit, or nil.
func (q *promql) check(a answer) ([]Measured, error) {
	if a.size > promapi.MaxAnswer {
		return nil, misfitf(ReasonBody, "the query gives far too many series: aggregate them, for example with sum()")
	}
	samples, err := promapi.Read(a.status, a.body)
	if err != nil {
		if by := blockedBy(a); by != "" {
			return nil, misfitf(ReasonBlocked, "status %d: blocked by %s; Prometheus was not asked", a.status, by)
		}
		return nil, misfitf(ReasonStatus, "asking %s: %v", promapi.Endpoint(q.server), err)
	}
	if len(samples) == 0 && q.spec.NoData == catalog.NoDataFails {
		return nil, misfitf(ReasonBody, "the query gives no series, want one %s", q.spec.Value)
	}
	for _, sample := range samples {
		measures, err := judgeValue("series "+quote(sample.String()), sample.Value, q.spec.Value)
		if err != nil || len(samples) == 1 {
			return measures, err
		}
	}
	return nil, nil
}

func promqlHost(p *catalog.Probe) string { return hostOf(p.PromQL.Server) }

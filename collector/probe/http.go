package probe

import (
	"context"
	"net/http"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// httpAttempt is what stays the same from attempt to attempt.
type httpAttempt struct {
	spec    *catalog.HTTPProbe
	reach   *transport
	follow  func(*http.Request, []*http.Request) error
	secrets *secrets
	want    expectation
}

// newHTTP builds the kind http: one request over a fresh connection.
func newHTTP(s site) (Func, error) {
	spec := s.probe.HTTP
	headers(spec.Headers).conceal(s.secrets)
	a := &httpAttempt{
		spec:    spec,
		secrets: s.secrets,
		want:    expect(spec.Status, spec.Body, spec.BodyNot, spec.BodyRegexp),
		reach:   &transport{buffers: &s.shared.buffers, dialing: newDialing(), trust: newTrust(s, "http", spec.CAFile, spec.ServerName)},
		follow:  redirects(headers(spec.Headers).secretNames(nil)),
	}
	if spec.FollowRedirects != nil && !*spec.FollowRedirects {
		a.follow = stay
	}
	return a.run, nil
}

// expect is the expectation of a spec without variables.
func expect(status catalog.StatusSet, body, bodyNot string, matches *catalog.Regexp) expectation {
	e := expectation{status: status, body: body, bodyNot: bodyNot}
	if matches != nil {
		e.bodyRegexp = matches.Regexp
	}
	return e
}

func (a *httpAttempt) run(ctx context.Context) Result {
	t := newTrace()
	fail := func(err error) Result { return t.fail(ctx, err) }
	method := a.spec.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, a.spec.URL, http.NoBody)
	if err != nil {
		return fail(ourFault{err})
	}
	if err := headers(a.spec.Headers).set(req, a.secrets, unchanged); err != nil {
		return fail(err)
	}
	req.Close = true
	client := &http.Client{Transport: a.reach.under(t), CheckRedirect: a.follow}
	got, err := send(client, t, req, a.want)
	if err == nil {
		err = a.want.check(got)
	}
	r := t.judge(got, err, fail)
	if r.Outcome != Success {
		a.reach.trust.forget()
	}
	return r
}

func httpHost(p *catalog.Probe) string { return hostOf(p.HTTP.URL) }

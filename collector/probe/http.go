package probe

import (
	"context"
	"net/http"
	"net/url"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// httpAttempt is what stays the same from attempt to attempt.
type httpAttempt struct {
	spec    *catalog.HTTPProbe
	access  *access
	payload payload
	want    expectation
}

// newHTTP builds the kind http: one request over a fresh connection.
func newHTTP(s site) (Func, error) {
	spec := s.probe.HTTP
	want, err := expectHTTP(s, spec)
	a := &httpAttempt{
		spec:    spec,
		access:  newAccess(s, "http", &spec.Access),
		payload: payload{raw: spec.Send, form: spec.Form, json: spec.JSON, secrets: s.secrets, expand: unchanged},
		want:    want,
	}
	a.access.redirect.sealed = a.payload.secret(nil)
	return a.run, err
}

// expectHTTP is what a spec wants of its answer.
func expectHTTP(s site, spec *catalog.HTTPProbe) (expectation, error) {
	want := expect(spec.Status, spec.Body, spec.BodyNot, spec.BodyRegexp)
	want.headers, want.most = spec.Answer, int64(spec.BodyMax)
	for _, path := range names(spec.BodyJSON) {
		c, err := newJSONCheck(path, spec.BodyJSON[path])
		if err != nil {
			return want, s.errorf("http.body_json."+path, "%v", err)
		}
		want.json = append(want.json, c)
	}
	if spec.BodyCEL == "" {
		return want, nil
	}
	var err error
	if want.cel, err = s.shared.conditions.Compile(spec.BodyCEL); err != nil {
		return want, s.errorf("http.body_cel", "%v", err)
	}
	return want, nil
}

// expect is the expectation of a spec without variables.
func expect(status catalog.StatusSet, body, bodyNot string, matches *catalog.Regexp) expectation {
	e := expectation{status: status, body: body, bodyNot: bodyNot}
	if matches != nil {
		e.bodyRegexp, e.regexpText = matches.Regexp, matches.String()
	}
	return e
}

func (a *httpAttempt) run(ctx context.Context) Result {
	t := newTrace()
	fail := func(err error) Result { return t.fail(ctx, err) }
	req, err := a.request(ctx)
	if err != nil {
		return fail(err)
	}
	got, err := a.access.send(req, t, a.want)
	if err == nil {
		err = a.want.check(got)
	}
	return a.access.judge(t, got, err, fail)
}

// request is the request as the catalogue says.
func (a *httpAttempt) request(ctx context.Context) (*http.Request, error) {
	body, contentType, err := a.payload.make()
	if err != nil {
		return nil, err
	}
	method := a.spec.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, a.spec.URL, body)
	if err != nil {
		return nil, ourFault{err}
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req, a.query(req.URL)
}

// query puts the parameters of the catalogue behind an address.
func (a *httpAttempt) query(u *url.URL) error {
	if len(a.spec.Query) == 0 {
		return nil
	}
	parameters := u.Query()
	for name, text := range a.spec.Query {
		value, err := a.access.secrets.read(text)
		if err != nil {
			return ourFault{err}
		}
		parameters.Set(name, value)
	}
	u.RawQuery = parameters.Encode()
	return nil
}

func httpHost(p *catalog.Probe) string { return hostOf(p.HTTP.URL) }

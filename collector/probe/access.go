package probe

import (
	"maps"
	"net/http"
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// access is how a probe's requests reach their server and prove who is asking,
// ready for its attempts.
type access struct {
	spec     *catalog.Access
	reach    *transport
	redirect redirectPolicy
	identity identity
	secrets  *secrets
}

// newAccess prepares what stands under a kind's key of the catalogue.
func newAccess(s site, kind string, spec *catalog.Access) *access {
	headers(spec.Headers).conceal(s.secrets)
	a := &access{
		spec:     spec,
		secrets:  s.secrets,
		reach:    newTransport(s, kind, spec),
		identity: newIdentity(s, spec.Auth),
		redirect: redirectPolicy{
			follow:  spec.FollowRedirects == nil || *spec.FollowRedirects,
			limit:   spec.MaxRedirects,
			hosts:   spec.AllowRedirectHosts,
			secrets: append(headers(spec.Headers).secretNames(s.probe.Variables), "Authorization"),
		},
	}
	if a.redirect.limit == 0 {
		a.redirect.limit = maxRedirects
	}
	return a
}

// newTransport is the transport of a probe with these settings.
func newTransport(s site, kind string, spec *catalog.Access) *transport {
	trust := newTrust(s, kind, spec.CAFile, spec.ServerName)
	trust.certify(spec.CertFile, spec.KeyFile)
	trust.lowest = tlsVersion(spec.TLSMinVersion)
	return &transport{
		buffers: &s.shared.buffers,
		dialing: newDialing(spec.IP, spec.Resolver),
		trust:   trust,
		version: spec.Version,
		proxy:   newProxy(s, spec.Proxy),
	}
}

// send makes a request under t, with everything that proves who is asking, and
// reads its answer.
func (a *access) send(req *http.Request, t *trace, want expectation) (answer, error) {
	if err := headers(a.spec.Headers).set(req, a.secrets, unchanged); err != nil {
		return answer{}, err
	}
	return a.sendAs(asker{identity: a.identity, redirect: a.redirect}, req, t, want)
}

// asker is who makes a request, and what they do with its answer.
type asker struct {
	identity identity
	redirect redirectPolicy
	cookies  http.CookieJar // nil for none
}

// sendAs makes a request whose headers are set, and reads its answer. A token
// that was kept is renewed once when it is refused.
func (a *access) sendAs(who asker, req *http.Request, t *trace, want expectation) (answer, error) {
	if req.Method != http.MethodHead && req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	req.Close = a.spec.Version != "3"
	e := a.reach.under(t)
	client := &http.Client{Transport: e, CheckRedirect: who.redirect.under(e), Jar: who.cookies}
	for renewed := false; ; renewed = true {
		kept, err := who.identity.prove(req, e)
		if err != nil {
			return answer{}, err
		}
		got, err := send(client, t, req, want)
		if !kept || renewed || err != nil || got.status != http.StatusUnauthorized {
			return got, err
		}
		who.identity.renew()
		if req, err = again(req); err != nil {
			return got, err
		}
	}
}

// again is a request that can be sent once more.
func again(req *http.Request) (*http.Request, error) {
	copied := req.Clone(req.Context())
	if req.GetBody == nil {
		return copied, nil
	}
	body, err := req.GetBody()
	copied.Body = body
	return copied, err
}

// judge turns an answer, or the error instead of it, into a result. What
// follows a failure begins with a full handshake.
func (a *access) judge(t *trace, got answer, err error, fail func(error) Result) Result {
	r := t.judge(got, err, fail)
	if r.Outcome != Success {
		a.reach.trust.forget()
	}
	return r
}

// names are the sorted keys of a mapping of the catalogue.
func names[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }

package probe

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// journeyStep is one step, ready to be made.
type journeyStep struct {
	*catalog.JourneyStep
	number     int
	follow     bool
	budget     time.Duration // the step's own; zero for none
	want       expectation
	extractors []extractor
	secret     []string // names of the headers that hold what was in a file
	sealed     bool     // the body holds what was in a file
}

// journey is what stays the same from attempt to attempt.
type journey struct {
	steps   []journeyStep
	given   map[string]catalog.Text // the probe's variables
	access  *access
	secrets *secrets
}

// visit is one attempt: a visitor with cookies and the values taken so far.
type visit struct {
	*journey
	trace   *trace
	cookies http.CookieJar
	values  variables
	home    *url.URL // the first step's address, whose server alone is told who is asking
	at      *url.URL // the last answer's address; later steps may be relative to it
	steps   []StepTime
	slow    bool // a step took longer than its own budget
}

// newJourney builds the kind journey. Each request has a connection of its own,
// as the kind http has; what is left of an attempt is its TLS sessions.
func newJourney(s site) (Func, error) {
	spec := s.probe.Access
	if spec == nil {
		spec = new(catalog.Access)
	}
	j := &journey{given: s.probe.Variables, access: newAccess(s, "access", spec), secrets: s.secrets}
	for i := range s.probe.Journey {
		step, err := newStep(s, i)
		if err != nil {
			return nil, err
		}
		j.steps = append(j.steps, step)
	}
	return j.run, nil
}

func newStep(s site, i int) (journeyStep, error) {
	spec := &s.probe.Journey[i]
	step := journeyStep{JourneyStep: spec, number: i + 1, budget: spec.Slow.Std(), follow: !namesRedirect(spec.Status)}
	headers(spec.Headers).conceal(s.secrets)
	step.secret = headers(spec.Headers).secretNames(s.probe.Variables)
	step.sealed = payload{form: spec.Form, json: spec.JSON}.secret(s.probe.Variables)
	step.want = expect(spec.Status, spec.Body, spec.BodyNot, spec.BodyRegexp)
	step.want.always = len(spec.Extract) > 0
	for _, name := range slices.Sorted(maps.Keys(spec.Extract)) {
		e, err := newExtractor(name, spec.Extract[name])
		if err != nil {
			return step, s.errorf(fmt.Sprintf("journey[%d].extract.%s", i, name), "%v", err)
		}
		step.extractors = append(step.extractors, e)
	}
	return step, nil
}

// target is the address and the key it stands under.
func (s journeyStep) target() (raw, key string) {
	if s.Post != "" {
		return s.Post, "post"
	}
	return s.Get, "get"
}

// namesRedirect says whether a step is about a redirect itself.
func namesRedirect(status catalog.StatusSet) bool {
	if status.String() == "" {
		return false
	}
	for code := 300; code < 400; code++ {
		if status.Has(code) {
			return true
		}
	}
	return false
}

func (j *journey) run(ctx context.Context) Result {
	jar, _ := cookiejar.New(nil)
	v := &visit{journey: j, trace: newTrace(), cookies: jar, values: make(variables)}
	if err := v.begin(); err != nil {
		return v.trace.fail(ctx, err)
	}
	var last answer
	for _, step := range j.steps {
		got, err := v.timed(ctx, step)
		if err != nil {
			return v.failed(ctx, step, got, err)
		}
		last = got
	}
	return v.told(v.trace.judge(last, nil, nil))
}

// begin reads the probe's variables, whose files may have changed.
func (v *visit) begin() error {
	for name, text := range v.given {
		value, err := v.secrets.read(text)
		if err != nil {
			return ourFault{err}
		}
		v.values[name] = value
	}
	return nil
}

// timed makes one step and remembers how long it took, a failing one included.
func (v *visit) timed(ctx context.Context, step journeyStep) (answer, error) {
	begun := time.Now()
	got, err := v.make(ctx, step)
	spent := time.Since(begun)
	v.steps = append(v.steps, StepTime{Name: step.Name, Duration: spent})
	v.slow = v.slow || step.budget > 0 && spent > step.budget
	return got, err
}

// told is a result with what was learnt of the steps.
func (v *visit) told(r Result) Result {
	r.Steps, r.Slow = v.steps, v.slow
	return r
}

// failed names the step in a failure.
func (v *visit) failed(ctx context.Context, step journeyStep, got answer, err error) Result {
	r := v.access.judge(v.trace, got, err, func(err error) Result { return v.trace.fail(ctx, err) })
	r.Step = step.Name
	r.Text = fmt.Sprintf("step %d %s: %s", step.number, step.Name, r.Text)
	return v.told(r)
}

// as is who makes a step's request. Another server than the first step's is not
// told, nor is one that the step itself tells.
func (v *visit) as(req *http.Request, step journeyStep) asker {
	who := asker{redirect: v.access.redirect, cookies: v.cookies}
	who.redirect.follow = who.redirect.follow && step.follow
	who.redirect.secrets, who.redirect.sealed = slices.Concat(who.redirect.secrets, step.secret), step.sealed
	if v.isHome(req.URL) && req.Header.Get("Authorization") == "" {
		who.identity = v.access.identity
	}
	return who
}

// isHome says whether an address is the server of the first step.
func (v *visit) isHome(u *url.URL) bool {
	if v.home == nil {
		v.home = u
	}
	return sameServer(u, v.home)
}

// make makes one step.
func (v *visit) make(ctx context.Context, step journeyStep) (answer, error) {
	req, err := v.request(ctx, step)
	if err != nil {
		return answer{}, err
	}
	want := step.want
	want.expand = v.values.expand
	if want.bodyRegexp, err = v.values.expandRegexp(want.bodyRegexp); err != nil {
		return answer{}, err
	}
	got, err := v.access.sendAs(v.as(req, step), req, v.trace, want)
	if err != nil {
		return got, err
	}
	v.at = got.url
	if err := want.check(got); err != nil {
		return got, err
	}
	for _, e := range step.extractors {
		value, err := e.from(got)
		if err != nil {
			return got, err
		}
		v.values[e.name] = value
	}
	return got, nil
}

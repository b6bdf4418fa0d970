package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// journeyStep is one step, ready to be made.
type journeyStep struct {
	*catalog.JourneyStep
	number     int
	follow     bool
	want       expectation
	extractors []extractor
}

// journey is what stays the same from attempt to attempt.
type journey struct {
	steps   []journeyStep
	secrets *secrets
}

// visit is one attempt: a visitor with a connection pool, a cookie jar and the
// values taken so far.
type visit struct {
	*journey
	trace  *trace
	client http.Client
	values variables
	at     *url.URL // the last answer's address; later steps may be relative to it
}

// newJourney builds the kind journey. Connections are kept between the steps of
// one attempt, as a browser keeps them, and closed after it.
func newJourney(s site) (Func, error) {
	j := &journey{secrets: s.secrets}
	known := make(map[string]bool)
	for i := range s.probe.Journey {
		step, err := newStep(s, i, known)
		if err != nil {
			return nil, err
		}
		j.steps = append(j.steps, step)
	}
	return j.run, nil
}

// newStep checks what the catalogue's loader does not: addresses, expressions,
// and that every variable was taken by an earlier step.
func newStep(s site, i int, known map[string]bool) (journeyStep, error) {
	spec := &s.probe.Journey[i]
	step := journeyStep{JourneyStep: spec, number: i + 1, follow: !namesRedirect(spec.Status)}
	where := fmt.Sprintf("journey[%d]", i)
	if err := step.checkURL(s, where); err != nil {
		return step, err
	}
	for _, text := range step.texts() {
		for _, name := range references(text) {
			if !known[name] {
				return step, s.errorf(where, "{{%s}} is not extracted by an earlier step (have %s)", name, listed(known))
			}
		}
	}
	headers(spec.Headers).conceal(s.secrets)
	step.want = expect(spec.Status, spec.Body, spec.BodyNot, spec.BodyRegexp)
	step.want.always = len(spec.Extract) > 0
	for _, name := range slices.Sorted(maps.Keys(spec.Extract)) {
		e, err := newExtractor(name, spec.Extract[name])
		if err != nil {
			return step, s.errorf(where+".extract."+name, "%v", err)
		}
		step.extractors = append(step.extractors, e)
		known[name] = true
	}
	return step, nil
}

func (s journeyStep) checkURL(at site, where string) error {
	raw, key := s.target()
	if s.number > 1 && (strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "{{")) {
		return nil
	}
	return httpURL(at, where+"."+key, raw)
}

// target is the address and the key it stands under.
func (s journeyStep) target() (raw, key string) {
	if s.Post != "" {
		return s.Post, "post"
	}
	return s.Get, "get"
}

// texts are all texts of the step that may hold variables.
func (s journeyStep) texts() []string {
	all := []string{s.Get, s.Post, s.JourneyStep.Body}
	for _, fields := range []map[string]catalog.Text{s.Headers, s.Form} {
		for _, value := range fields {
			all = append(all, value.Literal)
		}
	}
	walkStrings(s.JSON, func(text string) string {
		all = append(all, text)
		return text
	})
	return all
}

func listed(known map[string]bool) string {
	if len(known) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(known)), ", ")
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
	transport := newTransport(&tls.Config{MinVersion: tls.VersionTLS12})
	transport.DisableKeepAlives = false
	defer transport.CloseIdleConnections()
	jar, _ := cookiejar.New(nil)
	v := &visit{journey: j, trace: newTrace(), client: http.Client{Transport: transport, Jar: jar}, values: make(variables)}
	var last answer
	for _, step := range j.steps {
		got, err := v.make(ctx, step)
		if err != nil {
			return v.failed(ctx, step, got, err)
		}
		last = got
	}
	return v.trace.judge(last, nil, nil)
}

// failed names the step in a failure.
func (v *visit) failed(ctx context.Context, step journeyStep, got answer, err error) Result {
	r := v.trace.judge(got, err, func(err error) Result { return v.trace.fail(ctx, err) })
	r.Step = step.Name
	r.Text = fmt.Sprintf("step %d %s: %s", step.number, step.Name, r.Text)
	return r
}

// make makes one step.
func (v *visit) make(ctx context.Context, step journeyStep) (answer, error) {
	req, err := v.request(ctx, step)
	if err != nil {
		return answer{}, err
	}
	v.client.CheckRedirect = stay
	if step.follow {
		v.client.CheckRedirect = redirects(headers(step.Headers).secretNames())
	}
	want := step.want
	want.expand = v.values.expand
	got, err := send(ctx, &v.client, v.trace, req, want)
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

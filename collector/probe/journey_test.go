package probe

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// shop is a small application with a login; breaking names what is broken.
func shop(t testing.TB, breaking string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		if breaking == "form" {
			fmt.Fprint(w, "<p>Come back later</p>")
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "visitor", Value: "42"})
		fmt.Fprint(w, `<form><input type="hidden" name="csrf" value="t&amp;k+n/="><b class="greeting">Hello <i>you</i></b></form>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		visitor, err := r.Cookie("visitor")
		ok := err == nil && visitor.Value == "42" && r.FormValue("csrf") == "t&k+n/=" && r.FormValue("user") == "probe" && r.FormValue("password") == "hunter-two"
		if breaking == "login" || !ok {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, "wrong password %s for %s", r.FormValue("password"), r.FormValue("user"))
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s"})
		http.Redirect(w, r, "/account", http.StatusFound)
	})
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil || breaking == "account" {
			fmt.Fprint(w, "Please sign in")
			return
		}
		fmt.Fprint(w, `Sign out`)
	})
	mux.HandleFunc("POST /api", func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 1000)
		n, _ := r.Body.Read(body)
		fmt.Fprintf(w, `{"type": %q, "got": %s, "items": [{"id": 17, "name": "bell"}], "query": %q}`, r.Header.Get("Content-Type"), body[:n], r.URL.RawQuery)
	})
	return serve(t, mux.ServeHTTP).URL
}

func login(t testing.TB, url string) string {
	return fmt.Sprintf(`{interval: 60s, journey: [
        {get: %[1]s/login, extract: {csrf: "css:input[name=csrf]@value", greeting: "css:.greeting", name: 'regexp:name="(\w+)"'}},
        {post: %[1]s/login, form: {user: probe, password: {file: %[2]s}, csrf: "{{csrf}}", seen: "{{greeting}}"}, status: 302},
        {get: /account, body: "Sign out"}]}`, url, secretFile(t, "hunter-two"))
}

func TestJourney(t *testing.T) {
	for _, test := range []struct {
		breaking, step, text string
		reason               Reason
		status               int
	}{
		{breaking: "nothing", status: 200},
		{breaking: "form", step: "GET /login", reason: ReasonBody, status: 200, text: `step 1 GET /login: extracting csrf by "css:input[name=csrf]@value": it matched nothing; found 22 bytes: <p>Come back later</p>`},
		{breaking: "login", step: "POST /login", reason: ReasonStatus, status: 500, text: `step 2 POST /login: status 500, want 302; found 35 bytes: wrong password *** for probe`},
		{breaking: "account", step: "GET /account", reason: ReasonBody, status: 200, text: `step 3 GET /account: body does not contain "Sign out"; found 14 bytes: Please sign in`},
	} {
		t.Run(test.breaking, func(t *testing.T) {
			r := try(t, login(t, shop(t, test.breaking)))
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, test.text, r.Text)
			require.Equal(t, test.step, r.Step)
			require.Equal(t, test.status, r.Status)
			require.Positive(t, r.Phases[FirstByte])
		})
	}
}

func TestEachStepIsTimedAsFarAsTheJourneyCame(t *testing.T) {
	for breaking, want := range map[string][]string{
		"nothing": {"GET /login", "POST /login", "GET /account"},
		"login":   {"GET /login", "POST /login"},
		"form":    {"GET /login"},
	} {
		r := try(t, login(t, shop(t, breaking)))
		var names []string
		for _, step := range r.Steps {
			names = append(names, step.Name)
			require.Positive(t, step.Duration)
		}
		require.Equal(t, want, names, breaking)
		require.False(t, r.Slow, "no step has a budget")
	}
}

func TestAStepHasItsOwnBudget(t *testing.T) {
	url := shop(t, "nothing")
	for _, test := range []struct {
		budgets [2]time.Duration
		slow    bool
	}{
		{[2]time.Duration{}, false},
		{[2]time.Duration{time.Hour, time.Hour}, false},
		{[2]time.Duration{1, time.Hour}, true}, // no request is made in a nanosecond
		{[2]time.Duration{time.Hour, 1}, true},
	} {
		c, p := parsed(t, "{interval: 60s, journey: [{get: "+url+"/login}, {get: /account}]}")
		for i, budget := range test.budgets {
			p.Journey[i].Slow = catalog.Duration(budget)
		}
		b, err := NewBuilder(Options{}).New(c, p)
		require.NoError(t, err)
		r := b.Attempt(t.Context())
		require.Equal(t, Success, r.Outcome, r.Text)
		require.Equal(t, test.slow, r.Slow, test.budgets)
	}
}

func TestEachAttemptIsAnotherVisitor(t *testing.T) {
	attempt, err := build(t, login(t, shop(t, "nothing")))
	require.NoError(t, err)
	for range 3 {
		r := attempt(t.Context())
		require.Equal(t, Success, r.Outcome, r.Text)
	}
}

func TestJourneySendsJSONAndCarriesValues(t *testing.T) {
	url := shop(t, "nothing")
	r := try(t, fmt.Sprintf(`{interval: 60s, journey: [
        {post: %[1]s/api, json: {a: 1, list: [x, {y: "z"}]}, extract: {id: "json:$.items[0].id", name: "json:$.items[?(@.id == 17)].name", type: "json:$.type"}},
        {post: "%[1]s/api?q={{name}}&t={{type}}", json: {id: "{{id}}"}, body: '"got": {"id":"17"}', body_regexp: '"query": "q=bell&t=application%%2Fjson"'}]}`, url))
	require.Equal(t, Success, r.Outcome, r.Text)
}

func TestAnExtractedAddressIsHTTPOnly(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<a href="file:///etc/passwd">`) })
	r := try(t, `{interval: 60s, journey: [{get: "`+server.URL+`", extract: {next: "css:a@href"}}, {get: "{{next}}", name: follow the link}]}`)
	require.Equal(t, ReasonProtocol, r.Reason)
	require.Contains(t, r.Text, "step 2 follow the link: the address")
	require.Contains(t, r.Text, "is neither http nor https")
}

// repeating answers with what it was asked, as a careless service does.
func repeating(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	fmt.Fprintf(w, "%s %s|%s|%s", r.Method, r.URL, r.Header.Get("Authorization"), r.PostForm.Get("password"))
}

func TestVariablesAreFilledIn(t *testing.T) {
	server := serve(t, repeating)
	probe := fmt.Sprintf(`{interval: 60s, variables: {base: %q, user: "a b", token: {file: %s}}, journey: [
        {get: "{{base}}/user?name={{user}}", body: "/user?name=a+b"},
        {post: /login, headers: {Authorization: "Bearer {{ token }}"}, form: {password: "{{token}}"}, body: "|Bearer hunter-two|hunter-two", body_not: "{{user}}"}]}`, server.URL, secretFile(t, "hunter-two"))
	r := try(t, probe)
	require.Equal(t, Success, r.Outcome, r.Text)
	c, p := parsed(t, probe)
	b, err := NewBuilder(Options{}).New(c, p)
	require.NoError(t, err)
	require.Equal(t, server.Listener.Addr().String(), b.Host, "attempts are counted by the host of the variable")

	r = try(t, strings.Replace(probe, `"{{user}}"`, `"{{token}}"`, 1))
	require.Equal(t, `step 2 POST /login: body contains "{{token}}"`, r.Text)
}

func TestAVariableFromAFileIsNeverShown(t *testing.T) {
	server := serve(t, repeating)
	for name, step := range map[string]string{
		"in a path":   `get: "` + server.URL + `/{{token}}"`,
		"in a query":  `get: "` + server.URL + `/?t={{token}}"`,
		"in a header": `get: "` + server.URL + `", headers: {Authorization: "Bearer {{token}}"}`,
		"in a form":   `post: "` + server.URL + `", form: {password: "{{token}}"}`,
		"in a host":   `get: "http://{{token}}.invalid/"`,
		"in a scheme": `get: "{{token}}://example.org/"`,
	} {
		t.Run(name, func(t *testing.T) {
			r := try(t, fmt.Sprintf(`{interval: 60s, variables: {token: {file: %s}}, journey: [{%s, name: it, body: nowhere}]}`, secretFile(t, "hunter-two"), step))
			require.Equal(t, Failure, r.Outcome)
			require.Contains(t, r.Text, "***")
			require.NotContains(t, fmt.Sprintf("%+v", r), "hunter")
		})
	}
}

func TestSharedStepsAreMadeInTheirPlace(t *testing.T) {
	url := shop(t, "account")
	c, p := parsed(t, fmt.Sprintf(`{interval: 60s, variables: {base: %q, password: {file: %s}}, journey: [{use: login}, {get: /account, body: "Sign out"}]}`, url, secretFile(t, "hunter-two")),
		`steps: {login: [{get: "{{base}}/login", extract: {csrf: "css:input[name=csrf]@value"}}, {post: /login, form: {user: probe, password: "{{password}}", csrf: "{{csrf}}"}, status: 302}]}`)
	b, err := NewBuilder(Options{}).New(c, p)
	require.NoError(t, err)
	r := b.Attempt(t.Context())
	require.Equal(t, `step 3 GET /account: body does not contain "Sign out"; found 14 bytes: Please sign in`, r.Text)
	require.Len(t, r.Steps, 3)
}

func TestAVariableIsReadAnewByEachAttempt(t *testing.T) {
	server := serve(t, repeating)
	file := secretFile(t, "first")
	attempt, err := build(t, fmt.Sprintf(`{interval: 60s, variables: {token: {file: %s}}, journey: [{get: "%s/{{token}}", name: it, body: /first}]}`, file, server.URL))
	require.NoError(t, err)
	require.Equal(t, Success, attempt(t.Context()).Outcome)
	require.NoError(t, os.WriteFile(file, []byte("second"), 0o600))
	require.Equal(t, ReasonBody, attempt(t.Context()).Reason)

	r := try(t, fmt.Sprintf(`{interval: 60s, variables: {token: {file: %s.none}}, journey: [{get: "%s/{{token}}"}]}`, file, server.URL))
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "services.shop.probes.it.variables.token")
	require.Empty(t, r.Steps, "nothing was asked")
}

func TestAHeaderWithASecretVariableStaysWithItsServer(t *testing.T) {
	var seen string
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("X-Shop") + "|" + r.Header.Get("X-Plain")
	})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	r := try(t, fmt.Sprintf(`{interval: 60s, variables: {token: {file: %s}, plain: v}, journey: [{get: %q, headers: {X-Shop: "{{token}}", X-Plain: "{{plain}}"}}]}`, secretFile(t, "hunter-two"), server.URL))
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Equal(t, "|v", seen)
}

// All requests of a journey go the way that its access says; who we are is told
// to the first step's server alone.
func TestJourneyAccess(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	tell := func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s town=%s user=%s via=%s authorization=%t", r.Proto, r.Header.Get("X-Town"), user, r.Header.Get("X-Via"), r.Header.Get("Authorization") != "")
	}
	other, plain, gateway := serve(t, tell), serve(t, tell), gatewayServer(t)
	own := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		tell(w, r)
	}))
	own.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}
	own.EnableHTTP2 = true
	own.StartTLS()
	t.Cleanup(own.Close)
	ours, ourKey := keyPair(t)
	password := "password: {file: " + secretFile(t, "s3cr3t") + "}"
	who := `headers: {X-Town: "{{town}}"}, auth: {user: probe, ` + password + `}`
	for _, test := range []struct{ name, access, journey, text string }{
		{name: "over TLS", access: who + `, ca_file: ` + file + `, cert_file: ` + ours + `, key_file: ` + ourKey, journey: `{get: ` + own.URL + `, body: HTTP/2.0 town=York user=probe}, {get: /again, headers: {X-Town: Hull}, body: town=Hull user=probe}, {get: ` + other.URL + `, body: "town= user= via= authorization=false"}, {get: ` + own.URL + `/away, body: "authorization=false"}`},
		{name: "another version", access: `version: 1.1, ca_file: ` + file + `, cert_file: ` + ours + `, key_file: ` + ourKey, journey: `{get: ` + own.URL + `, body: HTTP/1.1}`},
		{name: "no certificate of ours", access: `ca_file: ` + file, journey: `{get: ` + own.URL + `, name: it}`, text: "step 1 it: handshake with"},
		{name: "through a proxy", access: `proxy: {url: "` + gateway.URL + `", user: probe, ` + password + `}`, journey: `{get: ` + plain.URL + `, body: via=proxy}, {get: /again, body: via=proxy}`},
		{name: "a step's own proof", access: who, journey: `{get: ` + plain.URL + `, headers: {Authorization: "{{pass}}"}, body: "user= "}`},
		{name: "a redirect", access: `follow_redirects: false, ca_file: ` + file + `, cert_file: ` + ours + `, key_file: ` + ourKey, journey: `{get: ` + own.URL + `/away, name: it}`, text: "step 1 it: status 302, want 2xx"},
		{name: "by a name server", access: `resolver: "` + refusing(t) + `"`, journey: `{get: "http://shop.example.org", name: it}`, text: `step 1 it: resolving "shop.example.org"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, `{interval: 60s, variables: {town: York, pass: {file: `+secretFile(t, "Bearer x")+`}}, access: {`+test.access+`}, journey: [`+test.journey+`]}`)
			require.Equal(t, test.text == "", r.Outcome == Success, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}

// What an expression is filled with means nothing but itself.
func TestVariablesInAnExpression(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<b>3.50</b> total 3.50 EUR (a+b)") })
	for expression, text := range map[string]string{
		"total {{price}} EUR":      "",
		"total {{price}}0 EUR":     `step 2 GET / (2): body does not match "total {{price}}0 EUR"; found`,
		"^.b.3x50|total {{odd}}":   `step 2 GET / (2): body does not match "^.b.3x50|total {{odd}}"; found`,
		`EUR \\({{word}}\\)$`:      "",
		"total ({{price}}){1} E":   "",
		"total {{price}}[{{odd}}]": `step 2 GET / (2): the expression "total {{price}}[{{odd}}]" cannot be used with the values of its variables`,
	} {
		r := try(t, `{interval: 60s, variables: {odd: "a-(", word: a+b}, journey: [{get: `+server.URL+`, extract: {price: "css:b"}}, {get: /, body_regexp: "`+expression+`"}]}`)
		require.Equal(t, text == "", r.Outcome == Success, "%s: %s", expression, r.Text)
		require.Contains(t, r.Text, text)
	}
}

func TestExtractors(t *testing.T) {
	const page = `<ul class=list><li id=a data-n=1>one</li><li id=b>two <b>and</b> more</li></ul>`
	const document = `{"user": {"id": 17, "tags": ["a", "b"], "on": true, "none": null}}`
	for _, test := range []struct{ spec, body, want, problem string }{
		{spec: "css:ul.list li", body: page, want: "one"},
		{spec: "css:#b", body: page, want: "two and more"},
		{spec: "css:li[id=a]@data-n", body: page, want: "1"},
		{spec: "css:li[id=b]@data-n", body: page, problem: `the element has no attribute "data-n"`},
		{spec: "css:table", body: page, problem: "it matched nothing"},
		{spec: "json:$.user.id", body: document, want: "17"},
		{spec: "json:$.user.tags[1]", body: document, want: "b"},
		{spec: "json:$.user.on", body: document, want: "true"},
		{spec: "json:$.user.tags", body: document, want: `["a","b"]`},
		{spec: "json:$.user.none", body: document, problem: "it matched nothing"},
		{spec: "json:$.user", body: page, problem: "parsing JSON"},
		{spec: `regexp:id=(\w)>two`, body: page, want: "b"},
		{spec: `regexp:(x+)`, body: page, problem: "it matched nothing"},
		{spec: `regexp:(x+)`, body: strings.Repeat("x", maxExtracted+1), problem: "the value has 16385 bytes, want at most 16384"},
	} {
		t.Run(test.spec, func(t *testing.T) {
			e, err := newExtractor("it", test.spec)
			require.NoError(t, err)
			got, err := e.from(answer{body: []byte(test.body)})
			if test.problem != "" {
				require.ErrorContains(t, err, test.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
	for _, spec := range []string{"css:input[[", "json:$[", "regexp:(", "regexp:abc", "xpath://a", ""} {
		_, err := newExtractor("it", spec)
		require.Error(t, err, spec)
	}
}

package migrate

import (
	"cmp"
	"encoding/base64"
	"html"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// fold is the value of a key, however its letters are written: Azure's
// templates write Frequency, its answers frequency.
func fold(v *tree.Value, keys ...string) *tree.Value {
	for _, key := range keys {
		for _, name := range v.Keys() {
			if strings.EqualFold(name, key) {
				return v.Get(name)
			}
		}
	}
	return nil
}

// template reads an ARM template, or what Azure's command line prints.
func (a *azure) template(root *tree.Value, e *armExpressions) {
	found := a.resources(root, e)
	for _, one := range found {
		a.told(one.v, one.e)
	}
	for _, one := range found {
		if kind := strings.ToLower(one.v.Get("type").Text()); kind == "" || kind == "microsoft.insights/webtests" {
			a.arm(one.v, one.e)
		}
	}
}

// told reads an action group, or an alert that says which groups hear of a
// test.
func (a *azure) told(v *tree.Value, e *armExpressions) {
	properties := fold(v, "properties")
	switch strings.ToLower(v.Get("type").Text()) {
	case "microsoft.insights/actiongroups":
		a.group(e.text(v.Get("name")), v)
	case "microsoft.insights/metricalerts":
		one := azureAlert{test: lastWord(e.text(fold(fold(properties, "criteria"), "webTestId")))}
		if one.test == "" {
			a.leave(v, e.text(v.Get("name")), "it is about something else than an availability test: Tocsin's own rules, and its thresholds, are in its place")
			return
		}
		for _, action := range fold(properties, "actions").Each() {
			one.groups = append(one.groups, lastWord(e.text(fold(action, "actionGroupId"))))
		}
		a.alerts = append(a.alerts, one)
		v.Read()
	}
}

// lastWord is the name at the end of a resource's id.
func lastWord(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// arm reads one availability test.
func (a *azure) arm(v *tree.Value, e *armExpressions) {
	properties := fold(v, "properties")
	if properties == nil {
		properties = v
	}
	name := cmp.Or(e.text(fold(properties, "Name", "webTestName")), e.text(v.Get("name")))
	a.subject(v, name)
	own := e.text(v.Get("name"))
	get := func(from *tree.Value, keys ...string) *tree.Value { return e.value(fold(from, keys...)) }
	t := &azureTest{azure: a, v: v, name: name, ids: []string{own, lastWord(v.Get("id").Text())}}
	t.seconds, t.timeout = get(properties, "Frequency"), get(properties, "Timeout")
	t.retry, t.enabled = get(properties, "RetryEnabled"), get(properties, "Enabled")
	request := fold(properties, "Request")
	if request == nil {
		a.webTest(t, e.value(fold(fold(properties, "Configuration"), "WebTest")))
		return
	}
	t.address, t.verb, t.follow, t.body = get(request, "RequestUrl"), get(request, "HttpVerb"), get(request, "FollowRedirects"), get(request, "RequestBody")
	t.headers = fold(request, "Headers").Each()
	rules := fold(properties, "ValidationRules")
	t.status, t.ignoreStatus = get(rules, "ExpectedHttpStatusCode"), get(rules, "IgnoreHttpStatusCode")
	t.ssl, t.certificate = get(rules, "SSLCheck"), get(rules, "SSLCertRemainingLifetimeCheck")
	content := fold(rules, "ContentValidation")
	t.content, t.ignoreCase, t.pass = get(content, "ContentMatch"), get(content, "IgnoreCase"), get(content, "PassIfTextFound")
	t.read()
}

// classic reads a ping or multi-step test of Terraform.
func (a *azure) classic(v *tree.Value, name string, ids []string) {
	a.subject(v, name)
	t := &azureTest{azure: a, v: v, name: name, ids: ids, seconds: v.Get("frequency"), timeout: v.Get("timeout"), retry: v.Get("retry_enabled"), enabled: v.Get("enabled")}
	if _, given := t.retry.Bool(); !given {
		t.retry = nil
	}
	a.webTest(t, v.Get("configuration"))
}

// webTest reads the XML of a ping test, which is one request, or of a
// multi-step test.
func (a *azure) webTest(t *azureTest, v *tree.Value) {
	if v.Is(tree.Unknown) || v.Empty() {
		a.leave(t.v, t.name, "what it asks is not known here: %s", cmp.Or(v.Why(), "there is no WebTest"))
		return
	}
	text := v.Text()
	if strings.HasPrefix(strings.TrimSpace(text), "&lt;") {
		text = html.UnescapeString(text)
	}
	document, err := tree.XML(v.At.File, []byte(text))
	if err != nil {
		a.leave(t.v, t.name, "the WebTest is not XML: %v", err)
		return
	}
	document = document.Moved(v.At, v.Path)
	test := document.One("WebTest")
	a.extra = append(a.extra, extra{document, a.source})
	requests := test.One("Items").Get("Request").Items()
	switch {
	case len(requests) == 0:
		a.leave(t.v, t.name, "the WebTest has no request")
	case len(requests) == 1:
		t.single(requests[0], test)
	default:
		t.steps(requests)
	}
}

// single reads a ping test.
func (t *azureTest) single(request, test *tree.Value) {
	t.address, t.verb, t.follow = request.Get("Url"), request.Get("Method"), request.Get("FollowRedirects")
	t.status, t.ignoreStatus = request.Get("ExpectedHttpStatusCode"), request.Get("IgnoreHttpStatusCode")
	t.headers = nil
	for _, header := range request.One("Headers").Get("Header").Items() {
		t.headers = append(t.headers, lower(header))
	}
	for _, rule := range test.One("ValidationRules").Get("ValidationRule").Items() {
		t.rule(rule)
	}
	for _, rule := range request.One("ValidationRules").Get("ValidationRule").Items() {
		t.rule(rule)
	}
	if seconds := request.Get("Timeout"); t.timeout.Empty() {
		t.timeout = seconds
	} else {
		seconds.Read()
	}
	t.read()
}

// lower is a header of the XML with the keys of the others.
func lower(header *tree.Value) *tree.Value {
	return header.Renamed(map[string]string{"Name": "name", "Value": "value"})
}

// rule reads a validation rule: a text to find.
func (t *azureTest) rule(rule *tree.Value) {
	if !strings.Contains(rule.Get("Classname").Text(), "ValidationRuleFindText") && !strings.Contains(rule.Get("Classname").Text(), "ValidateResponseTimeGoal") {
		t.lose(rule, t.name, "ValidationRule "+rule.Get("DisplayName").Peek(), "no counterpart")
		return
	}
	for _, parameter := range rule.One("RuleParameters").Get("RuleParameter").Items() {
		switch value := parameter.Get("Value"); parameter.Get("Name").Text() {
		case "FindText":
			t.content = value
		case "IgnoreCase":
			t.ignoreCase = value
		case "PassIfTextFound":
			t.pass = value
		case "UseRegularExpression":
			if value.True() {
				t.lose(value, t.name, "UseRegularExpression", "the text to find is taken as it stands: write it into body_regexp")
			}
		}
	}
}

// steps reads a multi-step test.
func (t *azureTest) steps(requests []*tree.Value) {
	check := t.begin()
	if check == nil {
		return
	}
	var steps []*Settings
	for _, request := range requests {
		method := strings.ToLower(cmp.Or(request.Get("Method").Text(), "GET"))
		if method != "get" && method != "post" || strings.Contains(request.Get("Url").Peek(), "{{") {
			t.leave(t.v, t.name, "a step of it has no counterpart in a journey (its method is %s, or it uses a value of an earlier answer)", strings.ToUpper(method))
			return
		}
		step := settings(method, request.Get("Url").Text())
		if code := request.Get("ExpectedHttpStatusCode").Int(); code > 0 && code != 200 {
			step.set("status", code)
		}
		for _, header := range request.One("Headers").Get("Header").Items() {
			t.header(step, header.Get("Name").Text(), header.Get("Value"), t.name)
		}
		for _, rule := range request.One("ValidationRules").Get("ValidationRule").Items() {
			one := &azureTest{azure: t.azure, v: t.v, name: t.name}
			one.rule(rule)
			one.expectations(step)
		}
		steps = append(steps, step)
	}
	check.Kind, check.Settings = "journey", settings("journey", steps)
	check.Timeout = max(check.Timeout, 30*time.Second)
	t.check(check)
}

// decoded is a request's body, which Azure keeps in Base64.
func decoded(body string) string {
	if text, err := base64.StdEncoding.DecodeString(body); err == nil && utf8.Valid(text) {
		return string(text)
	}
	return body
}

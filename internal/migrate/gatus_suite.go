package migrate

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// suite reads a sequence of requests: a journey. When a step has no
// counterpart the whole suite is left out, because the rest would ask for
// something else.
func (g *gatus) suite(v *tree.Value) {
	name, group, whole := g.identity(v)
	if !g.on(v, whole) {
		return
	}
	check := &Check{Service: name, Group: group, Kind: "journey", At: v.At}
	check.Interval = cmp.Or(goSpan(v.Get("interval")), 10*time.Minute)
	check.Timeout = min(cmp.Or(goSpan(v.Get("timeout")), 5*time.Minute), check.Interval)
	check.Confirm = 1
	constants := v.Get("context")
	var steps []*Settings
	for _, step := range v.Get("endpoints").Items() {
		one, reason := g.step(step, constants)
		if reason != "" {
			g.leave(v, whole, "the step %q has no counterpart in a journey: %s", step.Get("name").Peek(), reason)
			return
		}
		steps = append(steps, one)
	}
	if len(steps) == 0 {
		g.leave(v, whole, "it has no steps")
		return
	}
	constants.Read()
	check.Settings = settings("journey", steps)
	check.Team = g.told(v, whole, group, check)
	g.check(check)
}

// step is one request of a suite, or the reason why it cannot be one.
func (g *gatus) step(v, constants *tree.Value) (*Settings, string) {
	name, _ := g.expanded(v.Get("name"))
	method := strings.ToLower(cmp.Or(v.Get("method").Text(), "GET"))
	if method != "get" && method != "post" {
		return nil, "its method is " + strings.ToUpper(method)
	}
	address, whole := g.expanded(v.Get("url"))
	if !whole {
		return nil, "its address names a variable of the environment that is not set here"
	}
	s := settings("name", name, method, contextual(address, constants))
	headers := v.Get("headers")
	for _, header := range headers.Keys() {
		if value := headers.Get(header); strings.Contains(value.Peek(), "[CONTEXT]") {
			s.inner("headers").set(header, contextual(value.Text(), constants))
		} else {
			g.header(s, header, value, name)
		}
	}
	if body := v.Get("body"); !body.Empty() {
		parsed, err := tree.JSON("body", []byte(body.Peek()))
		if err != nil {
			return nil, "its body is not JSON"
		}
		if key := secretKey(parsed); key != "" {
			return nil, "its body holds a secret (" + key + "), and a journey's json cannot take one from a file: write it with form, or by hand"
		}
		body.Read()
		s.set("json", jsonSettings(parsed, constants))
	}
	e := &gatusEndpoint{gatus: g, v: v, name: name, step: true, check: &Check{Service: name, Kind: "http", Settings: s, At: v.At}}
	for _, condition := range v.Get("conditions").Items() {
		e.condition(condition)
	}
	e.finish()
	store := v.Get("store")
	for _, variable := range store.Keys() {
		path, is := strings.CutPrefix(store.Get(variable).Text(), "[BODY]")
		if !is {
			return nil, "it stores something that is not in the body"
		}
		s.inner("extract").set(variable, "json:$"+path)
	}
	return s, ""
}

// contextual writes [CONTEXT].name as the journey does, and constants in place.
func contextual(text string, constants *tree.Value) string {
	return regexp.MustCompile(`\[CONTEXT\]\.(\w+)`).ReplaceAllStringFunc(text, func(reference string) string {
		name := strings.TrimPrefix(reference, "[CONTEXT].")
		if constant := constants.Get(name); constant != nil {
			return constant.Text()
		}
		return "{{" + name + "}}"
	})
}

// secretKey is a key in a JSON value that holds a secret in place.
func secretKey(v *tree.Value) string {
	for i, item := range v.Items() {
		if v.Is(tree.Map) && secretName(v.Keys()[i]) && item.Is(tree.String) && !strings.HasPrefix(item.Peek(), "[CONTEXT]") {
			return v.Keys()[i]
		}
		if key := secretKey(item); key != "" {
			return key
		}
	}
	return ""
}

// jsonSettings is a JSON value as settings.
func jsonSettings(v, constants *tree.Value) any {
	switch v.Kind {
	case tree.Map:
		s := settings()
		for _, key := range v.Keys() {
			s.set(key, jsonSettings(v.Get(key), constants))
		}
		return s
	case tree.String:
		return contextual(v.Text(), constants)
	}
	return v.Any()
}

// gatusNotes are the reasons for what is not read.
func gatusNotes() map[string]Note {
	page := Note{Nothing, "gatus' own page and service"}
	return map[string]Note{
		"web": page, "ui": page, "security": page, "metrics": page, "storage": page, "remote": page, "announcements": page, "debug": page,
		"skip-invalid-config-update": page, "concurrency": page, "disable-monitoring-lock": page,
		"success-threshold":           {NotCarried, "recovery is confirmed by as many attempts as a failure"},
		"send-on-resolved":            {Nothing, "the end of an outage is always told"},
		"minimum-reminder-interval":   {NotCarried, "who is reminded, and when, is the team's escalation"},
		"description":                 {NotCarried, "messages say what failed; give the service a runbook for what to do"},
		"maintenance":                 {NotCarried, "write the window into the catalogue's maintenance (docs/catalogue.md)"},
		"maintenance-windows":         {NotCarried, "write the window into the catalogue's maintenance (docs/catalogue.md)"},
		"connectivity":                {NotCarried, "give the location references that tell a cut-off location from a world that is down: locations.NAME.references"},
		"tunneling":                   {NotCarried, "no counterpart: run an exporter at the other end and name it as a location"},
		"client.tunnel":               {NotCarried, "no counterpart: run an exporter at the other end and name it as a location"},
		"extra-labels":                {NotCarried, "series carry service, probe, team and location; other labels belong to dashboards"},
		"client.identity-aware-proxy": {NotCarried, "no counterpart"},
		"client.dns-resolver":         {NotCarried, "no counterpart"},
		"always-run":                  {NotCarried, "a journey ends at the first step that fails"},
		"body":                        {NotCarried, "nothing is sent there"},
		"client":                      {NotCarried, "no counterpart"},
		"ssh":                         {NotCarried, "an ssh probe reads the banner and runs no command"},
		"store":                       {NotCarried, "only a suite's steps store values"},
		"default-endpoint":            {Nothing, "for YAML's anchors: gatus reads it where an endpoint names it"},
		"interval":                    {NotCarried, "it is no duration (want 30s), or names a variable that is not set here; once a minute"},
		"provider-override":           {NotCarried, "a team is told in one way, whatever the endpoint"},
		"default-alert":               {NotCarried, "gatus reads it of a provider only"},
		"insecure":                    {ToDo, "a certificate is always verified: give ca_file when a private authority signs it"},
		"heartbeat":                   {NotCarried, "no counterpart"},
		"graphql":                     {NotCarried, "no counterpart"},
	}
}

package probe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxNested bounds how deep components nest.
	maxNested = 5
	// maxComponents bounds the components that are read of a document.
	maxComponents = 1000
	// maxComponentName bounds a name, which becomes a label.
	maxComponentName = 80
)

// healthState is how well something is. The greater, the worse.
type healthState int

const (
	stateUnknown healthState = iota // no word that we know
	stateUp
	stateDegraded
	stateDown
)

// stateOf is the state that a document's word or flag stands for, wherever it
// stands. What follows a colon explains the word.
func stateOf(value any) healthState {
	if flag, ok := value.(bool); ok && flag {
		return stateUp
	} else if ok {
		return stateDown
	}
	switch wordOf(value) {
	case "pass", "passed", "up", "ok", "healthy", "success", "successful", "running", "operational", "available", "working", "true":
		return stateUp
	case "warn", "warning", "degraded", "unknown", "partial", "partially available":
		return stateDegraded
	case "fail", "failed", "failure", "down", "error", "unhealthy", "out_of_service", "critical", "unavailable", "service unavailable", "stopped", "false":
		return stateDown
	}
	return stateUnknown
}

// namedState is the state that a value stands for that is named a status. There
// more words say how something is, and so do the codes of HTTP.
func namedState(value any) healthState {
	if state := stateOf(value); state != stateUnknown {
		return state
	}
	switch code, _ := value.(int64); {
	case code >= 200 && code <= 299:
		return stateUp
	case code >= 400 && code <= 599:
		return stateDown
	}
	switch wordOf(value) {
	case "green", "online", "connected", "alive", "ready", "serving":
		return stateUp
	case "yellow":
		return stateDegraded
	case "red", "offline", "disconnected", "unreachable", "broken", "crashed", "timeout", "not ready", "not_ready", "not ok", "not_serving", "ko", "nok":
		return stateDown
	}
	return stateUnknown
}

// wordOf is a text up to a colon on its only line, in lower case.
func wordOf(value any) string {
	word, _ := value.(string)
	if word = strings.TrimSpace(word); !strings.Contains(word, "\n") {
		word, _, _ = strings.Cut(word, ":")
	}
	return strings.ToLower(strings.TrimSpace(word))
}

// healthComponent is one part of a service.
type healthComponent struct {
	name  string
	state healthState
}

// healthReport is a document, read.
type healthReport struct {
	state      healthState
	word       string // the document's own for the whole; empty where it has none
	components []healthComponent
	oldest     time.Time // the earliest time that it gives; zero for none
	codes      []int     // of HTTP that are well for who writes this, besides 2xx
}

// healthFormat says where a kind of document keeps what.
type healthFormat struct {
	status     []string // keys of the state of something
	containers []string // keys of its parts by name
	bare       bool     // parts may also stand beside the state, without a container
	text       bool     // the document may be plain text
}

// healthFormats are the catalogue's names of formats.
//
// health+json is draft-inadarei-api-health-check-06; actuator is Spring Boot's
// /actuator/health; aspnet is what ASP.NET Core's health checks write, as text
// or by their UI's writer; okcomputer is that of the gem of Rails.
func healthFormats(name string) healthFormat {
	switch name {
	case "health+json":
		return healthFormat{status: []string{"status"}, containers: []string{"checks", "details"}}
	case "actuator":
		return healthFormat{status: []string{"status"}, containers: []string{"components", "details"}, bare: true}
	case "aspnet":
		return healthFormat{status: []string{"status"}, containers: []string{"entries", "results", "checks"}, text: true}
	case "okcomputer":
		return healthFormat{status: []string{"success"}, bare: true, text: true}
	case "map":
		return healthFormat{status: []string{"status", "state", "healthy", "ok", "success"}, bare: true}
	}
	return healthFormat{
		status:     []string{"status", "state", "health", "healthy", "ok", "success"},
		containers: []string{"checks", "components", "entries", "details", "dependencies", "services", "results"},
		bare:       true, text: true,
	}
}

// readHealthDocument reads a document.
func readHealthDocument(body []byte, format string) (healthReport, error) {
	r := healthReader{format: healthFormats(format), names: make(map[string]int)}
	text := strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff"))
	if !strings.HasPrefix(text, "{") && !(r.format.bare && strings.HasPrefix(text, "[")) {
		if r.format.text {
			return r.text(text)
		}
		return r.report, errors.New("it is no JSON object")
	}
	tree, err := parseJSON([]byte(text))
	if err != nil {
		return r.report, err
	}
	return r.json(tree)
}

// healthReader collects the components of one document.
type healthReader struct {
	format healthFormat
	report healthReport
	names  map[string]int // how often each was used
	enum   bool           // states are numbers, as .NET writes its enumeration
}

func (r *healthReader) json(tree any) (healthReport, error) {
	top, ok := tree.(map[string]any)
	if list, is := tree.([]any); is {
		for _, part := range list {
			r.listed("", part, 0)
		}
		return r.finish()
	}
	if !ok {
		return r.report, errors.New("it is no JSON object")
	}
	if report, is := vaultReport(top); is && r.format.text {
		return report, nil
	}
	_, entries := top["entries"].(map[string]any)
	_, number := top["status"].(int64)
	r.enum = entries && number
	value, named := r.status(top)
	r.report.state = namedState(value)
	if named {
		r.report.word = jsonText(value)
	}
	r.time(top)
	r.parts("", top, 0)
	return r.finish()
}

// finish sorts what was found, and makes up the state of the whole where the
// document has none.
func (r *healthReader) finish() (healthReport, error) {
	slices.SortFunc(r.report.components, func(a, b healthComponent) int {
		return cmp.Or(int(b.state)-int(a.state), strings.Compare(a.name, b.name))
	})
	switch {
	case r.report.word != "" && r.report.state == stateUnknown:
		return r.report, fmt.Errorf("its status is %s, which is no word that we know", quote(r.report.word))
	case r.report.word == "" && len(r.report.components) == 0:
		return r.report, errors.New("it names neither a status nor a component")
	case r.report.word == "":
		r.report.state = r.report.components[0].state
	}
	return r.report, nil
}

// status is the value under the first key that holds one.
func (r *healthReader) status(object map[string]any) (any, bool) {
	for _, key := range r.format.status {
		switch value := object[key].(type) {
		case string, bool:
			return value, true
		case int64:
			if names := [...]string{"Unhealthy", "Degraded", "Healthy"}; r.enum && value >= 0 && value < int64(len(names)) {
				return names[value], true
			}
			if namedState(value) != stateUnknown {
				return value, true
			}
		}
	}
	return nil, false
}

// parts reads the components of an object.
func (r *healthReader) parts(path string, object map[string]any, depth int) {
	if depth == maxNested {
		return
	}
	for _, key := range r.format.containers {
		parts, _ := object[key].(map[string]any)
		for _, name := range names(parts) {
			r.part(join(path, name), parts[name], depth, key != "details")
		}
		list, _ := object[key].([]any) // each part says its own name
		for _, part := range list {
			r.listed(path, part, depth)
		}
	}
	if !r.format.bare {
		return
	}
	for _, name := range names(object) {
		if !slices.Contains(r.format.containers, name) && !slices.Contains(r.format.status, name) && !repeated(object, name) {
			r.part(join(path, name), object[name], depth, depth == 0)
		}
	}
}

// repeated says that a key only sorts what stands under details too, as
// @nestjs/terminus writes it.
func repeated(object map[string]any, name string) bool {
	_, details := object["details"].(map[string]any)
	return details && (name == "info" || name == "error")
}

// flagged is the state that a flag stands for: nothing is wrong when an error is
// false, and some flags tell how something is set up.
func flagged(name string, flag bool) healthState {
	switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
	case "error", "errors", "haserrors", "failed", "failure", "fault", "timedout":
		return map[bool]healthState{true: stateDown, false: stateUnknown}[flag]
	case "maintenance", "debug", "readonly", "standby":
		return stateUnknown
	}
	return stateOf(flag)
}

// part reads one component. A word or a flag alone is one where bare says so.
func (r *healthReader) part(path string, value any, depth int, bare bool) {
	switch value := value.(type) {
	case string:
		if state := stateOf(value); bare && state != stateUnknown {
			r.add(path, state)
		}
	case bool:
		if state := flagged(path[strings.LastIndexByte(path, '/')+1:], value); bare && state != stateUnknown {
			r.add(path, state)
		}
	case map[string]any:
		if word, ok := r.status(value); ok {
			r.add(path, max(namedState(word), stateUp))
			r.time(value)
		}
		r.parts(path, value, depth+1)
	case []any:
		for _, item := range value {
			object, _ := item.(map[string]any)
			name := path
			if id := firstText(object, "componentId", "name", "key", "id"); id != "" && len(value) > 1 {
				name = join(path, id)
			}
			if object != nil {
				r.part(name, object, depth, false)
			}
		}
	}
}

// listed reads a component of a list, which says its own name.
func (r *healthReader) listed(path string, value any, depth int) {
	object, _ := value.(map[string]any)
	if name := firstText(object, "name", "key", "id"); name != "" {
		r.part(join(path, name), object, depth, false)
	}
}

// firstText is the first text under some keys, or nothing.
func firstText(object map[string]any, keys ...string) string {
	for _, key := range keys {
		if text, ok := object[key].(string); ok {
			return text
		}
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// add notes a component. Its name is made fit for a label, and differs from all
// others.
func (r *healthReader) add(name string, state healthState) {
	if len(r.report.components) == maxComponents {
		return
	}
	name = bound(printable(name), maxComponentName)
	if name == "" {
		name = "?"
	}
	for given := name; r.names[name] > 0; {
		r.names[given]++
		suffix := fmt.Sprintf(" (%d)", r.names[given])
		name = bound(given, maxComponentName-len(suffix)) + suffix
	}
	r.names[name]++
	r.report.components = append(r.report.components, healthComponent{name: name, state: state})
}

// time notes when an object says that it was true.
func (r *healthReader) time(object map[string]any) {
	for _, key := range []string{"time", "timestamp", "lastChecked"} {
		text, _ := object[key].(string)
		at, err := time.Parse(time.RFC3339, text)
		if err == nil && (r.report.oldest.IsZero() || at.Before(r.report.oldest)) {
			r.report.oldest = at
		}
	}
}

// text reads one word for the whole, or lines such as "database: PASSED Schema
// version: 42".
func (r *healthReader) text(text string) (healthReport, error) {
	if state := namedState(text); state != stateUnknown {
		r.report.state, r.report.word = state, text
		return r.report, nil
	}
	for line := range strings.Lines(text) {
		name, rest, found := strings.Cut(strings.TrimSpace(line), ":")
		if word := strings.Fields(rest); found && len(word) > 0 {
			if state := stateOf(word[0]); state != stateUnknown {
				r.add(name, state)
			}
		}
	}
	if len(r.report.components) == 0 {
		return r.report, errors.New("it is neither JSON nor a word such as Healthy")
	}
	return r.finish()
}

package migrate

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// quoteMeta is a text as an expression that matches only it.
func quoteMeta(text string) string { return regexp.QuoteMeta(text) }

// jsonConditions puts the conditions on JSON into the request's settings.
func (e *gatusEndpoint) jsonConditions() {
	for _, condition := range e.json {
		target := reflect.TypeFor[catalog.HTTPProbe]()
		if e.step {
			target = reflect.TypeFor[catalog.JourneyStep]()
		}
		e.expectJSON(e.check.Settings, condition, target, e.name, e.check.At)
	}
}

// simplePath is the one key of a JSON path such as $.status.
func simplePath(path string) string {
	if match := regexp.MustCompile(`^\$\.([A-Za-z0-9_-]+)$`).FindStringSubmatch(path); match != nil {
		return match[1]
	}
	return ""
}

// jsonText is an expression for a key with a value somewhere in a JSON text.
func jsonText(key, value string) string {
	value = strings.Trim(value, `"`)
	return `"` + quoteMeta(key) + `"\s*:\s*"?` + quoteMeta(value) + `"?\s*[,}\]]`
}

// expectJSON adds one condition on a value in a JSON answer. target is the
// struct of the catalogue that s becomes.
func (in *intake) expectJSON(s *Settings, condition *Settings, target reflect.Type, owner string, at tree.Position) {
	path, operator, value := condition.text("path"), condition.text("operator"), condition.text("value")
	plain := condition.text("function") == "" && !strings.Contains(value, "(")
	key := simplePath(path)
	if secretName(path) {
		in.report.add(NotCarried, at, owner, "condition on "+path, "what it compares may be a secret, and would stand in the catalogue")
		return
	}
	if hasKey(target, "body_json") && plain && s.inner("body_json").values[path] == nil {
		s.inner("body_json").set(path, operator+" "+strings.Trim(value, `"`))
		return
	}
	if s.inner("body_json").empty() {
		s.remove("body_json")
	}
	expression := celOf(condition)
	switch {
	case hasKey(target, "body_cel") && expression != "":
		s.also("body_cel", expression)
	case key != "" && plain && operator == "==" && s.text("body_regexp") == "":
		s.set("body_regexp", jsonText(key, value))
	default:
		in.report.add(NotCarried, at, owner, "condition on "+path, "no counterpart")
	}
}

// celOf is a condition as an expression of CEL, or nothing.
func celOf(condition *Settings) string {
	path, is := strings.CutPrefix(condition.text("path"), "$")
	if !is || !regexp.MustCompile(`^(\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*$`).MatchString(path) {
		return ""
	}
	operator, value := condition.text("operator"), condition.text("value")
	switch function := condition.text("function"); {
	case function == "len":
		return "size(body" + path + ") " + operator + " " + value
	case function == "has" && operator == "==" && path != "":
		return map[string]string{"true": "has(body" + path + ")", "false": "!has(body" + path + ")"}[value]
	case function == "" && strings.HasPrefix(value, "pat(") && (operator == "==" || operator == "!="):
		not := map[string]string{"!=": "!"}[operator]
		return not + "string(body" + path + ").matches(" + strconv.Quote(globExpression(strings.TrimSuffix(strings.TrimPrefix(value, "pat("), ")"))) + ")"
	case function == "" && strings.HasPrefix(value, "any(") && operator == "==":
		var choices []string
		for _, choice := range values(value) {
			choices = append(choices, strconv.Quote(strings.Trim(choice, `"`)))
		}
		return "string(body" + path + ") in [" + strings.Join(choices, ", ") + "]"
	}
	return ""
}

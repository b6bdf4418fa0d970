package migrate

import (
	"regexp"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// quoteMeta is a text as an expression that matches only it.
func quoteMeta(text string) string { return regexp.QuoteMeta(text) }

// jsonConditions puts the conditions on JSON into the request's settings.
func (e *gatusEndpoint) jsonConditions() {
	for _, condition := range e.json {
		e.expectJSON(e.check.Settings, condition, e.name, e.check.At)
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

// expectJSON adds one condition on a value in a JSON answer.
func (in *intake) expectJSON(s *Settings, condition *Settings, owner string, at tree.Position) {
	path, value := condition.text("path"), condition.text("value")
	key := simplePath(path)
	if key != "" && condition.text("function") == "" && condition.text("operator") == "==" && s.text("body_regexp") == "" && !strings.ContainsAny(value, "(*") {
		s.set("body_regexp", jsonText(key, value))
		return
	}
	in.report.add(NotCarried, at, owner, "condition on "+path, "no counterpart")
}

package inbound

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxEvents bounds the alerts of one post.
const maxEvents = 1000

// readJSON reads any JSON as the catalogue says. A body that is a list is a
// list of alerts, and so are several values behind each other.
func readJSON(spec *catalog.JSONInbound, body []byte) ([]Event, error) {
	posts, err := documents(body)
	var broken []error
	if err != nil {
		broken = append(broken, fmt.Errorf("the body is not JSON: %w", err))
	}
	alerts, err := alertsOf(spec, posts)
	broken = append(broken, err)
	if len(alerts) > maxEvents {
		return nil, fmt.Errorf("the body has %d alerts, want at most %d", len(alerts), maxEvents)
	}
	var events []Event
	for n, one := range alerts {
		e, err := generic(spec, one)
		if err != nil {
			broken = append(broken, fmt.Errorf("alert %d: %w", n, err))
			continue
		}
		events = append(events, e)
	}
	return events, errors.Join(broken...)
}

// alertsOf are the alerts in what was posted. An empty list says that there is
// none; where the place of the list is missing, nobody knows what it says.
func alertsOf(spec *catalog.JSONInbound, posts []any) ([]any, error) {
	if spec.Alerts == "" {
		return flat(posts), nil
	}
	path, err := jp.ParseString(spec.Alerts)
	if err != nil {
		return nil, fmt.Errorf("the path alerts: %w", err)
	}
	var alerts []any
	var broken error
	for _, post := range posts {
		found := path.Get(post)
		if len(found) == 0 && path.Normal() { // a filter may find nothing
			broken = fmt.Errorf("there is nothing at alerts: %q (want a list, which may be empty)", spec.Alerts)
		}
		if len(found) == 1 && found[0] == nil {
			continue // some write an empty list so
		}
		alerts = append(alerts, flat(found)...)
	}
	return alerts, broken
}

// flat takes the items of lists for the lists: a path may name either.
func flat(found []any) []any {
	var items []any
	for _, v := range found {
		if list, is := v.([]any); is {
			items = append(items, list...)
		} else {
			items = append(items, v)
		}
	}
	return items
}

func generic(spec *catalog.JSONInbound, one any) (Event, error) {
	e := Event{Expire: spec.Expire.Std(), Labels: map[string]string{}}
	problems := []error{}
	fill := func(text string) string {
		filled, err := expand(text, one)
		problems = append(problems, err)
		return filled
	}
	e.Key, e.Title, e.Summary, e.Detail = fill(spec.Key), fill(spec.Title), fill(spec.Summary), fill(spec.Description)
	for name, text := range spec.Labels {
		e.Labels[name] = cut(fill(text), maxText)
	}
	e.named()
	if service := strings.TrimSpace(fill(spec.Service)); service != "" {
		e.Service = service
	}
	if severity := strings.TrimSpace(fill(spec.Severity)); severity != "" {
		e.Severity = severityOf(spec, severity)
	}
	state := strings.TrimSpace(fill(spec.State))
	e.Ended = slices.ContainsFunc(spec.Resolved, func(word string) bool { return strings.EqualFold(word, state) })
	if strings.TrimSpace(e.Key) == "" {
		problems = append(problems, fmt.Errorf("the key %q is empty: without it an end finds no beginning", spec.Key))
	}
	return e, errors.Join(problems...)
}

// severityOf takes their word for a severity, or one of ours, or none.
func severityOf(spec *catalog.JSONInbound, word string) catalog.Severity {
	for _, theirs := range sortedKeys(spec.Severities) {
		if strings.EqualFold(theirs, word) {
			return spec.Severities[theirs]
		}
	}
	switch ours := catalog.Severity(strings.ToLower(word)); ours {
	case catalog.SeverityCritical, catalog.SeverityWarning, catalog.SeverityInfo:
		return ours
	}
	return ""
}

// expand puts what its JSON paths find into a text. What is not there is
// nothing; several finds are put behind each other.
func expand(text string, from any) (string, error) {
	var b strings.Builder
	for _, expression := range catalog.PathsIn(text) {
		before, rest, _ := strings.Cut(text, "{{")
		_, text, _ = strings.Cut(rest, "}}")
		b.WriteString(before)
		path, err := jp.ParseString(expression)
		if err != nil {
			return "", fmt.Errorf("the path %q: %w", expression, err)
		}
		var found []string
		for _, v := range flat(path.Get(from)) {
			if one := textOf(v); one != "" {
				found = append(found, one)
			}
		}
		b.WriteString(strings.Join(found[:min(len(found), maxPairs)], ", "))
	}
	b.WriteString(text)
	return cut(b.String(), 2*maxText), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

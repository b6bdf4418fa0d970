package promql

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// File is one rule file that Prometheus would load.
type File struct {
	Path   string
	Groups []Group
}

// Group is a list of rules that are evaluated in order. Interval is zero where
// the global one holds.
type Group struct {
	Name     string
	Interval time.Duration
	Rules    []Rule
}

// Rule records (Record is set) or alerts (Alert is set).
type Rule struct {
	Record, Alert string
	Expr          string
	For           time.Duration
	KeepFiringFor time.Duration
	Labels        map[string]string
	Annotations   map[string]string
}

// Name is the name of the series or of the alert.
func (r Rule) Name() string { return r.Record + r.Alert }

// Load reads a rule file as strictly as Prometheus does. The error joins
// everything that is wrong, each with its line.
func Load(path string) (*File, error) {
	parsed, errs := rulefmt.ParseFile(path, false, model.LegacyValidation)
	if len(errs) > 0 {
		return nil, fmt.Errorf("reading rules: %w", errors.Join(errs...))
	}
	file := &File{Path: path}
	for _, group := range parsed.Groups {
		file.Groups = append(file.Groups, newGroup(group))
	}
	return file, nil
}

func newGroup(parsed rulefmt.RuleGroup) Group {
	group := Group{Name: parsed.Name, Interval: time.Duration(parsed.Interval)}
	for _, rule := range parsed.Rules {
		group.Rules = append(group.Rules, Rule{
			Record: rule.Record, Alert: rule.Alert, Expr: rule.Expr,
			For: time.Duration(rule.For), KeepFiringFor: time.Duration(rule.KeepFiringFor),
			Labels: rule.Labels, Annotations: rule.Annotations,
		})
	}
	return group
}

// Queries lists every query that the rule makes: its expression first, then
// those of its labels and annotations in the order of their names.
func (r Rule) Queries() ([]string, error) {
	queries := []string{r.Expr}
	for _, texts := range []map[string]string{r.Labels, r.Annotations} {
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			found, err := TemplateQueries(texts[name])
			if err != nil {
				return nil, fmt.Errorf("reading %s of %q: %w", name, r.Name(), err)
			}
			queries = append(queries, found...)
		}
	}
	return queries, nil
}

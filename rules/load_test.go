package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/rules/promql"
)

// ruleFiles are the paths of the rule files, as prometheus.yml lists them.
func ruleFiles(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("prometheus.yml")
	require.NoError(t, err)
	var config struct {
		RuleFiles []string `yaml:"rule_files"`
	}
	require.NoError(t, yaml.Unmarshal(text, &config))
	return config.RuleFiles
}

func load(t testing.TB) []*promql.File {
	t.Helper()
	var files []*promql.File
	for _, path := range ruleFiles(t) {
		file, err := promql.Load(path)
		require.NoError(t, err)
		files = append(files, file)
	}
	return files
}

func eachGroup(t testing.TB, f func(group promql.Group)) {
	t.Helper()
	for _, file := range load(t) {
		for _, group := range file.Groups {
			f(group)
		}
	}
}

// each calls f for every rule, with its group.
func each(t testing.TB, f func(group promql.Group, rule promql.Rule)) {
	t.Helper()
	eachGroup(t, func(group promql.Group) {
		for _, rule := range group.Rules {
			f(group, rule)
		}
	})
}

// alerts are the names of the alerts, each once.
func alerts(t *testing.T) []string {
	t.Helper()
	var names []string
	each(t, func(_ promql.Group, rule promql.Rule) {
		if rule.Alert != "" {
			names = append(names, rule.Alert)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

func TestPrometheusLoadsEveryRuleFile(t *testing.T) {
	found, err := filepath.Glob("*.yml")
	require.NoError(t, err)
	found = slices.DeleteFunc(found, func(name string) bool { return name == "prometheus.yml" })
	require.ElementsMatch(t, found, ruleFiles(t))
}

func TestGroupsAreNamedAfterTheirFile(t *testing.T) {
	for _, file := range load(t) {
		subject := strings.TrimSuffix(file.Path, ".yml")
		for _, group := range file.Groups {
			require.Truef(t, group.Name == subject || strings.HasPrefix(group.Name, subject+"_"), "group %s is in %s", group.Name, file.Path)
		}
	}
}

func TestNames(t *testing.T) {
	alert := regexp.MustCompile(`^[A-Z][A-Za-z]+$`)
	record := regexp.MustCompile(`^[a-z]+(_[a-z]+)*:tocsin_[a-z_]+:[a-z][a-z0-9_]*$`)
	each(t, func(_ promql.Group, rule promql.Rule) {
		if rule.Alert != "" {
			require.Regexp(t, alert, rule.Alert)
			return
		}
		require.Regexpf(t, record, rule.Record, "a record is level:metric:operations")
	})
}

func TestEveryNameIsUsedOnce(t *testing.T) {
	seen := map[string]string{}
	each(t, func(group promql.Group, rule promql.Rule) {
		require.Emptyf(t, seen[rule.Name()], "%s stands in group %s too", rule.Name(), group.Name)
		seen[rule.Name()] = group.Name
	})
}

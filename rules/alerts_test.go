package rules_test

import (
	"maps"
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

func TestAlertsCarryLabelsAndAnnotations(t *testing.T) {
	each(t, func(_ promql.Group, rule promql.Rule) {
		if rule.Alert == "" {
			return
		}
		require.Regexpf(t, `^(critical|warning|info)$|\{\{ else \}\}(critical|warning|info)\{\{ end \}\}`, rule.Labels["severity"], "%s", rule.Alert)
		require.Containsf(t, []string{"users", "developers", "platform"}, rule.Labels["audience"], "%s", rule.Alert)
		annotations := slices.Sorted(maps.Keys(rule.Annotations))
		require.Equalf(t, []string{"dashboard_url", "description", "impact", "runbook_url", "summary"}, annotations, "%s", rule.Alert)
		require.Truef(t, strings.HasSuffix(rule.Annotations["runbook_url"], "/"+rule.Alert+".md"), "%s: runbook_url names another page", rule.Alert)
	})
}

// Tocsin's own alerts say so themselves; all others take service and team from
// their expression, and the catalogue can tune them.
func TestAlertsSayWhoseTheyAre(t *testing.T) {
	each(t, func(_ promql.Group, rule promql.Rule) {
		switch {
		case rule.Alert == "":
		case rule.Labels["audience"] == "platform":
			require.Equalf(t, "tocsin", rule.Labels["service"], "%s", rule.Alert)
			require.Containsf(t, rule.Labels["team"], "global:tocsin_monitoring_info:newest", "%s", rule.Alert)
		default:
			require.Containsf(t, rule.Expr, "group_left (team)", "%s", rule.Alert)
			require.Containsf(t, rule.Expr, `{alert="`+rule.Alert+`",severity="off"}`, "%s", rule.Alert)
			require.Containsf(t, rule.Labels["severity"], `alert="`+rule.Alert+`"`, "%s", rule.Alert)
		}
	})
}

// cut shortens what humanizeDuration writes to two units: 9d 23h, not 9d 23h 49m
// 10s; and 4h, not 4h 0m 0s.
const cut = `humanizeDuration | reReplaceAll " 0.*|( [^ ]+) .*" "$1" }}`

func TestDurationsHaveTwoUnitsAtMost(t *testing.T) {
	used := 0
	each(t, func(_ promql.Group, rule promql.Rule) {
		for name, text := range rule.Annotations {
			n := strings.Count(text, "humanizeDuration")
			require.Equalf(t, n, strings.Count(text, cut), "%s: %s writes a duration in four units: {{ … | %s", rule.Alert, name, cut)
			used += n
		}
	})
	require.NotZero(t, used)
}

// keep_firing_for would keep an alert whose service has left the catalogue.
func TestNoAlertOutlivesItsExpression(t *testing.T) {
	each(t, func(_ promql.Group, rule promql.Rule) {
		require.Zerof(t, rule.KeepFiringFor, "%s", rule.Name())
	})
}

// The exporter has confirmed the failure; waiting again would only be late.
func TestOutagesAreToldAtOnce(t *testing.T) {
	at := []string{"ServiceDown", "DependencyDown", "JourneyFailing", "LocationIsolated", "PipelineFailed"}
	each(t, func(_ promql.Group, rule promql.Rule) {
		if slices.Contains(at, rule.Alert) {
			require.Zerof(t, rule.For, "%s", rule.Alert)
		}
	})
}

// raised are the alerts that the receiver raises itself.
var raised = []string{"ExternalAlert", "TocsinAlertsNotForwarded", "TocsinWatchdogOverdue"}

func TestEveryAlertHasARunbook(t *testing.T) {
	pages, err := filepath.Glob("../docs/runbooks/*.md")
	require.NoError(t, err)
	var named []string
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); name != "README" {
			named = append(named, name)
		}
	}
	require.ElementsMatch(t, append(alerts(t), raised...), named, "docs/runbooks has one page per alert, and no other")

	headings := []string{"## What it means", "## What users notice", "## Check first", "## Common causes", "## Silence or tune"}
	for _, name := range named {
		text, err := os.ReadFile("../docs/runbooks/" + name + ".md")
		require.NoError(t, err)
		found := regexp.MustCompile(`(?m)^## .*$`).FindAllString(string(text), -1)
		require.Equalf(t, headings, found, "%s", name)
		require.Truef(t, strings.HasPrefix(string(text), "# "+name+"\n"), "%s", name)
	}
}

// story is what of a promtool file the next test reads.
type story struct {
	Tests []struct {
		Alerts []struct {
			Alert    string `yaml:"alertname"`
			Expected []struct {
				Annotations map[string]string `yaml:"exp_annotations"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// TestEveryAlertIsToldInAStory wants each alert seen firing, with its exact
// texts, and seen silent; the watchdog is never silent.
func TestEveryAlertIsToldInAStory(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{"TocsinWatchdog": true}
	paths, err := filepath.Glob("tests/*.yml")
	require.NoError(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var s story
		require.NoErrorf(t, yaml.Unmarshal(text, &s), "%s", path)
		for _, test := range s.Tests {
			for _, check := range test.Alerts {
				silent[check.Alert] = silent[check.Alert] || len(check.Expected) == 0
				for _, expected := range check.Expected {
					fires[check.Alert] = fires[check.Alert] || len(expected.Annotations) == 5
				}
			}
		}
	}
	for _, alert := range alerts(t) {
		require.Truef(t, fires[alert], "no story in rules/tests has %s fire with all its texts", alert)
		require.Truef(t, silent[alert], "no story in rules/tests has %s silent", alert)
	}
}

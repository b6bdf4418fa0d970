package rules_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/rules/promql"
)

// engines are the metrics of the engines themselves that rules and dashboards
// may use, and what Prometheus makes of our histograms.
var engines = []string{
	"up", "ALERTS", "ALERTS_FOR_STATE",
	"alertmanager_notifications_failed_total",
}

// documented is every metric of docs/metrics.md, which the exporter's tests
// compare with what is exported; histograms with their classic parts.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	found := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| `(tocsin_[a-z_]+)[`{]")
	for _, match := range row.FindAllStringSubmatch(string(text), -1) {
		found[match[1]] = true
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if strings.HasSuffix(match[1], "_seconds") {
				found[match[1]+part] = true
			}
		}
	}
	require.NotEmpty(t, found)
	return found
}

// known is what an expression may name: documented, the engines', recorded.
func known(t *testing.T) map[string]bool {
	t.Helper()
	names := documented(t)
	for _, name := range engines {
		names[name] = true
	}
	each(t, func(_ promql.Group, rule promql.Rule) {
		if rule.Record != "" {
			names[rule.Record] = true
		}
	})
	return names
}

func TestEveryMetricInARuleExists(t *testing.T) {
	names := known(t)
	each(t, func(_ promql.Group, rule promql.Rule) {
		queries, err := rule.Queries()
		require.NoError(t, err)
		for _, query := range queries {
			used, err := promql.NamesOf(query)
			require.NoErrorf(t, err, "%s", rule.Name())
			for _, metric := range used.Metrics {
				require.Truef(t, names[metric], "%s uses %s, which is neither in docs/metrics.md nor recorded", rule.Name(), metric)
			}
		}
	})
}

// TestLabelsInARuleExist holds the labels to those that docs/metrics.md names,
// and the few that scraping, alerts and the rules themselves add.
func TestLabelsInARuleExist(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	added := []string{
		"job", "instance", "integration", "le", // the engines'
		"exported_service", "exported_location", "exported_instance", // what TocsinLabelsOverwritten looks for
		"threshold", // service_threshold:tocsin_threshold_missing:info
	}
	each(t, func(_ promql.Group, rule promql.Rule) {
		queries, err := rule.Queries()
		require.NoError(t, err)
		for _, query := range queries {
			used, err := promql.NamesOf(query)
			require.NoError(t, err)
			for _, label := range used.Labels {
				documented := regexp.MustCompile("[`{,]" + label + "[`},=]").Match(text)
				require.Truef(t, documented || slices.Contains(added, label), "%s names the label %s, which nothing has", rule.Name(), label)
			}
		}
	})
}

// TestAlertsUseTheirOwnGroup: groups have no order among each other, so a record
// of another one may be an evaluation old. The joins are slow facts anyway.
func TestAlertsUseTheirOwnGroup(t *testing.T) {
	groupOf := map[string]string{}
	each(t, func(group promql.Group, rule promql.Rule) {
		if rule.Record != "" {
			groupOf[rule.Record] = group.Name
		}
	})
	each(t, func(group promql.Group, rule promql.Rule) {
		if rule.Alert == "" {
			return
		}
		used, err := promql.NamesOf(rule.Expr)
		require.NoError(t, err)
		for _, metric := range used.Metrics {
			require.Containsf(t, []string{"", group.Name, "joins"}, groupOf[metric], "%s uses %s", rule.Alert, metric)
		}
	})
}

// TestRecordsAreUsed: a record that no rule, annotation or dashboard reads only
// costs. Two are offered to people's own dashboards: a service in one number.
func TestRecordsAreUsed(t *testing.T) {
	used := map[string]bool{
		"service:tocsin_probe_success:ratio_rate5m":      true,
		"service:tocsin_probe_last_duration_seconds:max": true,
	}
	each(t, func(_ promql.Group, rule promql.Rule) {
		queries, err := rule.Queries()
		require.NoError(t, err)
		for _, query := range queries {
			names, err := promql.NamesOf(query)
			require.NoError(t, err)
			for _, metric := range names.Metrics {
				used[metric] = used[metric] || metric != rule.Record
			}
		}
	})
	for _, query := range dashboardQueries(t) {
		for _, metric := range metricsOfPanel(t, query) {
			used[metric] = true
		}
	}
	each(t, func(_ promql.Group, rule promql.Rule) {
		require.Truef(t, rule.Record == "" || used[rule.Record], "nothing uses %s", rule.Record)
	})
}

func TestEveryMetricInADashboardExists(t *testing.T) {
	names := known(t)
	for _, query := range dashboardQueries(t) {
		for _, metric := range metricsOfPanel(t, query) {
			require.Truef(t, names[metric], "a panel uses %s, which is neither in docs/metrics.md nor recorded:\n%s", metric, query)
		}
	}
}

// dashboardQueries are the values of every "expr" in dashboards/*.json.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../dashboards/*.json")
	require.NoError(t, err)
	var queries []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var model any
		require.NoErrorf(t, json.Unmarshal(text, &model), "%s", path)
		queries = append(queries, expressions(model)...)
	}
	return queries
}

func expressions(model any) []string {
	var found []string
	switch model := model.(type) {
	case []any:
		for _, element := range model {
			found = append(found, expressions(element)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(model)) {
			if text, ok := model[key].(string); ok && key == "expr" {
				found = append(found, text)
			}
			found = append(found, expressions(model[key])...)
		}
	}
	return found
}

// metricsOfPanel reads a panel's query with Grafana's own variables filled in.
func metricsOfPanel(t *testing.T, query string) []string {
	t.Helper()
	query = regexp.MustCompile(`\$__(rate_interval|interval|range)\b|\$\{__(rate_interval|interval|range)\}`).ReplaceAllString(query, "5m")
	query = regexp.MustCompile(`\$__(from|to)\b|\$\{__(from|to)\}`).ReplaceAllString(query, "0")
	used, err := promql.NamesOf(query)
	require.NoErrorf(t, err, "%s", query)
	return used.Metrics
}

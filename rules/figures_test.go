package rules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/rules/promql"
)

// TestEveryMetricOfAnIncidentsFiguresExists holds what is kept with an incident
// to what is exported and recorded.
func TestEveryMetricOfAnIncidentsFiguresExists(t *testing.T) {
	names := known(t)
	var queries []string
	for _, q := range figures.Questions() {
		queries = append(queries, q.Query)
		if q.Limit != "" {
			queries = append(queries, q.Limit)
		}
	}
	filled := strings.NewReplacer("$service", `"shop"`, "$dependencies", `"a|b"`, "$around", `"a|b"`, "$step", "30s", "$range", "60s", "$window", "1d", "$seconds", "86400")
	for _, query := range append(queries, figures.RunsQuery) {
		used, err := promql.NamesOf(filled.Replace(query))
		require.NoErrorf(t, err, "%s", query)
		require.NotEmpty(t, used.Metrics)
		for _, metric := range used.Metrics {
			require.Truef(t, names[metric], "%s uses %s, which is neither in docs/metrics.md nor recorded", query, metric)
		}
	}
}

package promql_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/rules/promql"
)

func TestLoad(t *testing.T) {
	file, err := promql.Load(write(t, `groups:
  - name: availability
    interval: 15s
    rules:
      - {record: "service:up:min", expr: min by (service) (up)}
      - alert: Down
        expr: service:up:min == 0
        for: 1m
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.service }} is down"}
`))
	require.NoError(t, err)
	require.Len(t, file.Groups, 1)
	group := file.Groups[0]
	require.Equal(t, "availability", group.Name)
	require.Equal(t, 15*time.Second, group.Interval)
	require.Equal(t, "service:up:min", group.Rules[0].Name())
	require.Equal(t, promql.Rule{
		Alert: "Down", Expr: "service:up:min == 0", For: time.Minute,
		Labels:      map[string]string{"severity": "critical"},
		Annotations: map[string]string{"summary": "{{ $labels.service }} is down"},
	}, group.Rules[1])
}

func TestLoadReportsEverythingThatIsWrong(t *testing.T) {
	_, err := promql.Load(write(t, `groups:
  - name: a
    rules:
      - {alert: One, expr: "up =="}
      - {alert: Two, expr: "rate(up)"}
`))
	require.ErrorContains(t, err, `"One"`)
	require.ErrorContains(t, err, `"Two"`)
	_, err = promql.Load(filepath.Join(t.TempDir(), "none.yml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestNamesOf(t *testing.T) {
	for _, test := range []struct {
		name, expression string
		metrics, labels  []string
	}{
		{"a selector", `up{job="a",instance=~"b"}`, []string{"up"}, []string{"instance", "job"}},
		{"ranges and subqueries", `max_over_time(rate(a[1m])[5m:10s]) + last_over_time(b[1h])`, []string{"a", "b"}, nil},
		{"grouping and joining", `sum by (service) (a) * on (service) group_left (team) b`, []string{"a", "b"}, []string{"service", "team"}},
		{"ignoring and without", `sum without (x) (a) / ignoring (y) b`, []string{"a", "b"}, []string{"x", "y"}},
		{"label_replace reads and writes labels", `label_replace(a, "to", "$1", "from", "(.+)")`, []string{"a"}, []string{"from", "to"}},
		{"label_replace from nothing", `label_replace(a, "to", "x", "", "")`, []string{"a"}, []string{"to"}},
		{"label_join", `label_join(a, "to", "-", "b", "c")`, []string{"a"}, []string{"b", "c", "to"}},
		{"a name twice is one name", `a and a{b="c"}`, []string{"a"}, []string{"b"}},
		{"no series at all", `vector(1)`, nil, nil},
		{"a metric that is written as a matcher", `{__name__="a"}`, []string{"a"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			names, err := promql.NamesOf(test.expression)
			require.NoError(t, err)
			require.Equal(t, promql.Names{Metrics: test.metrics, Labels: test.labels}, names)
		})
	}
}

func TestNamesOfRefuses(t *testing.T) {
	_, err := promql.NamesOf(`up ==`)
	require.ErrorContains(t, err, `parsing "up =="`)
	for _, expression := range []string{`{__name__=~"tocsin_.*"}`, `{job="a"}`} {
		_, err = promql.NamesOf(expression)
		require.ErrorContains(t, err, "names no metric")
	}
}

func TestTemplateQueries(t *testing.T) {
	for _, test := range []struct {
		name, text string
		queries    []string
	}{
		{"plain text", `down`, nil},
		{"a literal, given", "{{ query `up == 0` | first | value }}", []string{"up == 0"}},
		{"printf before it", "{{ with printf `up{job=%q}` $labels.job | query }}x{{ else }}y{{ end }}", []string{`up{job="x"}`}},
		{"every verb is filled", "{{ printf `a{b=%q} > %d and c_%s{d=\"5%%\"}` 1 2 3 | query }}", []string{`a{b="x"} > 1 and c_x{d="5%"}`}},
		{"in a branch, a loop and an assignment", "{{ $v := query `a` }}{{ if $v }}{{ range query `b` }}{{ with query `c` }}{{ end }}{{ end }}{{ else }}{{ query `d` }}{{ end }}", []string{"a", "b", "c", "d"}},
		{"in parentheses", "{{ len (query `a`) }}", []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			queries, err := promql.TemplateQueries(test.text)
			require.NoError(t, err)
			require.Equal(t, test.queries, queries)
		})
	}
}

func TestTemplateQueriesRefusesWhatItCannotRead(t *testing.T) {
	_, err := promql.TemplateQueries("{{ if }}")
	require.ErrorContains(t, err, "parsing the template")
	_, err = promql.TemplateQueries("{{ query $labels.q }}")
	require.ErrorContains(t, err, "a query is a literal, or printf of a literal")
	_, err = promql.TemplateQueries("{{ $labels.q | query }}")
	require.ErrorContains(t, err, "a query is a literal, or printf of a literal")
}

func TestComparisons(t *testing.T) {
	for _, test := range []struct {
		name, expression string
		numbers          []float64
	}{
		{"a number on the right", `a > 0.8`, []float64{0.8}},
		{"a number on the left", `0.8 < a`, []float64{0.8}},
		{"put together", `a > 60 * 5`, []float64{60}},
		{"wrapped", `a > scalar(vector(3))`, []float64{3}},
		{"negative", `a > -2`, []float64{-2}},
		{"bool", `a == bool 0`, []float64{0}},
		{"inside", `sum(a > 7) and b < 8`, []float64{7, 8}},
		{"between series", `a > on (b) c`, nil},
		{"a factor is no comparison", `a > 2 * b`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			comparisons, err := promql.Comparisons(test.expression)
			require.NoError(t, err)
			var numbers []float64
			for _, comparison := range comparisons {
				numbers = append(numbers, comparison.Number)
			}
			require.Equal(t, test.numbers, numbers)
		})
	}
	_, err := promql.Comparisons(`a >`)
	require.Error(t, err)
}

func TestLiterals(t *testing.T) {
	numbers, err := promql.Literals(`topk(1, quantile(0.5, a offset 5m)) * 2 > 3`)
	require.NoError(t, err)
	require.Equal(t, []float64{0.5, 1, 2, 3}, numbers)
	_, err = promql.Literals(`(`)
	require.Error(t, err)
}

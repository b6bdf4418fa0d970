package dashboards

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/rules/promql"
)

// query is one expression of a dashboard, and where it stands.
type query struct {
	place string
	text  string // as it stands in the file
	expr  string // with the variables filled in
}

// queries lists the expressions of panels, annotations and variables.
func queries(t *testing.T) []query {
	t.Helper()
	var found []query
	for _, file := range files(t) {
		d := load(t, file)
		for _, p := range d.all() {
			for _, target := range p.Targets {
				found = append(found, newQuery(d, file+"/"+p.Title+"/"+target.RefID, target.Expr))
			}
		}
		for _, a := range d.Annotations.List {
			found = append(found, newQuery(d, file+"/annotation "+a.Name, a.Expr))
		}
		for _, v := range d.Templating.List {
			if inner, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
				selector, _, ok := cutLast(inner, ", ")
				require.Truef(t, ok, "%s asks every series for a label", v.Name)
				found = append(found, newQuery(d, file+"/variable "+v.Name, selector))
			}
		}
	}
	require.Greater(t, len(found), 60)
	return found
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// newQuery fills in variables as Grafana does: its own, and the dashboard's.
func newQuery(d dashboard, place, text string) query {
	pairs := []string{
		"$__rate_interval", "1m", "$__interval", "1m", "$__range", "6h", "$__from", "1700000000000",
	}
	for _, v := range d.Templating.List {
		pairs = append(pairs, "$"+v.Name, "x")
	}
	return query{place, text, strings.NewReplacer(pairs...).Replace(text)}
}

func eachQuery(t *testing.T, test func(t *testing.T, q query)) {
	for _, q := range queries(t) {
		t.Run(q.place, func(t *testing.T) { test(t, q) })
	}
}

func TestQueriesParseAndNameWhatExists(t *testing.T) {
	metrics, labels := documented(t)
	recorded := records(t)
	engine := []string{"up", "ALERTS", "ALERTS_FOR_STATE"}
	labels = append(labels, "job", "instance", "le", "alertname", "alertstate", "severity", "audience", "threshold", "box", "relation")
	eachQuery(t, func(t *testing.T, q query) {
		names, err := promql.NamesOf(q.expr)
		require.NoError(t, err)
		for _, name := range names.Metrics {
			require.Truef(t, metrics[name] || slices.Contains(recorded, name) || slices.Contains(engine, name),
				"%s is neither in docs/metrics.md nor recorded in rules/", name)
		}
		for _, label := range names.Labels {
			require.Containsf(t, labels, label, "no metric has a label %q", label)
		}
	})
}

func TestVariablesAreFilledIn(t *testing.T) {
	left := regexp.MustCompile(`\$[a-zA-Z_{]+`)
	eachQuery(t, func(t *testing.T, q query) {
		require.Empty(t, left.FindString(q.expr), "no variable of this name")
	})
}

func TestCountersAreRead(t *testing.T) {
	window := regexp.MustCompile(`(rate|increase)\([^()]*\[([^\]]+)\]\)`)
	eachQuery(t, func(t *testing.T, q query) {
		bare, err := promql.BareCounters(q.expr)
		require.NoError(t, err)
		require.Empty(t, bare, "a counter is read through rate or increase")
		for _, found := range window.FindAllStringSubmatch(q.text, -1) {
			require.Contains(t, []string{"$__rate_interval", "$__range"}, found[2], "a fixed window is empty or coarse at other scrape intervals and ranges")
		}
	})
}

// TestJoinsStandDuplicates: several exporters export the same catalogue, so a
// calculation between series reads recorded or aggregated ones.
func TestJoinsStandDuplicates(t *testing.T) {
	eachQuery(t, func(t *testing.T, q query) {
		loose, err := promql.LooseJoins(q.expr)
		require.NoError(t, err)
		require.Empty(t, loose)
	})
}

// TestNoThresholdIsANumber: what is normal is said by the catalogue. States are
// told apart by numbers that these dashboards made up themselves.
func TestNoThresholdIsANumber(t *testing.T) {
	states := []float64{0, 1, 2, 3}
	eachQuery(t, func(t *testing.T, q query) {
		compared, err := promql.Comparisons(q.expr)
		require.NoError(t, err)
		for _, c := range compared {
			if c.Number != 1700000000000 { // $__from
				require.Contains(t, states, c.Number, c.Expression)
			}
		}
	})
}

// documented reads the names of metrics and labels in docs/metrics.md.
func documented(t *testing.T) (metrics map[string]bool, labels []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	metric := regexp.MustCompile("`(tocsin_[a-z0-9_]+)(\\{[^}]*\\})?`")
	label := regexp.MustCompile(`[a-z_]+`)
	metrics = map[string]bool{}
	labels = []string{"service", "probe", "location"} // of every probe's metric
	for line := range strings.Lines(string(text)) {
		for _, found := range metric.FindAllStringSubmatch(line, -1) {
			metrics[found[1]] = true
			if strings.Contains(line, "histogram") {
				metrics[found[1]+"_bucket"], metrics[found[1]+"_sum"], metrics[found[1]+"_count"] = true, true, true
			}
			labels = append(labels, label.FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(found[2], ""), -1)...)
		}
	}
	require.Greater(t, len(metrics), 40)
	return metrics, labels
}

// records are the names that the shipped rules record.
func records(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../rules/*.yml")
	require.NoError(t, err)
	var found []string
	for _, path := range paths {
		if filepath.Base(path) == "prometheus.yml" {
			continue
		}
		file, err := promql.Load(path)
		require.NoError(t, err)
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				if rule.Record != "" {
					found = append(found, rule.Record)
				}
			}
		}
	}
	require.NotEmpty(t, found)
	return found
}

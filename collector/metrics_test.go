package collector

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// pageText is a gatherer's page in the classic text format.
func pageText(t testing.TB, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	var b bytes.Buffer
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&b, f)
		require.NoError(t, err)
	}
	return b.String()
}

// estate runs every kind for two minutes of a fake clock.
func estate(t *testing.T, check func(h *Harness, all Scrape)) {
	text, err := os.ReadFile("testdata/estate.yml")
	require.NoError(t, err)
	c, err := catalog.Parse("testdata/estate.yml", text)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.say("shop/home", func(context.Context) probe.Result {
			time.Sleep(120 * time.Millisecond)
			return probe.Result{
				Status: 200, Phases: probe.Phases{1e6, 2e6, 3e6, 1e8, 1e7}, CertificateExpiry: time.Unix(1_800_000_000, 0),
				Measures:    []probe.Measured{{Measure: probe.PacketLoss, Value: 0.25}, {Measure: probe.DomainExpiry, Value: 1_900_000_000}},
				Components:  []probe.Component{{Name: "cache", Up: true}, {Name: "disk"}},
				Performance: []probe.Performance{{Label: "size", Unit: "bytes", Value: 4096}},
				Steps:       []probe.StepTime{{Name: "GET /", Duration: 20 * time.Millisecond}},
			}
		})
		w.say("shop/login", func(context.Context) probe.Result {
			return probe.Result{Outcome: probe.Failure, Reason: probe.ReasonStatus, Step: "POST /login", Text: "step 2 POST /login: status 500, want 302"}
		})
		w.say("search/api", func(context.Context) probe.Result {
			return probe.Result{Outcome: probe.Blocked, Reason: probe.ReasonBlocked}
		})
		registry := prometheus.NewPedanticRegistry()
		h := New(Options{Location: "london", Registerer: registry, Build: w.build})
		sight := NewSight("london", nil, registry)
		require.NoError(t, h.Update(c))
		require.NoError(t, sight.Update(c))
		start(t, h)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		check(h, Scrape{Harness: h, Others: registry})
	})
}

func TestPageIsAsDocumented(t *testing.T) {
	var page string
	estate(t, func(_ *Harness, all Scrape) { page = written(t, all) })
	golden := filepath.Join("testdata", "metrics.prom")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(page), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), page, "go test ./collector -update writes it anew")
}

func TestPromtoolFindsNothingToComplainAbout(t *testing.T) {
	page, err := os.Open(filepath.Join("testdata", "metrics.prom"))
	require.NoError(t, err)
	defer func() { _ = page.Close() }()
	lint := exec.CommandContext(t.Context(), enginestest.Path(t, "promtool"), "check", "metrics")
	lint.Stdin = page
	out, err := lint.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	require.Empty(t, string(out))
}

// checked hands families through client_golang's own gathering, which checks
// names, types, label sets and duplicates.
func TestPageIsWhatTheRegistryWouldWrite(t *testing.T) {
	estate(t, func(h *Harness, _ Scrape) {
		mine, err := h.Gather()
		require.NoError(t, err)
		checked, err := prometheus.Gatherers{h}.Gather()
		require.NoError(t, err)
		require.Len(t, checked, len(mine))
		for i, f := range checked {
			for j, m := range f.GetMetric() {
				require.Truef(t, sortedLabels(m), "labels of %s", f.GetName())
				_ = j
			}
			require.Equal(t, f.GetName(), mine[i].GetName())
			require.Len(t, mine[i].GetMetric(), len(f.GetMetric()))
		}
	})
}

func sortedLabels(m *dto.Metric) bool {
	for i := 1; i < len(m.GetLabel()); i++ {
		if m.GetLabel()[i-1].GetName() >= m.GetLabel()[i].GetName() {
			return false
		}
	}
	return true
}

func TestEveryFamilyIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	estate(t, func(_ *Harness, all Scrape) {
		families, err := all.Gather()
		require.NoError(t, err)
		for _, f := range families {
			require.Containsf(t, string(doc), "`"+f.GetName(), "%s is not in docs/metrics.md", f.GetName())
			require.Truef(t, strings.HasSuffix(f.GetHelp(), "."), "help of %s is no sentence: %q", f.GetName(), f.GetHelp())
		}
	})
}

// TestAProbeHasAboutTenSeries holds what docs/metrics.md promises of probes of
// names that have come to all that an ordinary day brings.
func TestAProbeHasAboutTenSeries(t *testing.T) {
	for _, test := range []struct {
		name   string
		result probe.Result
		want   int
	}{
		{"http", probe.Result{Phases: probe.Phases{1, 1, 0, 1, 1}}, 9},
		{"https", probe.Result{Phases: probe.Phases{1, 1, 1, 1, 1}, CertificateExpiry: time.Unix(1, 0)}, 11},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := New(Options{Location: "here", Build: newWorld().build})
			require.NoError(t, h.Update(parse(t, oneProbe)))
			h.order[0].record(run{state: Up, attempts: []Attempt{{At: time.Unix(1, 0), Result: test.result}}})
			series := strings.Count(pageText(t, h), `location="here"`)
			require.Equal(t, test.want, series)
		})
	}
}

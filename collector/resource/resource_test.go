package resource

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func all(string) bool { return true }

func shop(resources map[string]*catalog.Resource) *catalog.Catalog {
	return &catalog.Catalog{Spec: catalog.Spec{Services: map[string]*catalog.Service{"shop": {Name: "shop", Resources: resources}}}}
}

func TestMetricsPages(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		want   instance
		err    string
	}{
		"a client library's page": {
			200, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 2.5e7\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 12.5\nprocess_start_time_seconds 1.7e9\n",
			instance{memoryUsed: 2.5e7, hasMemory: true, cpu: 12.5, hasCPU: true, life: "1700000000", memoryLimit: 100, cpuLimit: 2},
			"",
		},
		"memory only": {200, "process_resident_memory_bytes 7\n", instance{memoryUsed: 7, hasMemory: true, memoryLimit: 100, cpuLimit: 2}, ""},
		"NaN is no value": {
			200, "process_resident_memory_bytes NaN\nprocess_cpu_seconds_total 1\n",
			instance{cpu: 1, hasCPU: true, memoryLimit: 100, cpuLimit: 2},
			"",
		},
		"no process collector": {200, "up 1\n", instance{}, "neither process_resident_memory_bytes nor"},
		"several processes":    {200, "process_resident_memory_bytes{pid=\"1\"} 7\nprocess_resident_memory_bytes{pid=\"2\"} 7\n", instance{}, "there are 2 series of process_resident_memory_bytes, want one"},
		"a web page":           {200, "<!doctype html><title>Shop</title>", instance{}, "got an HTML page"},
		"not the format":       {200, "{\"memory\": 1}\n", instance{}, "want Prometheus' text format"},
		"cut off":              {200, "process_resident_memory_bytes", instance{}, "want Prometheus' text format"},
		"an error":             {503, "", instance{}, "got status 503, want 200"},
		"far too much":         {200, strings.Repeat("a", maxPage+1), instance{}, "larger than 16 MiB"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				require.Equal(t, "Tocsin/test", r.UserAgent())
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			t.Cleanup(server.Close)
			read := newPrometheus(&catalog.Resource{MemoryLimit: 100, CPULimit: 2, Prometheus: &catalog.PrometheusResource{URL: server.URL}}, Options{UserAgent: "Tocsin/test"})
			got, err := read(t.Context())
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				require.ErrorContains(t, err, "reading the metrics page "+server.URL)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []instance{tc.want}, got.instances)
		})
	}
}

func TestAMetricsPageThatHangs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, fmt.Errorf("no answer within 50ms"))
	defer cancel()
	_, err := newPrometheus(&catalog.Resource{Prometheus: &catalog.PrometheusResource{URL: server.URL}}, Options{})(ctx)
	require.EqualError(t, err, "reading the metrics page "+server.URL+": no answer within 50ms")
}

func TestCoresAreTheMeanSinceTheReadingBefore(t *testing.T) {
	m, start := meter{}, time.Now()
	at := func(seconds int, life string, cpu float64) value {
		return m.measure([]instance{{slot: 0, hasCPU: true, cpu: cpu, life: life}}, start.Add(time.Duration(seconds)*time.Second))[0]
	}
	require.False(t, at(0, "a", 100).hasCores, "nothing to compare with")
	require.InDelta(t, 1.5, at(10, "a", 115).cores, 1e-9)
	require.False(t, at(20, "a", 3).hasCores, "the counter went back")
	require.InDelta(t, 0.1, at(30, "a", 4).cores, 1e-9)
	require.False(t, at(40, "b", 5).hasCores, "another process in the same slot")
	require.False(t, at(40, "b", 6).hasCores, "no time has passed")
	m.measure(nil, start.Add(50*time.Second))
	require.False(t, at(60, "b", 7).hasCores, "it was gone in between")
}

// TestExport reads two components, one of which fails and recovers, and
// compares the page.
func TestExport(t *testing.T) {
	broken := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken {
			w.WriteHeader(500)
			return
		}
		fmt.Fprint(w, "process_resident_memory_bytes 64\nprocess_cpu_seconds_total 3\n")
	}))
	t.Cleanup(server.Close)
	var out bytes.Buffer
	c := New(Options{Logger: log.NewLogfmtLogger(&out)})
	c.Update(shop(map[string]*catalog.Resource{
		"web":     {MemoryLimit: 128, Prometheus: &catalog.PrometheusResource{URL: server.URL}},
		"cluster": {Kubernetes: &catalog.KubernetesResource{Namespace: "a", Workload: "b"}},
	}), all)
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader("")), "nothing before the first reading")

	c.results.Once(t.Context())
	failed := `
# HELP tocsin_resource_up Whether the last reading of the component succeeded.
# TYPE tocsin_resource_up gauge
tocsin_resource_up{component="cluster",service="shop"} 0
tocsin_resource_up{component="web",service="shop"} %d
`
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(fmt.Sprintf(failed, 0)), "tocsin_resource_up", "tocsin_resource_memory_used_bytes", "tocsin_resource_last_read_timestamp_seconds"))

	broken = false
	c.results.Once(t.Context())
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(fmt.Sprintf(failed, 1)+`
# HELP tocsin_resource_memory_limit_bytes Memory that may be used; absent where there is no limit.
# TYPE tocsin_resource_memory_limit_bytes gauge
tocsin_resource_memory_limit_bytes{component="web",instance="0",service="shop"} 128
# HELP tocsin_resource_memory_used_bytes Memory in use that counts against the limit.
# TYPE tocsin_resource_memory_used_bytes gauge
tocsin_resource_memory_used_bytes{component="web",instance="0",service="shop"} 64
`), "tocsin_resource_up", "tocsin_resource_memory_used_bytes", "tocsin_resource_memory_limit_bytes", "tocsin_resource_cpu_used_cores", "tocsin_resource_cpu_limit_cores"))
	require.Equal(t, 1, testutil.CollectAndCount(c, "tocsin_resource_last_read_timestamp_seconds"))
	problems, err := testutil.CollectAndLint(c)
	require.NoError(t, err)
	require.Empty(t, problems)

	c.Update(shop(nil), all)
	require.Zero(t, testutil.CollectAndCount(c), "what left the catalogue left the page")
}

func TestOnlyOwnServicesAreRead(t *testing.T) {
	c := New(Options{})
	c.Update(shop(map[string]*catalog.Resource{"web": {Kubernetes: &catalog.KubernetesResource{}}}), func(service string) bool { return service != "shop" })
	c.results.Once(t.Context())
	require.Zero(t, testutil.CollectAndCount(c))
}

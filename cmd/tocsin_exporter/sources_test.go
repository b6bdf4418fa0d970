package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

// TestSources reads a resource, a usage query and a pipeline of a service that
// is in this exporter's scope, and none of one that is not.
func TestSources(t *testing.T) {
	gh := githubtest.New(t)
	gh.PutRun(githubtest.Run{ID: 1, Repository: "example/shop", Workflow: "deploy.yml", Branch: "main", Conclusion: "success", Started: time.Now(), Updated: time.Now()})
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := "process_resident_memory_bytes 7\n"
		if r.URL.Path == "/api/v1/query" {
			answer = `{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(target.Close)
	c, err := catalog.Parse("tocsin.yml", []byte(`
links: {prometheus: "`+target.URL+`"}
accounts: {github: {api: "`+gh.URL()+`"}}
delivery: {smtp: {host: "127.0.0.1:25", from: tocsin@example.org}}
monitoring: {team: t}
locations: {here: {}, there: {}}
defaults: {location: here}
teams: {t: {channels: {email: {to: [t@example.org]}}}}
services:
  shop:
    team: t
    resources: {web: {prometheus: {url: "`+target.URL+`/metrics"}}}
    usage: {users: sum(users)}
    pipelines: {deploy: {github: {repository: example/shop, workflow: deploy.yml}}}
`))
	require.NoError(t, err)
	shard, err := collector.ParseShard("1/1")
	require.NoError(t, err)

	start := func(location string) func() []string {
		registry := prometheus.NewPedanticRegistry()
		var group sync.WaitGroup
		t.Cleanup(group.Wait)
		for _, source := range newSources(flags{}, collector.Scope{Location: location, Shard: shard}, registry, nil).list {
			require.NoError(t, source.Update(c))
			group.Go(func() { _ = source.Run(t.Context()) })
		}
		return func() (names []string) {
			families, err := registry.Gather()
			require.NoError(t, err)
			for _, family := range families {
				names = append(names, family.GetName())
			}
			return names
		}
	}
	here, there := start("here"), start("there")
	require.Eventually(t, func() bool {
		names := here()
		return slices.Contains(names, "tocsin_resource_memory_used_bytes") && slices.Contains(names, "tocsin_usage_value") && slices.Contains(names, "tocsin_pipeline_last_run_result")
	}, time.Minute, time.Millisecond)
	require.Equal(t, []string{"tocsin_pipeline_api_requests_total"}, there())
}

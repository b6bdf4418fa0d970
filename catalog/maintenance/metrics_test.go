package maintenance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

func TestOpenWindowsAreSeries(t *testing.T) {
	c := parsed(t, "patches: {teams: [platform], days: daily, at: 12:00, duration: 1h, timezone: UTC, reason: r}")
	p, err := maintenance.New(c)
	require.NoError(t, err)
	now := at(t, "2026-11-26T12:30:00Z")
	once := func(id int64, until time.Time) maintenance.Window {
		return maintenance.Window{ID: id, Scope: maintenance.Scope{Services: []string{"shop", "gone"}}, From: now, Until: until}
	}
	source := func(now time.Time) (*catalog.Catalog, []maintenance.Window) {
		return c, append(p.Open(now), once(1, now.Add(time.Hour)), once(2, now.Add(2*time.Hour)))
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(maintenance.NewCollector(source, func() time.Time { return now }))
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP tocsin_service_maintenance 1 while a maintenance window is open over the service; absent otherwise.
# TYPE tocsin_service_maintenance gauge
tocsin_service_maintenance{service="postgres",window="patches"} 1
tocsin_service_maintenance{service="queue",window="patches"} 1
tocsin_service_maintenance{service="shop",window="once"} 1
# HELP tocsin_service_maintenance_end_timestamp_seconds When the open window ends.
# TYPE tocsin_service_maintenance_end_timestamp_seconds gauge
tocsin_service_maintenance_end_timestamp_seconds{service="postgres",window="patches"} 1.7956980e+09
tocsin_service_maintenance_end_timestamp_seconds{service="queue",window="patches"} 1.7956980e+09
tocsin_service_maintenance_end_timestamp_seconds{service="shop",window="once"} 1.7957034e+09
# HELP tocsin_service_maintenance_start_timestamp_seconds When the open window opened.
# TYPE tocsin_service_maintenance_start_timestamp_seconds gauge
tocsin_service_maintenance_start_timestamp_seconds{service="postgres",window="patches"} 1.7956944e+09
tocsin_service_maintenance_start_timestamp_seconds{service="queue",window="patches"} 1.7956944e+09
tocsin_service_maintenance_start_timestamp_seconds{service="shop",window="once"} 1.7956962e+09
`)))
	now = now.Add(-time.Hour)
	c = nil
	count, err := testutil.GatherAndCount(registry)
	require.NoError(t, err)
	require.Zero(t, count, "without a catalogue there is nothing to say")
}

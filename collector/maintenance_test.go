package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// A window opens and ends between scrapes, by the clock alone.
func TestWindowsOpenAndEndByThemselves(t *testing.T) {
	c, err := catalog.Parse("tocsin.yml", []byte(`
monitoring: {team: shop}
teams: {shop: {}}
services: {shop: {team: shop}, cart: {team: shop}}
maintenance:
  patches: {services: [shop], days: daily, at: 00:30, duration: 1h, timezone: UTC, reason: patches}
`))
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) { // begins at midnight in UTC
		registry := prometheus.NewPedanticRegistry()
		w := NewWindows(registry)
		require.Zero(t, testutil.CollectAndCount(registry), "no catalogue yet")
		require.NoError(t, w.Update(c))
		require.Zero(t, testutil.CollectAndCount(registry))
		time.Sleep(30 * time.Minute)
		require.Equal(t, 1, testutil.CollectAndCount(registry, "tocsin_service_maintenance"))
		require.Contains(t, pageText(t, registry), `tocsin_service_maintenance{service="shop",window="patches"} 1`)
		time.Sleep(time.Hour)
		require.Zero(t, testutil.CollectAndCount(registry))
	})
}

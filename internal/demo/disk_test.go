package demo

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

func TestTheDiskFillsWhenItIsTold(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	switches := newState()
	d := newDisk(func() time.Time { return now }, switches)
	require.InDelta(t, diskUsual, d.used(), 0.011)

	require.True(t, switches.set("disk", true))
	now = now.Add(diskFills / 2)
	require.InDelta(t, (diskUsual+diskFull)/2, d.used(), 0.011)
	now = now.Add(time.Hour)
	require.InDelta(t, diskFull, d.used(), 0)

	switches.reset()
	require.InDelta(t, diskUsual, d.used(), 0.011)

	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(d)
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
	count, err := testutil.GatherAndCount(registry)
	require.NoError(t, err)
	require.Equal(t, 4, count)
}

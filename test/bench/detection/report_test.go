package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQuantileIsByNearestRank(t *testing.T) {
	times := []time.Duration{1, 2, 3, 4}
	require.Equal(t, time.Duration(1), quantile(times, 0))
	require.Equal(t, time.Duration(2), quantile(times, 0.5))
	require.Equal(t, time.Duration(4), quantile(times, 0.99))
	require.Zero(t, quantile(nil, 0.5))
}

func TestReportSaysWhetherTheGoalIsReached(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	late := func(k kind, seconds int) measurement {
		at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
		return measurement{k, start, at(1), at(2), at(3), at(4), at(5), at(seconds)}
	}
	text := report([]measurement{late(refused, 10), late(fiveXX, 30), late(blackHole, 36)}, settings{runs: 1, estates: 1}, start, 2)
	require.Contains(t, text, "| refused | 10.00 | 10.00 | 10.00 | 10.00 | 10.00 | 15, 25 | yes |")
	require.Contains(t, text, "| 5xx | 30.00 | 30.00 | 30.00 | 30.00 | 30.00 | 15, 25 | no |")
	require.Contains(t, text, "| black hole | 36.00 | 36.00 | 36.00 | 36.00 | 36.00 | 25, 36 | no |", "the median is over its goal")
	require.Contains(t, text, "| receiver → product manager's message at SMTP | 6.00 | 6.00 | 6.00 | 6.00 |")
}

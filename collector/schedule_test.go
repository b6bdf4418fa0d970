package collector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPhasesAreSpreadEvenlyAndStayTheSame(t *testing.T) {
	const names, parts = 10_000, 20
	interval := 15 * time.Second
	count := make([]int, parts)
	for i := range names {
		place := hash(fmt.Sprintf("service-%d/home/london", i))
		p := phase(place, interval)
		require.Equal(t, p, phase(place, interval))
		require.Less(t, p, interval)
		count[int(p*parts/interval)]++
	}
	for part, n := range count {
		require.InDeltaf(t, names/parts, n, names/parts/5, "part %d of the interval", part)
	}
}

func TestSlots(t *testing.T) {
	now := time.Date(2026, 11, 22, 13, 14, 15, 16, time.UTC)
	interval, place := 15*time.Second, hash("shop/home/here")
	slot := slotAfter(now, place, interval)
	require.True(t, slot.After(now))
	require.LessOrEqual(t, slot.Sub(now), interval)
	require.Equal(t, slot.Add(interval), slotAfter(slot, place, interval))
	require.Equal(t, slot.UnixNano()%int64(interval), slotAfter(now.Add(1000*time.Hour), place, interval).UnixNano()%int64(interval), "the same after a restart")
}

func TestProbesThatShareAnAwakeningStartAtTheSameInstants(t *testing.T) {
	const step = 50 * time.Millisecond
	now := time.Date(2026, 11, 22, 13, 14, 15, 16, time.UTC)
	for _, interval := range []time.Duration{5 * time.Second, time.Minute} {
		instants := make(map[time.Time]bool)
		for i := range 10_000 {
			place := together(hash(fmt.Sprintf("service-%d/ping/london", i)), step)
			slot := slotAfter(now, place, interval)
			require.Zero(t, slot.UnixNano()%int64(step))
			require.Zero(t, firstDue(now, place, interval).Sub(now)%step, "of the first round as well")
			instants[slot] = true
		}
		require.Greater(t, len(instants), int(interval/step)*9/10, "spread over the interval as before")
	}
	require.Equal(t, uint64(7), together(7, 0))
}

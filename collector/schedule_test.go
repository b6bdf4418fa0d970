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
		name := fmt.Sprintf("service-%d/home/london", i)
		p := phase(name, interval)
		require.Equal(t, p, phase(name, interval))
		require.Less(t, p, interval)
		count[int(p*parts/interval)]++
	}
	for part, n := range count {
		require.InDeltaf(t, names/parts, n, names/parts/5, "part %d of the interval", part)
	}
}

func TestSlots(t *testing.T) {
	now := time.Date(2026, 11, 22, 13, 14, 15, 16, time.UTC)
	interval := 15 * time.Second
	slot := slotAfter(now, "shop/home/here", interval)
	require.True(t, slot.After(now))
	require.LessOrEqual(t, slot.Sub(now), interval)
	require.Equal(t, slot.Add(interval), slotAfter(slot, "shop/home/here", interval))
	require.Equal(t, slot.UnixNano()%int64(interval), slotAfter(now.Add(1000*time.Hour), "shop/home/here", interval).UnixNano()%int64(interval), "the same after a restart")
}

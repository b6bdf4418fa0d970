package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheOperatorsChoiceOfMemoryCounts(t *testing.T) {
	was := debug.SetGCPercent(100)
	defer debug.SetGCPercent(was)
	for _, set := range []string{"GOGC", "GOMEMLIMIT"} {
		saveMemory(func(name string) string { return map[string]string{set: "1"}[name] })
		require.Equal(t, 100, debug.SetGCPercent(100), set)
	}
	saveMemory(func(string) string { return "" })
	require.Equal(t, lean, debug.SetGCPercent(100))
}

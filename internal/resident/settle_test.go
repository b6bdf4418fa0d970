package resident

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"
)

func TestTheOperatorsChoiceOfMemoryCounts(t *testing.T) {
	was := debug.SetGCPercent(100)
	defer debug.SetGCPercent(was)
	for _, set := range []string{"GOGC", "GOMEMLIMIT"} {
		Begin(75, func(name string) string { return map[string]string{set: "1"}[name] })
		require.Equal(t, 100, debug.SetGCPercent(100), set)
	}
	Begin(75, func(string) string { return "" })
	require.Equal(t, 75, debug.SetGCPercent(100))
}

func TestSettlingEndsWithTheProgram(t *testing.T) {
	for _, after := range []time.Duration{time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx, end := context.WithTimeout(t.Context(), after)
			defer end()
			require.NoError(t, Settle(log.NewNopLogger())(ctx))
			require.Error(t, ctx.Err(), "not before")
		})
	}
}

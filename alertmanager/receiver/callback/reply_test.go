package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRepliesDoNotGoOnForEver(t *testing.T) {
	l, now := newLimiter(), time.Date(2026, 11, 23, 22, 15, 0, 0, time.UTC)
	for range mostReplies {
		require.True(t, l.allow("asha", now))
	}
	require.False(t, l.allow("asha", now))
	require.True(t, l.allow("ben", now))
	require.True(t, l.allow("asha", now.Add(repliesAfter+time.Second)))
}

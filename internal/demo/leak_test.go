package demo

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTouchedMemoryIsWritten(t *testing.T) {
	block := touched(3 * pageSize)
	require.Equal(t, []byte{1, 1, 1}, []byte{block[0], block[pageSize], block[2*pageSize]})
}

func TestLeakStaysUnderTheDeclaredLimit(t *testing.T) {
	const declared, ownUse = 256 << 20, 40 << 20 // tocsin.yml; the program itself
	require.LessOrEqual(t, leakMax+ownUse, declared)
	require.Greater(t, float64(leakMax), 0.8*declared, "or MemoryHigh would never fire")
}

func TestLeakEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		switches := newState()
		switches.set("leak", true)
		require.NoError(t, leak(ctx, switches))
	})
}

package layered_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/layered"
)

func TestLinesLeadFromLeftToRight(t *testing.T) {
	p := layered.Layout(map[string][]string{
		"shop": {"basket", "sign-in", "database", "elsewhere"}, "basket": {"database"}, "sign-in": {"directory"}, "database": nil, "directory": nil, "alone": nil,
	})
	require.Equal(t, 3, p.Columns)
	require.Equal(t, 2, p.Rows)
	require.NotContains(t, p.Places, "alone")
	require.NotContains(t, p.Places, "elsewhere")
	require.Len(t, p.Edges, 5)
	for _, e := range p.Edges {
		require.Less(t, p.Places[e[0]].Column, p.Places[e[1]].Column, e)
	}
	require.Zero(t, p.Crossings())
}

func TestLinesThatCrossAreUntied(t *testing.T) {
	needs := map[string][]string{}
	for n := range 20 { // a's in the order of names, b's in the other
		needs[fmt.Sprintf("a%02d", n)] = []string{fmt.Sprintf("b%02d", 19-n)}
		needs[fmt.Sprintf("b%02d", n)] = nil
	}
	require.Zero(t, layered.Layout(needs).Crossings())
}

func TestACircleEnds(t *testing.T) {
	p := layered.Layout(map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"d"}})
	require.Len(t, p.Places, 3)
	require.Len(t, p.Edges, 3)
}

// TestNoTwoStandInOnePlace: sixty services of a real shape, the same each time.
func TestNoTwoStandInOnePlace(t *testing.T) {
	needs := map[string][]string{}
	for n := range 60 {
		name := fmt.Sprintf("s%02d", n)
		needs[name] = nil
		for _, step := range []int{20, 27} {
			if below := n + step; below < 60 {
				needs[name] = append(needs[name], fmt.Sprintf("s%02d", below))
			}
		}
	}
	p := layered.Layout(needs)
	require.Len(t, p.Places, 60)
	taken := map[layered.Place]string{}
	for name, place := range p.Places {
		require.Empty(t, taken[place])
		taken[place] = name
	}
	require.Equal(t, p, layered.Layout(needs))
}

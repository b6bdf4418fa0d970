package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryBenchmarkRuns runs a very short round of each with few targets. It
// looks at no figure.
func TestEveryBenchmarkRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts programs")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-for=1s", "-share=0.01", "-document="}, &out), out.String())
	for _, b := range benchmarks() {
		require.Contains(t, out.String(), b.Title)
	}
	require.NotContains(t, out.String(), "\n| 0 ")
}

func TestEveryBenchmarkHasItsPlaceInTheDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/performance.md")
	require.NoError(t, err)
	for _, b := range benchmarks() {
		_, rest, found := strings.Cut(string(document), "<!-- bench "+b.Name+" writes from here -->\n")
		require.True(t, found, b.Name)
		require.Contains(t, rest, "<!-- to here -->\n")
	}
}

func TestBenchmarksAreChosenByName(t *testing.T) {
	chosen, err := choose("scrape,cost")
	require.NoError(t, err)
	require.Equal(t, []string{"scrape", "cost"}, []string{chosen[0].Name, chosen[1].Name})
	_, err = choose("speed")
	require.EqualError(t, err, `-only: no benchmark "speed"`)
}

package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// No input panics, hangs or takes the memory; what is refused is refused with
// readable mistakes at places that exist, and what loads is complete and can
// be kept.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"../tocsin.yml", "testdata/*.yml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		require.NotEmpty(f, files)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(text)
		}
	}
	f.Add([]byte("a: &a [*a, *a]\n"))
	f.Add([]byte("<<: &a {<<: *a}\n"))
	f.Add([]byte(strings.Repeat("[", 20000)))
	f.Add([]byte("services: {a: &a {<<: [" + strings.Repeat("*a,", 2000) + "]}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := catalog.Parse("tocsin.yml", text)
		if err == nil {
			requireComplete(t, c)
			return
		}
		var mistakes catalog.Errors
		require.ErrorAs(t, err, &mistakes)
		require.NotEmpty(t, mistakes)
		require.True(t, utf8.ValidString(err.Error()), "%q", err.Error())
		for _, mistake := range mistakes {
			require.Equal(t, "tocsin.yml", mistake.Position.File)
			require.Positive(t, mistake.Position.Line)
			require.LessOrEqual(t, mistake.Position.Line, breaks(text)+1)
			require.Positive(t, mistake.Position.Column)
			require.NotEmpty(t, mistake.Problem)
			require.Less(t, len(mistake.Error()), 4000)
		}
	})
}

// breaks counts what YAML takes for the end of a line.
func breaks(text []byte) int {
	return strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + strings.Count(string(text), "\u0085") +
		strings.Count(string(text), "\u2028") + strings.Count(string(text), "\u2029")
}

func requireComplete(t *testing.T, c *catalog.Catalog) {
	t.Helper()
	require.NotEmpty(t, c.Locations)
	require.Contains(t, c.Locations, c.Defaults.Location)
	require.Contains(t, c.Teams, c.Monitoring.Team)
	for _, service := range c.Services {
		require.True(t, service.External || c.Teams[service.Team] != nil)
		for _, probe := range service.Probes {
			require.NotEmpty(t, probe.Kind())
			require.NotEmpty(t, probe.Locations)
			require.LessOrEqual(t, int64(probe.Timeout)*int64(probe.Confirm), int64(probe.Interval))
			require.Positive(t, probe.Slow)
		}
	}
	kept, err := c.Keep()
	require.NoError(t, err)
	again, err := catalog.Restore(kept)
	require.NoError(t, err)
	require.Equal(t, c.Hash(), again.Hash())
}

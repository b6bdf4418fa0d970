package catalog_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

var update = flag.Bool("update", false, "write the expected texts of testdata/bad-*")

// Each testdata/bad-MISTAKE.yml, and each folder of that name, has exactly the
// mistakes in the .txt beside it.
func TestMistakesAreReported(t *testing.T) {
	files, err := filepath.Glob("testdata/bad-*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		if strings.HasSuffix(path, ".txt") {
			continue
		}
		t.Run(strings.TrimPrefix(filepath.Base(path), "bad-"), func(t *testing.T) {
			_, err := catalog.Load(path)
			require.Error(t, err)
			require.ErrorAs(t, err, new(catalog.Errors))
			require.NotContains(t, err.Error(), "hunter2", "secrets are never shown")
			expected := strings.TrimSuffix(path, ".yml") + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(expected, []byte(err.Error()+"\n"), 0o644))
			}
			want, readErr := os.ReadFile(expected)
			require.NoError(t, readErr)
			require.Equal(t, string(want), err.Error()+"\n")
		})
	}
}

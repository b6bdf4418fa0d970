package migrate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Whatever a file holds, importing it ends, and what is written loads.
func FuzzRun(f *testing.F) {
	for _, estate := range estates {
		files, err := filepath.Glob(filepath.Join("testdata", estate, "*"))
		require.NoError(f, err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(f, err)
			f.Add(filepath.Base(name), uint8(len(SourceNames())), text)
		}
	}
	f.Fuzz(func(t *testing.T, name string, source uint8, text []byte) {
		froms := append(SourceNames(), "")
		result, err := Run([]Input{{Name: name, Text: text}}, Options{From: froms[int(source)%len(froms)]})
		if err != nil {
			require.NotContains(t, err.Error(), "a mistake of tocsin import")
			return
		}
		_, err = catalog.Parse("tocsin.yml", result.Catalogue)
		require.NoError(t, err)
	})
}

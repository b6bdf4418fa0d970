package render_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/templates"
)

func writeTemplates(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	names, err := fs.Glob(templates.Files, "*.tmpl")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(templates.Files, name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
}

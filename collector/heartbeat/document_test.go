package heartbeat

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// The examples of the documentation do what it says, in a shell.
func TestRealShellRunsTheDocumentedExamples(t *testing.T) {
	servers.Need(t, "curl", "curl")
	page, err := os.ReadFile("../../docs/heartbeats.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, examples, 2)
	for _, test := range []struct {
		name    string
		script  string
		archive string
		broken  bool
		ran     bool
	}{
		{name: "one call", script: string(examples[0][1])},
		{name: "a job that succeeds", script: string(examples[1][1]), archive: "backup.tar.gz", ran: true},
		{name: "a job that fails", script: string(examples[1][1]), archive: "no/such/folder/backup.tar.gz", broken: true, ran: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := NewStore(t.TempDir())
			server := httptest.NewServer(handler(t, store))
			defer server.Close()
			folder := t.TempDir()
			shell := exec.CommandContext(t.Context(), "sh", "-eu", "-c", test.script)
			shell.Dir = folder
			shell.Env = append(os.Environ(), "EXPORTER="+server.URL, "TOKEN=hunter-two", "ARCHIVE="+filepath.Join(folder, test.archive))
			out, err := shell.CombinedOutput()
			require.NoErrorf(t, err, "%s", out)
			j, err := store.Job("archive", "backup")
			require.NoError(t, err)
			require.Equal(t, test.broken, j.Broken())
			require.NotEqual(t, test.broken, !j.Succeeded.IsZero())
			require.Equal(t, test.ran, !j.Started.IsZero())
			require.Equal(t, test.broken, j.Exit > 0)
		})
	}
}

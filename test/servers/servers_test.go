package servers

import (
	"bytes"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A server of a package starts, answers, and is gone after its test.
func TestRealServerLivesAsLongAsItsTest(t *testing.T) {
	program := Need(t, "nginx", "nginx-light")
	address := Free(t)
	t.Run("alive", func(t *testing.T) {
		folder := Folder(t, "")
		config := Write(t, folder, "nginx.conf", "daemon off; pid nginx.pid; error_log stderr; events {} http { access_log off; server { listen "+address+"; return 204; } }", "")
		Run(t, Server{Program: program, Args: []string{"-p", folder, "-c", config}, Dir: folder, Ready: Accepts(address)})
		answer, err := http.Get("http://" + address)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusNoContent, answer.StatusCode)
	})
	require.Error(t, Accepts(address)(t.Context()))
}

// Packages that no test needs are not installed for nothing, and the list is
// sorted so that two people add to it without a conflict.
func TestPackagesAreSorted(t *testing.T) {
	text, err := os.ReadFile("packages")
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	require.NotEmpty(t, lines)
	for i := 1; i < len(lines); i++ {
		require.Negative(t, bytes.Compare(lines[i-1], lines[i]), "%s", lines[i])
	}
}

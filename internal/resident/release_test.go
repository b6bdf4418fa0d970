package resident

import (
	"os"
	"regexp"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The program goes on as before with fewer pages.
func TestReleaseLosesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("pages are given back on Linux only")
	}
	before := mapped(t)
	for range 3 {
		require.NoError(t, Release())
	}
	after := mapped(t)
	require.Less(t, after, before)
	require.Equal(t, "42", regexp.MustCompile(`\d+`).FindString("the answer is 42"))
}

// mapped is how much of files this process has in memory, in KiB.
func mapped(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	found := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, found)
	size, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return size
}

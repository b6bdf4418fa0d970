package pipeline_test

import (
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

func TestGoldenPage(t *testing.T) {
	s := newShop(t, map[string]string{"security": "(?i)trivy"})
	s.gh.PutRun(run(1, "success"))
	s.Once(t.Context())
	s.gh.PutRun(run(2, "failure", jobs(githubtest.Job{ID: 1, Name: "Trivy", Conclusion: "failure"})))
	s.Once(t.Context())
	golden, err := os.Open("testdata/metrics.txt")
	require.NoError(t, err)
	defer golden.Close()
	require.NoError(t, testutil.CollectAndCompare(s.Collector, golden))
	problems, err := testutil.CollectAndLint(s.Collector)
	require.NoError(t, err)
	require.Empty(t, problems)
}

package githubtest

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDriftIsNoticed proves that the checks can fail: the documented example
// passes, and the same example with one value changed does not.
func TestDriftIsNoticed(t *testing.T) {
	d, err := loadDescription()
	require.NoError(t, err)
	o, err := d.operation("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs")
	require.NoError(t, err)
	listed := d.example("workflow-run-paginated").(map[string]any)
	run := listed["workflow_runs"].([]any)[0].(map[string]any)
	check := func() error {
		text, err := json.Marshal(listed)
		require.NoError(t, err)
		return o.checkAnswer("200", text)
	}
	require.NoError(t, check())
	for key, wrong := range map[string]any{"id": "7", "status": 1, "created_at": "yesterday", "head_sha": nil} {
		right := run[key]
		run[key] = wrong
		require.Error(t, check(), key)
		run[key] = right
	}
	delete(run, "run_number")
	require.Error(t, check())

	require.NoError(t, o.checkQuery(url.Values{"branch": {"main"}, "per_page": {"30"}}))
	require.Error(t, o.checkQuery(url.Values{"branches": {"main"}}))
	_, err = d.operation("GET", "/repos/{owner}/{repo}/actions/pipelines")
	require.Error(t, err)
}

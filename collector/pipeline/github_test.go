package pipeline

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

// TestPublishedPayloads reads the runs and jobs in GitHub's published examples
// of webhooks: they are the objects that the REST API lists.
func TestPublishedPayloads(t *testing.T) {
	var events []struct {
		Name     string `json:"name"`
		Examples []struct {
			Action string `json:"action"`
			Run    *ghRun `json:"workflow_run"`
			Job    *ghJob `json:"workflow_job"`
		} `json:"examples"`
	}
	require.NoError(t, json.Unmarshal(githubtest.Fixture(t, "@octokit/webhooks-examples/api.github.com/index.json"), &events))
	runs, jobs := map[string]int{}, map[string]int{}
	for _, event := range events {
		for _, e := range event.Examples {
			switch {
			case event.Name == "workflow_run" && e.Run != nil:
				run := e.Run.run()
				runs[e.Run.Status+"/"+e.Run.Conclusion+"="+string(run.Result)]++
				require.NotZero(t, run.ID)
				require.NotEmpty(t, run.Commit)
				require.Contains(t, run.URL, "https://github.com/")
				require.False(t, run.Finished.Before(run.Started), "no run ends before it began")
				require.False(t, run.Started.IsZero())
			case event.Name == "workflow_job" && e.Job != nil:
				jobs[e.Job.Status+"/"+e.Job.Conclusion+"="+string(resultOf(e.Job.Status, e.Job.Conclusion))]++
				require.NotEmpty(t, e.Job.Name)
			}
		}
	}
	require.Equal(t, map[string]int{"queued/=": 2, "completed/success=success": 2, "completed/action_required=": 1}, runs)
	require.Equal(t, map[string]int{"completed/failure=failure": 1, "completed/success=success": 1, "in_progress/=": 3, "queued/=": 1, "waiting/=": 2}, jobs)
}

package pipeline_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/pipeline"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

// TestFailedPolls: each failure is one clear line, sight is lost, and what was
// known stays.
func TestFailedPolls(t *testing.T) {
	cases := map[string]struct {
		reply githubtest.Reply
		text  string
	}{
		"a workflow that was deleted": {githubtest.Reply{Status: 404, Body: `{"message":"Not Found"}`}, `GitHub has no workflow \"deploy.yml\" in example/shop, or the token may not see it (it needs the permission actions: read)`},
		"a token that was revoked":    {githubtest.Reply{Status: 401, Body: `{"message":"Bad credentials"}`}, "401 Unauthorized: Bad credentials (accounts.github.token is wrong, expired or revoked)"},
		"a repository that is gone":   {githubtest.Reply{Status: 410}, "410 Gone"},
		"half an answer":              {githubtest.Reply{Status: 200, Body: `{"workflow_runs":[{"id":`}, "is not the JSON that GitHub documents"},
		"an HTML page":                {githubtest.Reply{Status: 503, Body: "<html>"}, "503 Service Unavailable: an HTML page instead of JSON"},
		"a limit":                     {githubtest.Reply{Status: 429, Header: map[string]string{"Retry-After": "60"}}, "asked to wait 1m0s"},
		"a broken connection":         {githubtest.Reply{}, "the connection broke"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, nil)
			s.gh.PutRun(run(1, "failure"))
			s.Once(t.Context())
			s.gh.Misbehave("GET", runs, tc.reply)
			if tc.reply.Status == 0 {
				s.gh.Misbehave("GET", runs, tc.reply) // the first break of a kept connection is tried again
			}
			s.Once(t.Context())
			require.InDelta(t, 0, s.must(t, "poll_up"), 0)
			require.Equal(t, "failure", s.result(t))
			require.Equal(t, 1, strings.Count(s.log.String(), "\n"), s.log.String())
			require.Contains(t, s.log.String(), tc.text)
			require.Contains(t, s.log.String(), "what=services.shop.pipelines.deploy")
		})
	}
}

func TestAWorkflowThatWasDeleted(t *testing.T) {
	s := newShop(t, nil)
	s.gh.PutRun(run(1, "success"))
	s.Once(t.Context())
	s.gh.DeleteWorkflow()
	for range 3 {
		s.Once(t.Context())
	}
	require.InDelta(t, 0, s.must(t, "poll_up"), 0)
	require.Equal(t, 1, strings.Count(s.log.String(), "reading fails"), "said once")
	require.InDelta(t, float64(at(14).Unix()), s.must(t, "last_success_timestamp_seconds"), 0, "its age goes on growing")
}

func TestTheTokenIsUsedRotatedAndNeverShown(t *testing.T) {
	gh := githubtest.New(t)
	gh.RequireToken("s3cret-one")
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("s3cret-one\n"), 0o600))
	s := shop{gh: gh, log: &bytes.Buffer{}}
	s.Collector = pipeline.New(pipeline.Options{Logger: log.NewLogfmtLogger(s.log)})
	s.Update(estate(gh.URL(), &catalog.Secret{Path: file}, nil), all)
	s.Once(t.Context())
	require.InDelta(t, 1, s.must(t, "poll_up"), 0)

	gh.RequireToken("s3cret-two")
	s.Once(t.Context())
	require.InDelta(t, 0, s.must(t, "poll_up"), 0)
	require.NoError(t, os.WriteFile(file, []byte("s3cret-two\n"), 0o600))
	s.Once(t.Context())
	require.InDelta(t, 1, s.must(t, "poll_up"), 0)
	require.NoError(t, os.Remove(file))
	s.Once(t.Context())
	require.InDelta(t, 0, s.must(t, "poll_up"), 0)
	require.NotContains(t, s.log.String(), "s3cret")
}

package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/pipeline"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

const (
	runs = "/repos/example/shop/actions/workflows/deploy.yml/runs"
	sha  = "0123456789abcdef0123456789abcdef01234567"
)

// noon is when the tests' runs happen; minute n after it is at(n).
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// run is one of the shop's deployments, four minutes long.
func run(id int64, conclusion string, more ...func(*githubtest.Run)) githubtest.Run {
	r := githubtest.Run{
		ID: id, Repository: "example/shop", Workflow: "deploy.yml", Branch: "main", SHA: sha,
		Conclusion: conclusion, Started: at(int(id) * 10), Updated: at(int(id)*10 + 4),
	}
	for _, change := range more {
		change(&r)
	}
	return r
}

func running(r *githubtest.Run) { r.Status, r.Conclusion = "in_progress", "" }

func attempt(n, minutes int) func(*githubtest.Run) {
	return func(r *githubtest.Run) { r.Attempt, r.Started, r.Updated = n, at(minutes), at(minutes+4) }
}

func jobs(list ...githubtest.Job) func(*githubtest.Run) {
	return func(r *githubtest.Run) { r.Jobs = list }
}

func all(string) bool { return true }

type shop struct {
	*pipeline.Collector
	gh  *githubtest.Server
	log *bytes.Buffer
}

func newShop(t *testing.T, checks map[string]string) shop {
	t.Helper()
	gh := githubtest.New(t)
	s := shop{gh: gh, log: &bytes.Buffer{}}
	s.Collector = pipeline.New(pipeline.Options{Logger: log.NewLogfmtLogger(s.log), UserAgent: "Tocsin/test"})
	s.Update(estate(gh.URL(), nil, checks), all)
	return s
}

func estate(api string, token *catalog.Secret, checks map[string]string) *catalog.Catalog {
	p := &catalog.GitHubPipeline{Repository: "example/shop", Workflow: "deploy.yml", Branch: "main", Checks: map[string]*catalog.Regexp{}}
	for name, expression := range checks {
		p.Checks[name] = &catalog.Regexp{Regexp: regexp.MustCompile(expression)}
	}
	return &catalog.Catalog{Spec: catalog.Spec{
		Accounts: catalog.Accounts{GitHub: &catalog.GitHubAccount{API: api, Token: token}},
		Services: map[string]*catalog.Service{"shop": {Name: "shop", Pipelines: map[string]*catalog.Pipeline{"deploy": {Name: "deploy", GitHub: p}}}},
	}}
}

// value is one series of the page; ok is false when it is not there.
func (s shop) value(t *testing.T, name string, labels ...string) (v float64, ok bool) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s.Collector)
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			have := map[string]string{}
			for _, l := range m.GetLabel() {
				have[l.GetName()] = l.GetValue()
			}
			match := family.GetName() == "tocsin_pipeline_"+name
			for i := 0; i < len(labels); i += 2 {
				match = match && have[labels[i]] == labels[i+1]
			}
			if match {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue(), true
			}
		}
	}
	return 0, false
}

// result is the last run's, or "" before there is one.
func (s shop) result(t *testing.T) string {
	t.Helper()
	found := ""
	for _, r := range pipeline.Results() {
		if v, _ := s.value(t, "last_run_result", "result", string(r)); v == 1 {
			require.Empty(t, found, "two results at once")
			found = string(r)
		}
	}
	return found
}

func (s shop) must(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	v, ok := s.value(t, name, labels...)
	require.True(t, ok, "%s%v is not exported", name, labels)
	return v
}

func TestResultsInOurWords(t *testing.T) {
	cases := map[string]string{
		"success": "success", "neutral": "success", "failure": "failure", "timed_out": "timeout", "startup_failure": "error",
		"cancelled": "cancellation", "skipped": "skip", "stale": "skip", "action_required": "",
	}
	for conclusion, want := range cases {
		t.Run(conclusion, func(t *testing.T) {
			s := newShop(t, nil)
			s.gh.PutRun(run(1, conclusion))
			s.Once(t.Context())
			require.Equal(t, want, s.result(t))
			require.InDelta(t, 1, s.must(t, "poll_up"), 0)
		})
	}
}

// TestTimelines are stories of a pipeline. Each step changes GitHub and polls.
func TestTimelines(t *testing.T) {
	type step struct {
		put    []githubtest.Run
		result string
		counts map[string]float64
	}
	none := map[string]float64{}
	cases := map[string][]step{
		"old runs are not counted, new ones are, once": {
			{[]githubtest.Run{run(1, "success"), run(2, "failure")}, "failure", none},
			{nil, "failure", none},
			{[]githubtest.Run{run(3, "success")}, "success", map[string]float64{"success": 1}},
			{nil, "success", map[string]float64{"success": 1}},
		},
		"a run counts when it ends": {
			{[]githubtest.Run{run(1, "success"), run(2, "", running)}, "success", none},
			{[]githubtest.Run{run(2, "failure")}, "failure", map[string]float64{"failure": 1}},
		},
		"the first run ever": {
			{nil, "", none},
			{[]githubtest.Run{run(1, "", running)}, "", none},
			{[]githubtest.Run{run(1, "failure")}, "failure", map[string]float64{"failure": 1}},
		},
		"a re-run counts again and decides when it ends": {
			{[]githubtest.Run{run(1, "success")}, "success", none},
			{[]githubtest.Run{run(2, "failure")}, "failure", map[string]float64{"failure": 1}},
			{[]githubtest.Run{run(2, "", attempt(2, 30), running)}, "failure", map[string]float64{"failure": 1}},
			{[]githubtest.Run{run(2, "success", attempt(2, 30))}, "success", map[string]float64{"failure": 1, "success": 1}},
		},
		"rolling back by a re-run of an older run": {
			{[]githubtest.Run{run(1, "success"), run(2, "failure")}, "failure", none},
			{[]githubtest.Run{run(1, "success", attempt(2, 40))}, "success", map[string]float64{"success": 1}},
		},
		"a cancelled or skipped run after a failure proves nothing": {
			{[]githubtest.Run{run(1, "failure")}, "failure", none},
			{[]githubtest.Run{run(2, "cancelled")}, "failure", map[string]float64{"cancellation": 1}},
			{[]githubtest.Run{run(3, "skipped")}, "failure", map[string]float64{"cancellation": 1, "skip": 1}},
			{[]githubtest.Run{run(4, "success")}, "success", map[string]float64{"cancellation": 1, "skip": 1, "success": 1}},
		},
		"a cancelled run is the last word while there is no other": {
			{[]githubtest.Run{run(1, "cancelled")}, "cancellation", none},
			{[]githubtest.Run{run(2, "success")}, "success", map[string]float64{"success": 1}},
		},
		"an older run that ends later does not overrule a newer one": {
			{[]githubtest.Run{run(1, "", running), run(2, "success")}, "success", none},
			{[]githubtest.Run{run(1, "failure", func(r *githubtest.Run) { r.Updated = at(50) })}, "success", map[string]float64{"failure": 1}},
		},
		"a run that waits for an approval has not ended": {
			{[]githubtest.Run{run(1, "success"), run(2, "action_required")}, "success", none},
		},
		"a stranger's pull request from a branch of the same name": {
			{[]githubtest.Run{run(1, "success"), run(2, "failure", func(r *githubtest.Run) { r.Event, r.FromFork = "pull_request", true })}, "success", none},
		},
		"another branch and another workflow": {
			{[]githubtest.Run{
				run(1, "success"),
				run(2, "failure", func(r *githubtest.Run) { r.Branch = "feature" }),
				run(3, "failure", func(r *githubtest.Run) { r.Workflow = "lint.yml" }),
			}, "success", none},
		},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, nil)
			for i, step := range steps {
				for _, r := range step.put {
					s.gh.PutRun(r)
				}
				s.Once(t.Context())
				require.Equal(t, step.result, s.result(t), "step %d", i)
				for _, r := range pipeline.Results() {
					require.InDelta(t, step.counts[string(r)], s.must(t, "runs_total", "result", string(r)), 0, "step %d: %s", i, r)
				}
			}
		})
	}
}

func TestManyRunsBetweenTwoPollsAreAllCounted(t *testing.T) {
	s := newShop(t, nil)
	s.gh.PutRun(run(1, "success"))
	s.Once(t.Context())
	for id := range 75 {
		s.gh.PutRun(run(int64(id+2), "failure"))
	}
	s.Once(t.Context())
	require.InDelta(t, 75, s.must(t, "runs_total", "result", "failure"), 0)
	require.InDelta(t, 0, s.must(t, "runs_total", "result", "success"), 0)
}

func TestTheLastSuccessMayBeFarBack(t *testing.T) {
	s := newShop(t, nil)
	s.gh.PutRun(run(1, "success"))
	for id := range 40 {
		s.gh.PutRun(run(int64(id+2), "failure"))
	}
	s.Once(t.Context())
	require.InDelta(t, float64(at(14).Unix()), s.must(t, "last_success_timestamp_seconds"), 0)
	before := len(s.gh.Requests())
	s.Once(t.Context())
	require.Len(t, s.gh.Requests(), before+1, "it is looked for once")

	never := newShop(t, nil)
	never.gh.PutRun(run(1, "failure"))
	never.Once(t.Context())
	_, ok := never.value(t, "last_success_timestamp_seconds")
	require.False(t, ok)
}

func TestAKnownRunsEndDoesNotMove(t *testing.T) {
	s := newShop(t, nil)
	s.gh.PutRun(run(1, "success"))
	s.Once(t.Context())
	s.gh.PutRun(run(1, "success", func(r *githubtest.Run) { r.Updated = at(5000) })) // somebody deleted its logs
	s.Once(t.Context())
	require.InDelta(t, float64(at(14).Unix()), s.must(t, "last_success_timestamp_seconds"), 0)
	require.InDelta(t, float64(at(14).Unix()), s.must(t, "last_run_timestamp_seconds"), 0)
	require.InDelta(t, 240, s.must(t, "last_run_duration_seconds"), 0)
}

func TestChecks(t *testing.T) {
	s := newShop(t, map[string]string{"security": "(?i)codeql|trivy", "accessibility": "(?i)pa11y|axe", "performance": "k6"})
	s.gh.PutRun(run(1, "failure", jobs(
		githubtest.Job{ID: 1, Name: "build", Conclusion: "success"},
		githubtest.Job{ID: 2, Name: "CodeQL (go)", Conclusion: "success"},
		githubtest.Job{ID: 3, Name: "Trivy", Conclusion: "failure"},
		githubtest.Job{ID: 4, Name: "axe", Conclusion: "skipped"},
	)))
	s.Once(t.Context())
	check := func(name string) (results []string) {
		for _, r := range pipeline.Results() {
			if v, _ := s.value(t, "check_result", "check", name, "result", string(r)); v == 1 {
				results = append(results, string(r))
			}
		}
		return results
	}
	require.Equal(t, []string{"failure"}, check("security"), "the worst of its jobs")
	require.Equal(t, []string{"skip"}, check("accessibility"))
	require.Empty(t, check("performance"), "no job bears the name")

	require.JSONEq(t, `{"service":"shop","pipeline":"deploy","provider":"github","repository":"example/shop","workflow":"deploy.yml","branch":"main",
		"run":{"id":1,"number":1,"attempt":1,"url":"https://github.com/example/shop/actions/runs/1","commit":"`+sha+`","result":"failure",
		"started_at":"2026-11-20T12:10:00Z","finished_at":"2026-11-20T12:14:00Z",
		"failed_jobs":[{"name":"Trivy","url":"https://github.com/example/shop/actions/runs/1/job/3","check":"security"}]}}`, s.details(t, "shop", "deploy"))

	s.gh.PutRun(run(2, "success", jobs(githubtest.Job{ID: 5, Name: "Trivy", Conclusion: "success"})))
	s.Once(t.Context())
	require.Equal(t, []string{"success"}, check("security"))
}

func TestJobsAreAskedOncePerFailedRunAndOnAllPages(t *testing.T) {
	s := newShop(t, nil)
	var many []githubtest.Job
	for i := range 130 {
		many = append(many, githubtest.Job{ID: int64(i), Name: fmt.Sprintf("job %d", i), Conclusion: "failure"})
	}
	s.gh.PutRun(run(1, "failure", jobs(many...)))
	s.gh.PutRun(run(2, "", running))
	for range 3 {
		s.Once(t.Context())
	}
	require.Equal(t, 2, s.asked("/repos/example/shop/actions/runs/1/jobs"))
	require.Equal(t, 50, strings.Count(s.details(t, "shop", "deploy"), `"name":"job `))
	s.gh.PutRun(run(2, "success"))
	s.Once(t.Context())
	require.Zero(t, s.asked("/repos/example/shop/actions/runs/2/jobs"))
}

func TestJobsThatCouldNotBeReadAreReadByTheNextPoll(t *testing.T) {
	s := newShop(t, nil)
	s.gh.PutRun(run(1, "failure", jobs(githubtest.Job{ID: 1, Name: "build", Conclusion: "failure"})))
	s.gh.Misbehave("GET", "/repos/example/shop/actions/runs/1/jobs", githubtest.Reply{Status: 500})
	s.Once(t.Context())
	require.InDelta(t, 0, s.must(t, "poll_up"), 0)
	require.Equal(t, "failure", s.result(t), "the run itself is known")
	s.Once(t.Context())
	require.InDelta(t, 1, s.must(t, "poll_up"), 0)
	require.Contains(t, s.details(t, "shop", "deploy"), `"name":"build"`)
}

func (s shop) asked(path string) (n int) {
	for _, r := range s.gh.Requests() {
		if r.Path == path {
			n++
		}
	}
	return n
}

func (s shop) details(t *testing.T, service, name string) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/pipelines/"+service+"/"+name, nil))
	if w.Code != http.StatusOK {
		return fmt.Sprint(w.Code)
	}
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	return w.Body.String()
}

func TestDetailsOfWhatIsNotKnown(t *testing.T) {
	s := newShop(t, nil)
	require.Equal(t, "404", s.details(t, "shop", "other"))
	require.Equal(t, "404", s.details(t, "other", "deploy"))
	var d map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.details(t, "shop", "deploy")), &d))
	require.NotContains(t, d, "run", "nothing has finished yet")
}

func TestPollingCostsNothingWhileNothingHappens(t *testing.T) {
	s := newShop(t, nil)
	s.gh.PutRun(run(1, "success"))
	for range 5 {
		s.Once(t.Context())
	}
	require.InDelta(t, 1, s.must(t, "api_requests_total", "code", "2xx"), 0)
	require.InDelta(t, 4, s.must(t, "api_requests_total", "code", "304"), 0)
	require.InDelta(t, 4999, s.must(t, "api_rate_limit_remaining"), 0)
	for _, r := range s.gh.Requests() {
		require.Equal(t, s.gh.Requests()[0].Query, r.Query, "the address is stable")
	}
}

func TestAReloadKeepsWhatIsKnown(t *testing.T) {
	s := newShop(t, nil)
	s.gh.PutRun(run(1, "failure"))
	s.Once(t.Context())
	s.Update(estate(s.gh.URL(), nil, nil), all)
	require.Equal(t, "failure", s.result(t))
	empty := estate(s.gh.URL(), nil, nil)
	empty.Services["shop"].Pipelines = nil
	s.Update(empty, all)
	require.Empty(t, s.result(t))
	require.Equal(t, "404", s.details(t, "shop", "deploy"))
	s.Update(estate("api.github.com", nil, nil), all)
	s.Once(t.Context())
	require.InDelta(t, 0, s.must(t, "poll_up"), 0)
	require.Contains(t, s.log.String(), `reading accounts.github.api: using \"api.github.com\"`)
}

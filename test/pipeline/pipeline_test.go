package pipeline_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/pipeline"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// noon is when the shop's first deployment starts.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// world is GitHub, one exporter and one receiver.
type world struct {
	t         *testing.T
	gh        *githubtest.Server
	catalog   *catalog.Catalog
	pipelines *pipeline.Collector
	exporter  *httptest.Server

	receiver *receiver.Receiver
	stop     func()
	startsAt time.Time // of the alert; zero while it does not fire
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, gh: githubtest.New(t), pipelines: pipeline.New(pipeline.Options{})}
	w.gh.RequireToken("ghs_secret")
	w.gh.PutPull(commit, 12)
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.pipelines)
	mux := http.NewServeMux()
	mux.Handle("GET /api/v1/pipelines/", w.pipelines.Handler())
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	w.exporter = httptest.NewServer(mux)
	t.Cleanup(w.exporter.Close)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("ghs_secret\n"), 0o600))
	text, err := os.ReadFile("testdata/tocsin.yml")
	require.NoError(t, err)
	w.catalog, err = catalog.Parse("tocsin.yml", []byte(strings.NewReplacer("GITHUB", w.gh.URL(), "EXPORTER", w.exporter.URL, "TOKEN", token).Replace(string(text))))
	require.NoError(t, err)
	w.pipelines.Update(w.catalog, func(string) bool { return true })
	return w
}

// start runs a receiver over a storage folder until stop.
func (w *world) start(folder string) {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), folder)
	require.NoError(w.t, err)
	w.receiver, err = receiver.New(w.t.Context(), receiver.Options{Store: s})
	require.NoError(w.t, err)
	require.NoError(w.t, w.receiver.Update(w.catalog))
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	var group sync.WaitGroup
	group.Go(func() { _ = w.receiver.RunOutbox(ctx) })
	w.stop = sync.OnceFunc(func() {
		cancel()
		group.Wait()
		require.NoError(w.t, s.Close())
	})
	w.t.Cleanup(func() { w.stop() })
}

// finish ends a run of the workflow on GitHub.
func (w *world) finish(number int, conclusion string, failed ...string) {
	started := noon.Add(time.Duration(number) * time.Hour)
	r := githubtest.Run{
		ID: int64(number), Repository: "example/shop", Workflow: "deploy.yml", Branch: "main", SHA: commit,
		Conclusion: conclusion, Started: started, Updated: started.Add(4 * time.Minute),
	}
	for n, name := range failed {
		r.Jobs = append(r.Jobs, githubtest.Job{ID: int64(100*number + n), Name: name, Conclusion: "failure"})
	}
	w.gh.PutRun(r)
}

// metrics is the exporter's page after one poll.
func (w *world) metrics() string {
	w.t.Helper()
	w.pipelines.Once(w.t.Context())
	response, err := http.Get(w.exporter.URL + "/metrics")
	require.NoError(w.t, err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return string(page)
}

// evaluate polls, and reports PipelineFailed as Alertmanager does after
// rules/pipelines.yml: it fires while the last run's result is a failure, and
// its description names that run's end.
func (w *world) evaluate() {
	w.t.Helper()
	page := w.metrics()
	failed := strings.Contains(page, `tocsin_pipeline_last_run_result{pipeline="deploy",result="failure",service="shop"} 1`)
	switch {
	case !failed && w.startsAt.IsZero():
		return // nothing fires, and nothing did
	case w.startsAt.IsZero():
		w.startsAt = time.Now()
	}
	alert := incident.Alert{
		Source: "alertmanager", Fingerprint: "c0ffee", StartsAt: w.startsAt,
		Resolved: !failed,
		Labels: map[string]string{
			"alertname": "PipelineFailed", "severity": "warning", "audience": "developers", "service": "shop", "team": "shop", "pipeline": "deploy",
		},
		Annotations: map[string]string{
			"summary": "Pipeline deploy of shop failed", "impact": "Users notice nothing: what runs stays as it was.",
			"description": "Its last finished run ended at " + series(page, `tocsin_pipeline_last_run_timestamp_seconds{pipeline="deploy",service="shop"}`),
			"runbook_url": "https://example.org/runbooks/PipelineFailed.md",
		},
	}
	if alert.Resolved {
		alert.EndsAt, w.startsAt = time.Now(), time.Time{}
	}
	require.NoError(w.t, w.receiver.Accept(w.t.Context(), webhook.Notification{
		Source: "alertmanager", Receiver: "tocsin", GroupKey: `{}:{alertname="PipelineFailed", service="shop"}`, Alerts: []incident.Alert{alert}, Body: []byte("{}"),
	}))
}

func series(page, name string) string {
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// comment waits for the one comment to hold a text.
func (w *world) comment(text string) githubtest.Comment {
	w.t.Helper()
	var found []githubtest.Comment
	require.Eventuallyf(w.t, func() bool {
		found = w.gh.Comments()
		return len(found) > 0 && strings.Contains(found[0].Body, text)
	}, 3*time.Minute, 5*time.Millisecond, "no comment says %q", text)
	require.Len(w.t, found, 1)
	return found[0]
}

func TestFromAFailedRunToTheCommentAndItsFix(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	w.start(folder)
	w.finish(1, "success")
	w.evaluate()
	require.Empty(t, w.gh.Comments())

	w.finish(2, "failure", "Trivy", "build")
	w.evaluate()
	c := w.comment("[Run 2]")
	require.Equal(t, 12, c.Pull)
	require.Contains(t, c.Body, "- [`` Trivy ``](<https://github.com/example/shop/actions/runs/2/job/200>), which checks `` security ``")
	w.evaluate()
	golden(t, w.metrics())

	w.stop()
	w.start(folder) // the comment's id comes out of the store
	w.finish(3, "failure", "build")
	w.evaluate()
	c = w.comment("[Run 3]")
	require.Equal(t, 1, c.Edits)
	require.NotContains(t, c.Body, "Trivy")

	w.stop()
	w.start(folder)
	w.finish(4, "success")
	w.evaluate()
	c = w.comment("### Fixed: pipeline `` deploy `` of `` shop `` succeeds again")
	require.Contains(t, c.Body, "[Run 4]")
	require.Equal(t, 2, c.Edits)
	searches := 0
	for _, r := range w.gh.Requests() {
		if r.Method == http.MethodGet && r.Path == "/repos/example/shop/issues/12/comments" {
			searches++
		}
	}
	require.Equal(t, 1, searches, "only before it was written was the comment looked for")
}

// TestALostStore starts anew on an empty disk: the comment is found again.
func TestALostStore(t *testing.T) {
	w := newWorld(t)
	w.start(t.TempDir())
	w.finish(1, "failure", "build")
	w.evaluate()
	w.comment("[Run 1]")
	w.stop()
	w.start(t.TempDir())
	w.finish(2, "failure", "build")
	w.evaluate()
	require.Equal(t, 1, w.comment("[Run 2]").Edits)
}

// TestGitHubHasABadDay: limits and errors delay the comment, and there is
// still one.
func TestGitHubHasABadDay(t *testing.T) {
	w := newWorld(t)
	w.start(t.TempDir())
	list := "/repos/example/shop/issues/12/comments"
	w.gh.Misbehave("GET", "/repos/example/shop/commits/"+commit+"/pulls", githubtest.Reply{Status: 502, Body: "<html>"})
	w.gh.Misbehave("GET", list, githubtest.Reply{Status: 403, Header: map[string]string{"Retry-After": "1"}, Body: `{"message":"You have exceeded a secondary rate limit."}`})
	w.finish(1, "failure", "build")
	w.evaluate()
	require.Zero(t, w.comment("[Run 1]").Edits)
}

// golden compares the pipeline's series with the page in testdata.
func golden(t *testing.T, page string) {
	t.Helper()
	var kept strings.Builder
	for line := range strings.Lines(page) {
		if !strings.Contains(line, "tocsin_pipeline_api_") { // how often was polled is the test's business
			kept.WriteString(line)
		}
	}
	want, err := os.ReadFile("testdata/metrics.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), kept.String(), "testdata/metrics.txt is not what /metrics shows:\n%s", kept.String())
}

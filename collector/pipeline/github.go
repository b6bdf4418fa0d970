package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/github"
)

const (
	pageSize = 30  // runs of one page: about 350 kB
	maxPages = 5   // read when more runs than a page happened between two polls
	maxSeen  = 600 // runs remembered as counted
	jobPages = 10  // of 100 jobs
)

// getter is GitHub as far as a pipeline needs it: see [github.Client.Get].
type getter interface {
	Get(ctx context.Context, path string, into any) (next string, err error)
}

// workflow polls one workflow of GitHub Actions on one branch. It is called
// by one goroutine.
type workflow struct {
	api  getter
	spec catalog.GitHubPipeline

	polled    bool          // a first poll succeeded
	seen      map[int64]int // run id → attempt that was counted; 0 while it runs
	watermark time.Time     // end of the last run that finished before the first poll
	searched  bool          // the last success was looked for beyond the first page
	status    Status
}

func newWorkflow(api getter, spec catalog.GitHubPipeline) *workflow {
	w := &workflow{api: api, spec: spec, seen: map[int64]int{}}
	w.status.Counts = map[Result]uint64{}
	for _, r := range Results() {
		w.status.Counts[r] = 0
	}
	return w
}

// poll brings the status up to date. What it learnt before an error stays.
func (w *workflow) poll(ctx context.Context) (Status, error) {
	runs, err := w.recent(ctx)
	if err != nil {
		return w.copy(), w.explain(err)
	}
	w.advance(runs)
	w.count(runs)
	err = errors.Join(w.findSuccess(ctx), w.findJobs(ctx))
	return w.copy(), w.explain(err)
}

// copy is safe to keep while the next poll goes on.
func (w *workflow) copy() Status {
	s := w.status
	s.Counts = maps.Clone(s.Counts)
	s.Checks = maps.Clone(s.Checks)
	if s.Last != nil {
		last := *s.Last
		s.Last = &last
	}
	return s
}

// explain adds what GitHub's answer means for a workflow.
func (w *workflow) explain(err error) error {
	var refused *github.Error
	if errors.As(err, &refused) && refused.Kind == github.NotFound {
		return fmt.Errorf("GitHub has no workflow %q in %s, or the token may not see it (it needs the permission actions: read): %w", w.spec.Workflow, w.spec.Repository, err)
	}
	return err
}

// ghRun is a run as GitHub lists it.
// https://docs.github.com/rest/actions/workflow-runs
type ghRun struct {
	ID           int64     `json:"id"`
	Number       int       `json:"run_number"`
	Attempt      int       `json:"run_attempt"`
	Event        string    `json:"event"`
	Status       string    `json:"status"`
	Conclusion   string    `json:"conclusion"`
	SHA          string    `json:"head_sha"`
	URL          string    `json:"html_url"`
	CreatedAt    time.Time `json:"created_at"`
	RunStartedAt time.Time `json:"run_started_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	Repository   struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
	HeadRepository *struct {
		FullName string `json:"full_name"`
	} `json:"head_repository"`
}

// runsPath is stable, so that an unchanged list costs a 304.
func (w *workflow) runsPath(query string) string {
	return fmt.Sprintf("repos/%s/actions/workflows/%s/runs?branch=%s&exclude_pull_requests=true&%s",
		w.spec.Repository, url.PathEscape(w.spec.Workflow), url.QueryEscape(w.spec.Branch), query)
}

// recent lists the newest runs, and older ones until it meets one that an
// earlier poll has seen.
func (w *workflow) recent(ctx context.Context) ([]ghRun, error) {
	var runs []ghRun
	next := w.runsPath(fmt.Sprintf("per_page=%d", pageSize))
	for range maxPages {
		page, following, err := w.list(ctx, next)
		if err != nil {
			return nil, err
		}
		runs = append(runs, page...)
		if following == "" || !w.polled || slices.ContainsFunc(page, w.knows) {
			break
		}
		next = following
	}
	return slices.DeleteFunc(runs, ghRun.foreign), nil
}

func (w *workflow) list(ctx context.Context, path string) ([]ghRun, string, error) {
	var listed struct {
		Runs []ghRun `json:"workflow_runs"`
	}
	next, err := w.api.Get(ctx, path, &listed)
	if err != nil {
		return nil, "", fmt.Errorf("listing the runs of %s on %s: %w", w.spec.Workflow, w.spec.Branch, err)
	}
	return listed.Runs, next, nil
}

func (w *workflow) knows(r ghRun) bool {
	_, ok := w.seen[r.ID]
	return ok
}

// foreign reports a pull request from somebody's fork whose branch happens to
// have the name of ours.
func (r ghRun) foreign() bool {
	if !strings.HasPrefix(r.Event, "pull_request") {
		return false
	}
	return r.HeadRepository == nil || r.HeadRepository.FullName != r.Repository.FullName
}

// result is "" while a run has not finished. A run that waits for somebody's
// approval has not.
func (r ghRun) result() Result { return resultOf(r.Status, r.Conclusion) }

// resultOf maps GitHub's words. "cancelled" has two l there and one elsewhere.
func resultOf(status, conclusion string) Result {
	if status != "completed" {
		return ""
	}
	switch conclusion {
	case "", "action_required":
		return ""
	case "success", "neutral":
		return Success
	case "failure":
		return Failure
	case "timed_out":
		return Timeout
	case "cancelled":
		return Cancellation
	case "skipped", "stale":
		return Skip
	}
	return Error // startup_failure, and what GitHub may think of one day
}

// started is when this attempt began; a re-run moves it.
func (r ghRun) started() time.Time {
	if r.RunStartedAt.IsZero() {
		return r.CreatedAt
	}
	return r.RunStartedAt
}

// run is what we keep. GitHub does not say when a run ended; its last change
// is the closest there is.
func (r ghRun) run() *Run {
	finished := r.UpdatedAt
	if finished.Before(r.started()) {
		finished = r.started()
	}
	return &Run{
		ID: r.ID, Number: r.Number, Attempt: max(r.Attempt, 1), URL: r.URL, Commit: r.SHA,
		Result: r.result(), Started: r.started(), Finished: finished,
	}
}

// count counts the runs that finished since the poll before. What had finished
// before the first poll is history and not counted, even if it is only now
// listed because newer runs were deleted.
func (w *workflow) count(runs []ghRun) {
	for _, r := range runs {
		result, attempt := r.result(), max(r.Attempt, 1)
		if result == "" {
			w.seen[r.ID] = max(w.seen[r.ID], 0)
			continue
		}
		if w.polled && w.seen[r.ID] < attempt && r.UpdatedAt.After(w.watermark) {
			w.status.Counts[result]++
		}
		if !w.polled && r.UpdatedAt.After(w.watermark) {
			w.watermark = r.UpdatedAt
		}
		w.seen[r.ID] = max(w.seen[r.ID], attempt)
	}
	w.polled = true
	w.forget()
}

// forget bounds what is remembered: ids grow with time.
func (w *workflow) forget() {
	if len(w.seen) <= maxSeen {
		return
	}
	ids := slices.Sorted(maps.Keys(w.seen))
	for _, id := range ids[:len(ids)-maxSeen/2] {
		delete(w.seen, id)
	}
}

// advance finds the last run. Of two that finished, the one that started later
// is the later word on the code; so a re-run counts again.
func (w *workflow) advance(runs []ghRun) {
	for _, r := range runs {
		result := r.result()
		if result == "" {
			continue
		}
		run := r.run()
		fresh := w.seen[r.ID] < run.Attempt // the time of a known run's end may move; the first is the closest
		if fresh && result == Success && run.Finished.After(w.status.LastSuccess) {
			w.status.LastSuccess = run.Finished
		}
		if w.later(run) {
			w.status.Last, w.status.Checks = run, nil
		}
	}
}

func (w *workflow) later(r *Run) bool {
	last := w.status.Last
	if last == nil {
		return true
	}
	if r.Result.verdict() != last.Result.verdict() {
		return r.Result.verdict()
	}
	if r.ID == last.ID {
		return r.Attempt > last.Attempt
	}
	return cmp.Or(r.Started.Compare(last.Started), cmp.Compare(r.ID, last.ID)) > 0
}

// findSuccess looks once for a last success that is older than the listed runs.
func (w *workflow) findSuccess(ctx context.Context) error {
	if w.searched || !w.status.LastSuccess.IsZero() {
		return nil
	}
	found, _, err := w.list(ctx, w.runsPath("status=success&per_page=5"))
	if err != nil {
		return err
	}
	w.searched = true
	for _, r := range slices.DeleteFunc(found, ghRun.foreign) {
		if end := r.run().Finished; end.After(w.status.LastSuccess) {
			w.status.LastSuccess = end
		}
	}
	return nil
}

// ghJob is a job as GitHub lists it.
// https://docs.github.com/rest/actions/workflow-jobs
type ghJob struct {
	Name       string `json:"name"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	URL        string `json:"html_url"`
}

// findJobs asks once for the jobs of a last run that failed, or of any whose
// checks the catalogue names.
func (w *workflow) findJobs(ctx context.Context) error {
	last := w.status.Last
	if last == nil || last.looked || (!last.Result.failed() && len(w.spec.Checks) <= 0) {
		return nil
	}
	next := fmt.Sprintf("repos/%s/actions/runs/%d/jobs?filter=latest&per_page=100", w.spec.Repository, last.ID)
	var jobs []Job
	for range jobPages {
		var listed struct {
			Jobs []ghJob `json:"jobs"`
		}
		following, err := w.api.Get(ctx, next, &listed)
		if err != nil {
			return fmt.Errorf("listing the jobs of run %d: %w", last.Number, err)
		}
		for _, j := range listed.Jobs {
			jobs = append(jobs, Job{Name: short(j.Name), URL: j.URL, Result: resultOf(j.Status, j.Conclusion), Check: w.check(j.Name)})
		}
		if next = following; next == "" {
			break
		}
	}
	last.Jobs, last.looked = jobs, true
	w.judgeChecks()
	return nil
}

// short bounds a name that somebody else gave.
func short(name string) string {
	if runes := []rune(name); len(runes) > 200 {
		return string(runes[:199]) + "…"
	}
	return name
}

// check is the catalogue's name for a job; of several the first by name.
func (w *workflow) check(job string) string {
	for _, name := range slices.Sorted(maps.Keys(w.spec.Checks)) {
		if w.spec.Checks[name].MatchString(job) {
			return name
		}
	}
	return ""
}

// judgeChecks gives each check the worst result of its jobs. A job may belong
// to several checks.
func (w *workflow) judgeChecks() {
	w.status.Checks = map[string]Result{}
	for name, expression := range w.spec.Checks {
		var results []Result
		for _, j := range w.status.Last.Jobs {
			if expression.MatchString(j.Name) {
				results = append(results, j.Result)
			}
		}
		w.status.Checks[name] = worst(results)
	}
}

package githubtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Run is one attempt of one run of a workflow.
type Run struct {
	ID                 int64 // also the run's number
	Repository         string
	Workflow           string // file name
	Branch             string
	SHA                string
	Event              string // push by default
	Status, Conclusion string
	Attempt            int // 1 by default
	Started, Updated   time.Time
	Jobs               []Job
	FromFork           bool // the branch is another repository's
}

// Job is one job of a run's latest attempt.
type Job struct {
	ID                 int64
	Name               string
	Status, Conclusion string // completed by default
}

// Comment is one on a pull request, or on a commit when Pull is 0.
type Comment struct {
	ID     int64
	Pull   int
	SHA    string
	Body   string
	Edits  int
	Author string
}

// world is what exists on the fake GitHub.
type world struct {
	runs       []Run
	pulls      map[string][]int // by commit
	comments   []Comment
	lastID     int64
	noCommits  bool // comments on commits are switched off
	noWorkflow bool
	issues     []Issue
	lastIssue  int
	noIssues   bool
}

// PutRun adds a run, or replaces the one with its ID.
func (s *Server) PutRun(r Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Event, r.Attempt = cmp.Or(r.Event, "push"), cmp.Or(r.Attempt, 1)
	r.Status = cmp.Or(r.Status, "completed")
	s.world.runs = slices.DeleteFunc(s.world.runs, func(old Run) bool { return old.ID == r.ID })
	s.world.runs = append(s.world.runs, r)
}

// PutPull says that a commit came by a pull request.
func (s *Server) PutPull(sha string, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.world.pulls == nil {
		s.world.pulls = map[string][]int{}
	}
	s.world.pulls[sha] = append(s.world.pulls[sha], number)
}

// DeleteWorkflow makes GitHub forget every workflow.
func (s *Server) DeleteWorkflow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.noWorkflow = true
}

// ForbidCommitComments switches comments on commits off, as an organisation can.
func (s *Server) ForbidCommitComments() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.noCommits = true
}

// PutComment adds a comment of somebody else's.
func (s *Server) PutComment(c Comment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.lastID++
	c.ID = s.world.lastID
	s.world.comments = append(s.world.comments, c)
}

// DeleteComment removes a comment, as a person may.
func (s *Server) DeleteComment(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.comments = slices.DeleteFunc(s.world.comments, func(c Comment) bool { return c.ID == id })
}

// Comments returns every comment, oldest first.
func (s *Server) Comments() []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.world.comments)
}

func repository(r *http.Request) string { return r.PathValue("owner") + "/" + r.PathValue("repo") }

func (s *Server) listRuns(r *http.Request, _ []byte) reply {
	if s.world.noWorkflow {
		return reply{status: http.StatusNotFound, body: basicError("Not Found", 404)}
	}
	q := r.URL.Query()
	var found []any
	runs := slices.Clone(s.world.runs)
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(b.ID, a.ID) })
	for _, run := range runs {
		wanted := run.Repository == repository(r) && run.Workflow == r.PathValue("workflow_id") &&
			(q.Get("branch") == "" || q.Get("branch") == run.Branch) &&
			(q.Get("status") == "" || q.Get("status") == run.Status || q.Get("status") == run.Conclusion)
		if wanted {
			found = append(found, s.runBody(run))
		}
	}
	total := len(found)
	part, next := page(found, q)
	return reply{status: http.StatusOK, next: next, body: map[string]any{"total_count": total, "workflow_runs": part}}
}

func (s *Server) runBody(run Run) any {
	listed := s.description.example("workflow-run-paginated").(map[string]any)
	body := listed["workflow_runs"].([]any)[0].(map[string]any)
	body["id"], body["run_number"], body["run_attempt"] = run.ID, run.ID, run.Attempt
	body["status"], body["conclusion"] = run.Status, orNull(run.Conclusion)
	body["head_branch"], body["head_sha"], body["event"] = run.Branch, run.SHA, run.Event
	body["path"] = ".github/workflows/" + run.Workflow
	body["created_at"], body["run_started_at"], body["updated_at"] = stamp(run.Started), stamp(run.Started), stamp(run.Updated)
	body["html_url"] = fmt.Sprintf("https://github.com/%s/actions/runs/%d", run.Repository, run.ID)
	body["repository"].(map[string]any)["full_name"] = run.Repository
	head := run.Repository
	if run.FromFork {
		head = "stranger/fork"
	}
	body["head_repository"].(map[string]any)["full_name"] = head
	return body
}

func (s *Server) listJobs(r *http.Request, _ []byte) reply {
	id, _ := strconv.ParseInt(r.PathValue("run_id"), 10, 64)
	for _, run := range s.world.runs {
		if run.ID != id || run.Repository != repository(r) {
			continue
		}
		jobs := make([]any, 0, len(run.Jobs))
		for _, job := range run.Jobs {
			jobs = append(jobs, s.jobBody(run, job))
		}
		part, next := page(jobs, r.URL.Query())
		return reply{status: http.StatusOK, next: next, body: map[string]any{"total_count": len(jobs), "jobs": part}}
	}
	return reply{status: http.StatusNotFound, body: basicError("Not Found", 404)}
}

func (s *Server) jobBody(run Run, job Job) any {
	listed := s.description.example("job-paginated").(map[string]any)
	body := listed["jobs"].([]any)[0].(map[string]any)
	body["id"], body["run_id"], body["run_attempt"], body["name"] = job.ID, run.ID, run.Attempt, job.Name
	body["status"], body["conclusion"] = cmp.Or(job.Status, "completed"), orNull(job.Conclusion)
	body["head_sha"], body["head_branch"] = run.SHA, run.Branch
	body["created_at"], body["started_at"], body["completed_at"] = stamp(run.Started), stamp(run.Started), stamp(run.Updated)
	body["html_url"] = fmt.Sprintf("https://github.com/%s/actions/runs/%d/job/%d", run.Repository, run.ID, job.ID)
	return body
}

func (s *Server) listPulls(r *http.Request, _ []byte) reply {
	bodies := []any{}
	for _, number := range s.world.pulls[r.PathValue("commit_sha")] {
		body := s.description.example("pull-request-simple-items").([]any)[0].(map[string]any)
		body["number"] = number
		body["requested_teams"] = []any{} // the documented example lacks what the documented schema demands
		body["state"], body["merged_at"] = "closed", stamp(time.Now())
		bodies = append(bodies, body)
	}
	part, next := page(bodies, r.URL.Query())
	return reply{status: http.StatusOK, body: part, next: next}
}

// place is where a request's comment stands: a pull request or a commit.
func place(r *http.Request) (pull int, sha string) {
	pull, _ = strconv.Atoi(r.PathValue("issue_number"))
	return pull, r.PathValue("commit_sha")
}

func (s *Server) listComments(r *http.Request, _ []byte) reply {
	pull, sha := place(r)
	bodies := []any{}
	for _, c := range s.world.comments {
		if c.Pull == pull && c.SHA == sha {
			bodies = append(bodies, s.commentBody(c))
		}
	}
	part, next := page(bodies, r.URL.Query())
	return reply{status: http.StatusOK, body: part, next: next}
}

func (s *Server) createComment(r *http.Request, body []byte) reply {
	pull, sha := place(r)
	if sha != "" && s.world.noCommits {
		return reply{status: http.StatusForbidden, body: basicError("Resource not accessible by integration", 403)}
	}
	s.world.lastID++
	c := Comment{ID: s.world.lastID, Pull: pull, SHA: sha, Body: text(body), Author: "tocsin"}
	s.world.comments = append(s.world.comments, c)
	return reply{status: http.StatusCreated, body: s.commentBody(c)}
}

func (s *Server) editComment(r *http.Request, body []byte) reply {
	id, _ := strconv.ParseInt(r.PathValue("comment_id"), 10, 64)
	onCommit := !strings.Contains(r.URL.Path, "/issues/")
	for i := range s.world.comments {
		c := &s.world.comments[i]
		if c.ID == id && (c.SHA != "") == onCommit {
			c.Body, c.Edits = text(body), c.Edits+1
			return reply{status: http.StatusOK, body: s.commentBody(*c)}
		}
	}
	return reply{status: http.StatusNotFound, body: basicError("Not Found", 404), as: "404"}
}

func (s *Server) commentBody(c Comment) any {
	name := "issue-comment"
	if c.SHA != "" {
		name = "commit-comment"
	}
	body := s.description.example(name).(map[string]any)
	body["id"], body["body"] = c.ID, c.Body
	body["user"].(map[string]any)["login"] = cmp.Or(c.Author, "octocat")
	if c.SHA != "" {
		body["commit_id"] = c.SHA
	}
	return body
}

// page cuts a list as per_page and page say; next is the following page's query.
func page(all []any, q url.Values) (part []any, next string) {
	size, _ := strconv.Atoi(q.Get("per_page"))
	size = min(cmp.Or(size, 30), 100)
	number, _ := strconv.Atoi(q.Get("page"))
	number = max(number, 1)
	from, to := min((number-1)*size, len(all)), min(number*size, len(all))
	part = append([]any{}, all[from:to]...)
	if to == len(all) {
		return part, ""
	}
	q.Set("page", strconv.Itoa(number+1))
	return part, q.Encode()
}

func text(body []byte) string {
	var sent struct {
		Body string `json:"body"`
	}
	_ = json.Unmarshal(body, &sent) // the schema check has reported what is wrong
	return sent.Body
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

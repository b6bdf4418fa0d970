package githubtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Issue is one of the repository.
type Issue struct {
	Number      int
	Repository  string
	Title, Body string
	Labels      []string
	State       string // open by default
	Reason      string // of the last change of State
	Edits       int
	Opened      time.Time // now by default
	Pull        bool      // it is a pull request, which GitHub lists among the issues
}

// Issues returns every issue, oldest first.
func (s *Server) Issues() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.world.issues)
}

// PutIssue adds an issue of somebody else's, or replaces the one with its
// number.
func (s *Server) PutIssue(i Issue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.issue(i.Repository, i.Number); n >= 0 {
		s.world.issues[n] = i
		return
	}
	s.addIssue(i)
}

// DeleteIssue removes an issue for good.
func (s *Server) DeleteIssue(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.issues = slices.DeleteFunc(s.world.issues, func(i Issue) bool { return i.Number == number })
}

// SwitchIssuesOff does what a repository's settings can.
func (s *Server) SwitchIssuesOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.noIssues = true
}

func (s *Server) addIssue(i Issue) Issue {
	s.world.lastIssue++
	i.Number = s.world.lastIssue
	i.State = cmp.Or(i.State, "open")
	if i.Opened.IsZero() {
		i.Opened = time.Now()
	}
	s.world.issues = append(s.world.issues, i)
	return i
}

func (s *Server) issue(repository string, number int) int {
	return slices.IndexFunc(s.world.issues, func(i Issue) bool { return i.Repository == repository && i.Number == number })
}

// listIssues lists them newest first, as sort and direction ask.
func (s *Server) listIssues(r *http.Request, _ []byte) reply {
	q := r.URL.Query()
	since, _ := time.Parse(time.RFC3339, q.Get("since"))
	bodies := []any{}
	for _, i := range slices.Backward(s.world.issues) {
		if i.Repository == repository(r) && !i.Opened.Before(since) && (q.Get("state") == "all" || i.State == cmp.Or(q.Get("state"), "open")) {
			bodies = append(bodies, s.issueBody(i))
		}
	}
	part, next := page(bodies, q)
	return reply{status: http.StatusOK, body: part, next: next}
}

func (s *Server) createIssue(r *http.Request, body []byte) reply {
	if s.world.noIssues {
		return reply{status: http.StatusGone, body: basicError("Issues are disabled for this repo", 410)}
	}
	i := Issue{Repository: repository(r)}
	i.change(body)
	i.Edits = 0
	return reply{status: http.StatusCreated, body: s.issueBody(s.addIssue(i))}
}

func (s *Server) oneIssue(r *http.Request, body []byte) reply {
	number, _ := strconv.Atoi(r.PathValue("issue_number"))
	n := s.issue(repository(r), number)
	if n < 0 {
		return reply{status: http.StatusGone, body: basicError("This issue was deleted", 410)}
	}
	if r.Method == http.MethodPatch {
		s.world.issues[n].change(body)
	}
	return reply{status: http.StatusOK, body: s.issueBody(s.world.issues[n])}
}

func (i *Issue) change(body []byte) {
	var sent struct {
		Title, Body, State *string
		Reason             string `json:"state_reason"`
		Labels             []string
	}
	_ = json.Unmarshal(body, &sent) // the schema check has reported what is wrong
	for to, value := range map[*string]*string{&i.Title: sent.Title, &i.Body: sent.Body, &i.State: sent.State} {
		if value != nil {
			*to = *value
		}
	}
	if sent.State != nil {
		i.Reason = sent.Reason
	}
	if sent.Labels != nil {
		i.Labels = sent.Labels
	}
	i.Edits++
}

func (s *Server) issueBody(i Issue) any {
	body := s.description.example("issue").(map[string]any)
	labels := []any{}
	for _, name := range i.Labels {
		label := body["labels"].([]any)[0].(map[string]any)
		copied := map[string]any{}
		for key, value := range label {
			copied[key] = value
		}
		copied["name"] = name
		labels = append(labels, copied)
	}
	body["number"], body["title"], body["body"], body["state"], body["labels"] = i.Number, i.Title, i.Body, i.State, labels
	body["html_url"] = fmt.Sprintf("https://github.com/%s/issues/%d", i.Repository, i.Number)
	body["created_at"], body["updated_at"] = stamp(i.Opened), stamp(i.Opened)
	body["state_reason"] = orNull(i.Reason)
	if !i.Pull {
		delete(body, "pull_request")
	}
	return body
}

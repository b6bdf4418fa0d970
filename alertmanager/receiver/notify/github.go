package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/internal/github"
)

// gitHub comments on the pull request behind a failed pipeline: one comment
// that is edited in place while the pipeline keeps failing, and that says so
// when it succeeds again. A commit without a pull request gets the comment
// itself.
type gitHub struct {
	api       gitHubAPI
	token     func() (string, error)
	http      *http.Client
	exporters []string
	turn      chan struct{}     // holds one token: messages go one after the other
	written   map[string]string // the thread of each incident's pipeline, guarded by turn
}

// gitHubAPI is GitHub as far as comments need it: see [github.Client].
type gitHubAPI interface {
	Get(ctx context.Context, path string, into any) (next string, err error)
	Write(ctx context.Context, method, path string, body, into any) error
}

func newGitHub(s Settings) (Channel, error) {
	account := s.Catalog.Accounts.GitHub
	if !account.LoggedIn() {
		return nil, nil // GitHub takes no comments from strangers
	}
	api, err := s.gitHub()
	if err != nil {
		return nil, err
	}
	g := &gitHub{
		api: api, token: account.Secret, http: s.HTTP, exporters: s.Catalog.Links.Exporters,
		turn: make(chan struct{}, 1), written: map[string]string{},
	}
	g.turn <- struct{}{}
	return g, nil
}

// gitHub is the client of every channel that writes there, so that all keep to
// GitHub's limits together.
func (s Settings) gitHub() (*github.Client, error) {
	if s.client != nil {
		return s.client()
	}
	account := s.Catalog.Accounts.GitHub
	return github.New(github.Options{UserAgent: "Tocsin", Transport: s.HTTP.Transport, Timeout: s.HTTP.Timeout}.As(account))
}

// Send writes, edits or closes the comment. The thread of its receipt is the
// comment's place, so that the next message finds it after a restart.
func (g *gitHub) Send(ctx context.Context, m Message) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*sendTimeout) // a message takes several requests
	defer cancel()
	select {
	case <-g.turn:
		defer func() { g.turn <- struct{}{} }()
	case <-ctx.Done():
		return Receipt{}, temporary("waiting for another comment: %w", ctx.Err())
	}
	m.Thread = g.recall(m)
	receipt, err := g.send(ctx, m)
	if err == nil {
		g.remember(m, receipt)
	}
	return receipt, err
}

// recall is the thread of a message: what came back from the store, unless the
// message was put together while the one before it was on its way.
func (g *gitHub) recall(m Message) string {
	if m.Thread == "" {
		return g.written[gitHubThread(m)]
	}
	return m.Thread
}

// remember keeps what recall needs. Forgetting costs little: the store knows
// it a moment later.
func (g *gitHub) remember(m Message, r Receipt) {
	const most = 1000
	if len(g.written) >= most {
		clear(g.written)
	}
	g.written[gitHubThread(m)] = r.Thread
}

func gitHubThread(m Message) string { return fmt.Sprintf("%d %s", m.Incident.ID, m.To.ID) }

func (g *gitHub) send(ctx context.Context, m Message) (Receipt, error) {
	run, err := g.details(ctx, m.About.Labels["service"], m.About.Labels["pipeline"])
	if m.Kind == incident.MessageResolved {
		return g.close(ctx, m, run) // without details it says less
	}
	if err != nil {
		return Receipt{}, err
	}
	if !run.failed() {
		return Receipt{}, permanent("no comment was written: the pipeline has succeeded in the meantime")
	}
	return g.tell(ctx, m, run)
}

// tell writes the comment on a failure, or edits the one that is there.
func (g *gitHub) tell(ctx context.Context, m Message, run pipelineRun) (Receipt, error) {
	known, ok := parseComment(m.Thread)
	place := known
	if !ok || m.Kind != incident.MessageUpdate {
		var err error
		if place, err = g.place(ctx, run); err != nil {
			return Receipt{}, gitHubError("finding the pull request", err)
		}
	}
	if ok && place.samePlace(known) {
		place.id = known.id
	}
	return g.put(ctx, place, m, run)
}

// put edits the comment at a place, or writes it where there is none. The
// marker finds one whose id was lost between writing and remembering it.
func (g *gitHub) put(ctx context.Context, place comment, m Message, run pipelineRun) (Receipt, error) {
	mark, err := g.marker(place, m)
	if err != nil {
		return Receipt{}, permanent("reading the login of accounts.github: %w", err)
	}
	body := failureBody(m, run) + "\n" + mark
	if place.id != 0 {
		err := g.edit(ctx, place, body)
		if err == nil {
			return Receipt{Thread: place.String()}, nil
		}
		if !isKind(err, github.NotFound) { // somebody deleted it: it is written again
			return Receipt{}, gitHubError("editing the comment", err)
		}
	}
	if place.id, err = g.find(ctx, place, mark); err != nil {
		return Receipt{}, gitHubError("looking for an earlier comment", err)
	}
	if place.id != 0 {
		if err := g.edit(ctx, place, body); err != nil {
			return Receipt{}, gitHubError("editing the comment", err)
		}
		return Receipt{Thread: place.String()}, nil
	}
	var written struct {
		ID int64 `json:"id"`
	}
	if err := g.api.Write(ctx, http.MethodPost, place.list(), map[string]string{"body": body}, &written); err != nil {
		return Receipt{}, gitHubError("writing the comment", err)
	}
	if written.ID == 0 {
		return Receipt{}, temporary("writing the comment: GitHub's answer names none")
	}
	place.id = written.ID
	return Receipt{Thread: place.String()}, nil
}

// close edits the comment to say that it is over.
func (g *gitHub) close(ctx context.Context, m Message, run pipelineRun) (Receipt, error) {
	place, ok := parseComment(m.Thread)
	if !ok {
		return Receipt{}, permanent("there is no comment that could say that it is over")
	}
	mark, err := g.marker(place, m)
	if err != nil {
		return Receipt{}, permanent("reading the login of accounts.github: %w", err)
	}
	if err := g.edit(ctx, place, fixedBody(m, run)+"\n"+mark); err != nil {
		return Receipt{}, gitHubError("editing the comment", err)
	}
	return Receipt{Thread: place.String()}, nil
}

func (g *gitHub) edit(ctx context.Context, c comment, body string) error {
	return g.api.Write(ctx, http.MethodPatch, c.path(), map[string]string{"body": body}, nil)
}

// commentPages bounds the search for a comment: 100 are on a page.
const commentPages = 10

// find looks for our comment at a place; 0 when there is none. The oldest
// wins, so that a copy of our text by somebody else is never edited.
func (g *gitHub) find(ctx context.Context, place comment, mark string) (int64, error) {
	next := place.list() + "?per_page=100"
	for range commentPages {
		var listed []struct {
			ID   int64  `json:"id"`
			Body string `json:"body"`
		}
		following, err := g.api.Get(ctx, next, &listed)
		if err != nil {
			return 0, err
		}
		for _, c := range listed {
			if strings.Contains(c.Body, mark) {
				return c.ID, nil
			}
		}
		if next = following; next == "" {
			break
		}
	}
	return 0, nil
}

// place finds the pull request that brought the run's commit: the merged one
// where there are several. Without one the place is the commit.
func (g *gitHub) place(ctx context.Context, run pipelineRun) (comment, error) {
	onCommit := comment{repository: run.Repository, sha: run.Run.Commit}
	if !onCommit.valid() {
		return comment{}, errors.New("the exporter's answer names no repository and commit")
	}
	var pulls []struct {
		Number int        `json:"number"`
		Merged *time.Time `json:"merged_at"`
	}
	_, err := g.api.Get(ctx, fmt.Sprintf("repos/%s/commits/%s/pulls?per_page=100", run.Repository, run.Run.Commit), &pulls)
	if isKind(err, github.Invalid) {
		return onCommit, nil // GitHub says 409 and 422 where a commit can have none
	}
	if err != nil {
		return comment{}, err
	}
	place := onCommit
	for _, p := range pulls {
		if place.pull == 0 || p.Merged != nil {
			place = comment{repository: run.Repository, pull: p.Number}
		}
		if p.Merged != nil {
			break
		}
	}
	return place, nil
}

// pipelineRun is the exporter's answer about a pipeline's last run.
type pipelineRun struct {
	Service    string `json:"service"`
	Pipeline   string `json:"pipeline"`
	Repository string `json:"repository"`
	Workflow   string `json:"workflow"`
	Branch     string `json:"branch"`
	Run        struct {
		Number     int         `json:"number"`
		Attempt    int         `json:"attempt"`
		URL        string      `json:"url"`
		Commit     string      `json:"commit"`
		Result     string      `json:"result"`
		StartedAt  time.Time   `json:"started_at"`
		FinishedAt time.Time   `json:"finished_at"`
		FailedJobs []failedJob `json:"failed_jobs"`
	} `json:"run"`
}

type failedJob struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Check string `json:"check"`
}

func (r pipelineRun) failed() bool {
	switch r.Run.Result {
	case "failure", "error", "timeout":
		return true
	}
	return false
}

// details asks one exporter after the other; the one that reads the pipeline
// answers.
func (g *gitHub) details(ctx context.Context, service, pipeline string) (pipelineRun, error) {
	if len(g.exporters) == 0 {
		return pipelineRun{}, permanent("asking for the run's details: links.exporters is missing")
	}
	var problem error
	for _, exporter := range g.exporters {
		address := strings.TrimSuffix(exporter, "/") + "/api/v1/pipelines/" + url.PathEscape(service) + "/" + url.PathEscape(pipeline)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return pipelineRun{}, permanent("asking for the run's details: links.exporters holds no address")
		}
		body, err := post(ctx, g.http, r)
		var run pipelineRun
		if err == nil {
			err = json.Unmarshal(body, &run)
		}
		if err == nil {
			return run, nil
		}
		if problem != nil {
			err = fmt.Errorf("%w; %w", problem, err)
		}
		problem = err
	}
	return pipelineRun{}, temporary("asking the exporters for the run's details: %w", problem)
}

func isKind(err error, kind github.Kind) bool {
	var refused *github.Error
	return errors.As(err, &refused) && refused.Kind == kind
}

// gitHubError says whether trying again makes sense.
func gitHubError(doing string, err error) *Error {
	e := &Error{Err: fmt.Errorf("%s: %w", doing, err)}
	if refused, ok := errors.AsType[*github.Error](err); ok {
		// What is no JSON came from a portal or a proxy, which may let us through later.
		e.Permanent, e.RetryAfter = !refused.Temporary() && refused.Kind != github.Malformed, min(refused.RetryAfter, time.Hour)
	}
	return e
}

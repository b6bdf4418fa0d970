package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/github"
)

// gitHubIssues keeps an issue for each incident of the teams that want one: its
// text shows how things stand, each piece of news is a comment, and it is closed
// and opened again with the incident. What people write below our mark, their
// labels and their title stay.
type gitHubIssues struct {
	api   gitHubAPI
	token func() (string, error)
	teams map[string]string // the repository of each
}

func newGitHubIssues(s Settings) (Channel, error) {
	teams, err := perTeam(s.Catalog, func(_ string, of catalog.Channels) (string, bool, error) {
		if of.GitHub == nil || !of.GitHub.Issues {
			return "", false, nil
		}
		return of.GitHub.Repository, true, nil
	})
	account := s.Catalog.Accounts.GitHub
	if err != nil || len(teams) == 0 || !account.LoggedIn() {
		return nil, err
	}
	api, err := s.gitHub()
	if err != nil {
		return nil, err
	}
	return &gitHubIssues{api: api, token: account.Secret, teams: teams}, nil
}

// Send writes or edits the issue, and adds a comment where there is news. The
// thread of its receipt is the issue, so that the next message finds it after a
// restart.
func (g *gitHubIssues) Send(ctx context.Context, m Message) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*sendTimeout) // a message takes several requests
	defer cancel()
	repository := g.teams[teamOf(m.To.ID)]
	if repository == "" {
		return Receipt{}, permanent("the team wants no issues any more")
	}
	key, err := g.token()
	if err != nil {
		return Receipt{}, permanent("reading the login of accounts.github: %w", err)
	}
	w := issueWriter{api: g.api, m: m, repository: repository, key: []byte(key)}
	at, err := w.write(ctx)
	if err == nil {
		err = w.comment(ctx, at)
	}
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Thread: at.String()}, nil
}

// issuePlace is an issue on GitHub.
type issuePlace struct {
	repository string
	number     int
}

// String is the issue as a thread remembers it; [parseIssue] reads it.
func (p issuePlace) String() string { return fmt.Sprintf("%s issue %d", p.repository, p.number) }

func (p issuePlace) path() string { return fmt.Sprintf("repos/%s/issues/%d", p.repository, p.number) }

func parseIssue(thread string) (issuePlace, bool) {
	words := strings.Fields(thread)
	if len(words) != 3 || words[1] != "issue" {
		return issuePlace{}, false
	}
	number, err := strconv.Atoi(words[2])
	place := issuePlace{words[0], number}
	return place, err == nil && comment{repository: place.repository, pull: number}.valid()
}

// issueWriter writes what one message says.
type issueWriter struct {
	api        gitHubAPI
	m          Message
	repository string
	key        []byte
	fresh      bool // the issue was opened by this message
}

// issue is one as GitHub shows it.
type issue struct {
	Number int                     `json:"number"`
	Body   string                  `json:"body"`
	State  string                  `json:"state"`
	Labels []struct{ Name string } `json:"labels"`
	Pull   *struct{}               `json:"pull_request"`
}

// write brings the issue up to date, or opens it where there is none.
func (w *issueWriter) write(ctx context.Context) (issuePlace, error) {
	at, known := parseIssue(w.m.Thread)
	var now issue
	if known {
		_, err := w.api.Get(ctx, at.path(), &now)
		if isKind(err, github.NotFound) || isKind(err, github.Gone) {
			known = false // deleted: another is opened
		} else if err != nil {
			return at, w.problem("reading the issue", err)
		}
	}
	if !known {
		var err error
		if now, err = w.find(ctx); err != nil {
			return at, w.problem("looking for an earlier issue", err)
		}
	}
	if now.Number == 0 {
		return w.open(ctx)
	}
	at = issuePlace{w.repository, now.Number}
	if known {
		at, _ = parseIssue(w.m.Thread)
	}
	if err := w.api.Write(ctx, http.MethodPatch, at.path(), w.changes(now), nil); err != nil {
		return at, w.problem("editing the issue", err)
	}
	return at, nil
}

func (w *issueWriter) open(ctx context.Context) (issuePlace, error) {
	w.fresh = true
	var opened issue
	body := map[string]any{"title": issueTitle(w.m), "body": w.body(""), "labels": w.labels(nil)}
	if err := w.api.Write(ctx, http.MethodPost, "repos/"+w.repository+"/issues", body, &opened); err != nil {
		return issuePlace{}, w.problem("opening an issue", err)
	}
	if opened.Number == 0 {
		return issuePlace{}, temporary("opening an issue: GitHub's answer names none")
	}
	at := issuePlace{w.repository, opened.Number}
	if !w.m.Incident.Open() { // told late: it is over
		if err := w.api.Write(ctx, http.MethodPatch, at.path(), map[string]any{"state": "closed", "state_reason": "completed"}, nil); err != nil {
			return at, w.problem("closing the issue", err)
		}
	}
	return at, nil
}

// changes are what differs from the issue as it is. Somebody may have closed
// it: it is only opened again when the fault came back.
func (w *issueWriter) changes(now issue) map[string]any {
	changes := map[string]any{"body": w.body(kept(now.Body))}
	switch {
	case !w.m.Incident.Open() && now.State != "closed":
		changes["state"], changes["state_reason"] = "closed", "completed"
	case w.m.Incident.Open() && w.m.Kind == incident.MessageReopened && now.State == "closed":
		changes["state"], changes["state_reason"] = "open", "reopened"
	}
	var had []string
	for _, label := range now.Labels {
		had = append(had, label.Name)
	}
	if want := w.labels(had); !slices.Equal(want, had) {
		changes["labels"] = want
	}
	return changes
}

// problem says what went wrong, and whether trying again makes sense.
func (w *issueWriter) problem(doing string, err error) error {
	e := gitHubError(doing, err)
	if isKind(err, github.Gone) {
		e.Err = fmt.Errorf("%w (issues are switched off in %s)", e.Err, w.repository)
	}
	return e
}

// issuePages bounds the search for an issue: 100 are on a page.
const issuePages = 10

// find looks for the incident's issue among those that were touched since it
// opened. The oldest wins.
func (w *issueWriter) find(ctx context.Context) (issue, error) {
	query := url.Values{
		"state": {"all"}, "sort": {"created"}, "direction": {"desc"}, "per_page": {"100"},
		"since": {w.m.Incident.Opened.Add(-time.Minute).UTC().Format(time.RFC3339)},
	}
	next, found := "repos/"+w.repository+"/issues?"+query.Encode(), issue{}
	for range issuePages {
		var listed []issue
		following, err := w.api.Get(ctx, next, &listed)
		if err != nil {
			return issue{}, err
		}
		for _, one := range listed {
			if one.Pull == nil && strings.Contains(one.Body, w.mark("issue")) {
				found = one
			}
		}
		if next = following; next == "" {
			break
		}
	}
	return found, nil
}

// mark is a hidden line by which we know our texts again. It is signed with
// the login's secret, so that nobody else's text passes for ours.
func (w *issueWriter) mark(of string) string {
	sum := hmac.New(sha256.New, w.key)
	fmt.Fprintf(sum, "tocsin %s\n%s\n%d\n%s", of, w.repository, w.m.Incident.ID, w.m.Board)
	return "<!-- tocsin " + hex.EncodeToString(sum.Sum(nil)[:12]) + " -->"
}

// anyMark is a mark of ours, also one that was signed with an earlier token.
var anyMark = regexp.MustCompile(`<!-- tocsin [0-9a-f]{24} -->`)

// kept is what people wrote below our text; all of it where they have taken
// our mark out.
func kept(body string) string {
	at := anyMark.FindStringIndex(body)
	if at == nil {
		return "\n\n" + body
	}
	return body[at[1]:]
}

// The labels of an issue. Those of people stay.
const (
	issueLabel    = "tocsin"
	severityLabel = "severity: "
)

func (w *issueWriter) labels(had []string) []string {
	own := severityLabel + string(w.m.Incident.Severity)
	var labels []string
	for _, label := range had {
		if !strings.HasPrefix(label, severityLabel) || label == own {
			labels = append(labels, label)
		}
	}
	for _, label := range []string{issueLabel, own} {
		if had == nil || strings.HasPrefix(label, severityLabel) && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// comment adds what is new.
func (w *issueWriter) comment(ctx context.Context, at issuePlace) error {
	text := issueNews(w.m)
	if text == "" || w.fresh {
		return nil
	}
	mark := w.mark("news " + w.m.ID)
	if w.m.Attempt > 1 { // an earlier attempt may have written it
		told, err := w.commented(ctx, at, mark)
		if err != nil {
			return w.problem("looking for an earlier comment", err)
		}
		if told {
			return nil
		}
	}
	if err := w.api.Write(ctx, http.MethodPost, at.path()+"/comments", map[string]string{"body": text + "\n" + mark}, nil); err != nil {
		return w.problem("writing a comment", err)
	}
	return nil
}

func (w *issueWriter) commented(ctx context.Context, at issuePlace, mark string) (bool, error) {
	next := at.path() + "/comments?per_page=100&since=" + url.QueryEscape(w.m.At.Add(-time.Minute).UTC().Format(time.RFC3339))
	for range commentPages {
		var listed []struct {
			Body string `json:"body"`
		}
		following, err := w.api.Get(ctx, next, &listed)
		if err != nil {
			return false, err
		}
		for _, c := range listed {
			if strings.Contains(c.Body, mark) {
				return true, nil
			}
		}
		if next = following; next == "" {
			break
		}
	}
	return false, nil
}

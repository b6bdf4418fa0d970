package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/github"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

const (
	firstCommit  = "0123456789abcdef0123456789abcdef01234567"
	secondCommit = "89abcdef0123456789abcdef0123456789abcdef"
	ghToken      = "ghs_verysecret"
)

// desk is the GitHub channel between a fake exporter and a fake GitHub.
type desk struct {
	*gitHub
	gh  *githubtest.Server
	run map[string]any // what the exporter says; nil for nothing
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{gh: githubtest.New(t)}
	d.gh.RequireToken(ghToken)
	d.fail(1, firstCommit)
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.run == nil || r.URL.Path != "/api/v1/pipelines/shop/deploy" {
			http.NotFound(w, r)
			return
		}
		require.NoError(t, json.NewEncoder(w).Encode(d.run))
	}))
	t.Cleanup(exporter.Close)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(ghToken+"\n"), 0o600))
	d.gitHub = d.open(t, token, exporter.URL)
	return d
}

// open makes the channel as the receiver does, but in no hurry to wait.
func (d *desk) open(t *testing.T, token, exporter string) *gitHub {
	t.Helper()
	c, err := newGitHub(Settings{HTTP: NewHTTPClient(), Catalog: &catalog.Catalog{Spec: catalog.Spec{
		Accounts: catalog.Accounts{GitHub: &catalog.GitHubAccount{API: d.gh.URL(), Token: &catalog.Secret{Path: token}}},
		Links:    catalog.Links{Exporters: []string{"http://127.0.0.1:1", exporter}},
	}}})
	require.NoError(t, err)
	channel := c.(*gitHub)
	channel.api, err = github.New(github.Options{API: d.gh.URL(), Token: channel.token, UserAgent: "Tocsin", Gap: time.Nanosecond})
	require.NoError(t, err)
	return channel
}

func (d *desk) fail(number int, commit string, jobs ...map[string]string) {
	d.run = map[string]any{
		"service": "shop", "pipeline": "deploy", "provider": "github", "repository": "example/shop", "workflow": "deploy.yml", "branch": "main",
		"run": map[string]any{
			"id": number, "number": number, "attempt": 1, "url": fmt.Sprintf("https://github.com/example/shop/actions/runs/%d", number),
			"commit": commit, "result": "failure", "started_at": "2026-11-20T12:10:00Z", "finished_at": "2026-11-20T12:14:00Z", "failed_jobs": jobs,
		},
	}
}

func (d *desk) succeed(number int, commit string) {
	d.fail(number, commit)
	d.run["run"].(map[string]any)["result"] = "success"
}

func about(kind incident.MessageKind, thread string) Message {
	return Message{
		ID: "7/1/pipeline/deploy", Kind: kind, Thread: thread, At: time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC),
		To: Recipient{ID: "pipeline/deploy"}, Board: "https://tocsin.example.org/incidents/7",
		Incident: incident.Incident{ID: 7, Team: "shop"},
		About: incident.Alert{
			Fingerprint: "f", StartsAt: time.Date(2026, 11, 20, 12, 15, 0, 0, time.UTC),
			Labels:      map[string]string{"alertname": "PipelineFailed", "service": "shop", "pipeline": "deploy"},
			Annotations: map[string]string{"impact": "None for users.", "runbook_url": "https://example.org/runbooks/PipelineFailed.md"},
		},
	}
}

// only is the one comment on GitHub.
func (d *desk) only(t *testing.T) githubtest.Comment {
	t.Helper()
	comments := d.gh.Comments()
	require.Len(t, comments, 1)
	return comments[0]
}

func TestOneCommentFromFailureToFix(t *testing.T) {
	d := newDesk(t)
	d.gh.PutPull(firstCommit, 12)
	d.fail(41, firstCommit, map[string]string{"name": "Trivy", "url": "https://github.com/example/shop/actions/runs/41/job/3", "check": "security"},
		map[string]string{"name": "build", "url": "https://github.com/example/shop/actions/runs/41/job/4", "check": ""})
	first, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.NoError(t, err)
	require.Equal(t, 12, d.only(t).Pull)
	lines := strings.Split(d.only(t).Body, "\n")
	require.Regexp(t, `^<!-- tocsin [0-9a-f]{24} -->$`, lines[len(lines)-1])
	require.Equal(t, "### Pipeline `` deploy `` of `` shop `` failed\n\n"+
		"[Run 41](<https://github.com/example/shop/actions/runs/41>) of `` deploy.yml `` on `` main `` for commit `` 0123456789 `` ended with **failure** on Fri 20 Nov 12:14:00 UTC, after 4 min.\n"+
		"\nFailed jobs:\n"+
		"- [`` Trivy ``](<https://github.com/example/shop/actions/runs/41/job/3>), which checks `` security ``\n"+
		"- [`` build ``](<https://github.com/example/shop/actions/runs/41/job/4>)\n"+
		"\nNone for users.\n"+
		"\n[Incident 7](<https://tocsin.example.org/incidents/7>) · [Runbook](<https://example.org/runbooks/PipelineFailed.md>)\n"+
		"\n<sub>The alert `` PipelineFailed `` by Tocsin, for team `` shop ``. This comment is edited when the pipeline's next run ends.</sub>\n",
		strings.Join(lines[:len(lines)-1], "\n"))

	d.fail(42, secondCommit) // another commit, of another pull request: one alert, one comment
	d.gh.PutPull(secondCommit, 13)
	second, err := d.Send(t.Context(), about(incident.MessageUpdate, first.Thread))
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, 1, d.only(t).Edits)
	require.Contains(t, d.only(t).Body, "[Run 42]")

	d.succeed(43, secondCommit)
	_, err = d.Send(t.Context(), about(incident.MessageResolved, second.Thread))
	require.NoError(t, err)
	require.Equal(t, 2, d.only(t).Edits)
	require.Contains(t, d.only(t).Body, "### Fixed: pipeline `` deploy `` of `` shop `` succeeds again\n\n[Run 43]")
	require.Contains(t, d.only(t).Body, "It was raised on Fri 20 Nov 12:15:00 UTC, 1 h 45 min earlier.")
	require.Contains(t, d.only(t).Body, "This comment is not edited any more.")
	require.NotContains(t, d.only(t).Body, ghToken)
}

func TestACommentWhoseIDWasLostIsFoundByItsMarker(t *testing.T) {
	d := newDesk(t)
	d.gh.PutPull(firstCommit, 12)
	for n := range 130 {
		d.gh.PutComment(githubtest.Comment{Pull: 12, Body: fmt.Sprintf("chatter %d", n)})
	}
	first, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.NoError(t, err)
	ours := d.gh.Comments()[130]
	d.gh.PutComment(githubtest.Comment{Pull: 12, Body: ours.Body, Author: "copycat"})

	again, err := d.Send(t.Context(), about(incident.MessageOpened, "")) // killed before the id was remembered
	require.NoError(t, err)
	require.Equal(t, first, again)
	comments := d.gh.Comments()
	require.Len(t, comments, 132)
	require.Equal(t, 1, comments[130].Edits)
	require.Zero(t, comments[131].Edits, "a copy of our text is not ours")
}

func TestTheNextFailureOfAnotherPullRequestHasItsOwnComment(t *testing.T) {
	d := newDesk(t)
	d.gh.PutPull(firstCommit, 12)
	d.gh.PutPull(secondCommit, 13)
	first, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.NoError(t, err)
	d.succeed(2, firstCommit)
	_, err = d.Send(t.Context(), about(incident.MessageResolved, first.Thread))
	require.NoError(t, err)
	d.fail(3, secondCommit)
	_, err = d.Send(t.Context(), about(incident.MessageOpened, first.Thread))
	require.NoError(t, err)
	comments := d.gh.Comments()
	require.Len(t, comments, 2)
	require.Contains(t, comments[0].Body, "### Fixed")
	require.Equal(t, 13, comments[1].Pull)
}

func TestACommitWithoutAPullRequest(t *testing.T) {
	d := newDesk(t)
	receipt, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.NoError(t, err)
	require.Equal(t, firstCommit, d.only(t).SHA)
	d.succeed(2, firstCommit)
	_, err = d.Send(t.Context(), about(incident.MessageResolved, receipt.Thread))
	require.NoError(t, err)
	require.Contains(t, d.only(t).Body, "### Fixed")

	strict := newDesk(t)
	strict.gh.ForbidCommitComments()
	_, err = strict.Send(t.Context(), about(incident.MessageOpened, ""))
	var refused *Error
	require.ErrorAs(t, err, &refused)
	require.True(t, refused.Permanent)
	require.EqualError(t, err, "writing the comment: GitHub: POST repos/example/shop/commits/"+firstCommit+"/comments: 403 Forbidden: Resource not accessible by integration (the token lacks a permission, or the repository has this switched off)")
}

func TestADeletedComment(t *testing.T) {
	d := newDesk(t)
	d.gh.PutPull(firstCommit, 12)
	first, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.NoError(t, err)
	d.gh.DeleteComment(d.only(t).ID)
	second, err := d.Send(t.Context(), about(incident.MessageUpdate, first.Thread))
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	d.gh.DeleteComment(d.only(t).ID)
	d.succeed(2, firstCommit)
	_, err = d.Send(t.Context(), about(incident.MessageResolved, second.Thread))
	require.ErrorContains(t, err, "404 Not Found")
	require.Empty(t, d.gh.Comments(), "what somebody deleted is not written again to say that it is over")
}

// TestRefusedComments is what GitHub may answer to a comment, and whether the
// outbox tries again.
func TestRefusedComments(t *testing.T) {
	cases := map[string]struct {
		reply     githubtest.Reply
		permanent bool
		after     time.Duration
	}{
		"401": {githubtest.Reply{Status: 401, Body: `{"message":"Bad credentials"}`}, true, 0},
		"403": {githubtest.Reply{Status: 403, Body: `{"message":"Resource not accessible by integration"}`}, true, 0},
		"404": {githubtest.Reply{Status: 404, Body: `{"message":"Not Found"}`}, true, 0},
		"410": {githubtest.Reply{Status: 410, Body: `{"message":"This was deleted"}`}, true, 0},
		"422": {githubtest.Reply{Status: 422, Body: `{"message":"Validation Failed"}`}, true, 0},
		"a secondary limit": {githubtest.Reply{
			Status: 403, Header: map[string]string{"Retry-After": "75"},
			Body: `{"message":"You have exceeded a secondary rate limit"}`,
		}, false, 75 * time.Second},
		"a limit that does not say how long": {githubtest.Reply{Status: 429}, false, time.Minute},
		"503":                                {githubtest.Reply{Status: 503, Body: "<html>"}, false, 0},
		"a broken connection":                {githubtest.Reply{}, false, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.gh.PutPull(firstCommit, 12)
			d.gh.Misbehave("POST", "", tc.reply)
			_, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
			var refused *Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, tc.permanent, refused.Permanent, err.Error())
			require.Equal(t, tc.after, refused.RetryAfter)
			require.NotContains(t, err.Error(), ghToken)
			require.NotContains(t, err.Error(), d.gh.URL())
		})
	}
}

func TestNothingToSay(t *testing.T) {
	d := newDesk(t)
	d.succeed(2, firstCommit)
	_, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.EqualError(t, err, "no comment was written: the pipeline has succeeded in the meantime")
	_, err = d.Send(t.Context(), about(incident.MessageResolved, ""))
	require.EqualError(t, err, "there is no comment that could say that it is over")
	require.Empty(t, d.gh.Comments())
}

func TestWithoutTheExporter(t *testing.T) {
	d := newDesk(t)
	d.gh.PutPull(firstCommit, 12)
	first, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.NoError(t, err)
	d.run = nil
	_, err = d.Send(t.Context(), about(incident.MessageUpdate, first.Thread))
	var refused *Error
	require.ErrorAs(t, err, &refused)
	require.False(t, refused.Permanent, "an exporter that restarts knows it soon")
	require.NotContains(t, err.Error(), "http://")
	_, err = d.Send(t.Context(), about(incident.MessageResolved, first.Thread))
	require.NoError(t, err)
	require.Contains(t, d.only(t).Body, "### Over: pipeline `` deploy `` of `` shop `` is no longer reported as failed\n\nThe alert ended on Fri 20 Nov 14:00:00 UTC.")
}

// TestForeignText: names of jobs and texts of alerts call nobody, close
// nothing and stay inside their place.
func TestForeignText(t *testing.T) {
	d := newDesk(t)
	d.gh.PutPull(firstCommit, 12)
	hostile := "fixes #1 @everyone ``` <!-- tocsin --> https://github.com/example/shop/issues/2 GH-3\n# big\u202e"
	var jobs []map[string]string
	for range 25 {
		jobs = append(jobs, map[string]string{"name": hostile + strings.Repeat("x", 1000), "url": "javascript:alert(1)", "check": hostile})
	}
	d.fail(1, firstCommit, jobs...)
	m := about(incident.MessageOpened, "")
	m.About.Annotations["impact"] = hostile + strings.Repeat("[x](y)", 1000)
	m.About.Annotations["runbook_url"] = "javascript:alert(1)"
	_, err := d.Send(t.Context(), m)
	require.NoError(t, err)
	body := d.only(t).Body
	require.Less(t, len(body), 30000)
	require.Contains(t, body, "- and 5 more\n")
	require.NotContains(t, body, "javascript:")
	require.NotContains(t, body, "\u202e")
	require.Equal(t, 1, strings.Count(body, "\n<!-- tocsin "), "one marker")
	require.Contains(t, body, "- `` fixes #1 @everyone ''' <!-- tocsin --> https://github.com/example/shop/issues/2 GH-3 # big", "inside code, where GitHub reads nothing")
	require.Contains(t, body, "fixes #\u2060\u20601 @\u2060\u2060everyone \\`\\`\\` &lt;\\!-- tocsin --&gt; https:\u2060//\u2060github.com/example/shop/issues/2 G\u2060H-\u20603")
	require.Contains(t, body, `\[x\](y)`)
}

func TestThreadsThatAreNotOurs(t *testing.T) {
	for _, thread := range []string{
		"", "x", "example/shop pull 1 comment 0", "example/shop pull x comment 1", "example/shop pull 1 comment x", "example/../x pull 1 comment 1",
		"example pull 1 comment 1", "a/b commit ../../x comment 1", "a/b issue 1 comment 1", "../.. pull 1 comment 1",
	} {
		_, ok := parseComment(thread)
		require.False(t, ok, thread)
	}
	for _, c := range []comment{{repository: "a/b.c", pull: 3, id: 4}, {repository: "a/b", sha: firstCommit, id: 4}} {
		got, ok := parseComment(c.String())
		require.True(t, ok)
		require.Equal(t, c, got)
	}
}

// TestMessagesThatOvertakeEachOther: a second failure is told while the first
// comment is being written.
func TestMessagesThatOvertakeEachOther(t *testing.T) {
	d := newDesk(t)
	d.gh.PutPull(firstCommit, 12)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
			require.NoError(t, err)
		})
	}
	group.Wait()
	require.Equal(t, 7, d.only(t).Edits)
	d.succeed(2, firstCommit)
	_, err := d.Send(t.Context(), about(incident.MessageResolved, ""))
	require.NoError(t, err, "put together before the comment had a name")
	require.Contains(t, d.only(t).Body, "### Fixed")
}

func TestAnOddAnswerOfTheExporter(t *testing.T) {
	d := newDesk(t)
	d.run["repository"] = "../../user"
	_, err := d.Send(t.Context(), about(incident.MessageOpened, ""))
	require.EqualError(t, err, "finding the pull request: the exporter's answer names no repository and commit")
	require.Empty(t, d.gh.Requests())
}

func TestWithoutATokenThereIsNoChannel(t *testing.T) {
	c, err := newGitHub(Settings{HTTP: NewHTTPClient(), Catalog: &catalog.Catalog{}})
	require.NoError(t, err)
	require.Nil(t, c)
}

// TestAGitHubThatNeverAnswers: a send ends with its context, may be tried
// again, and neither says the token nor keeps the next message waiting.
func TestAGitHubThatNeverAnswers(t *testing.T) {
	d := newDesk(t)
	asked := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	var err error
	d.api, err = github.New(github.Options{API: silent.URL, Token: d.token, UserAgent: "Tocsin"})
	require.NoError(t, err)
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			cancel()
		}()
		_, err := d.Send(ctx, about(incident.MessageOpened, ""))
		var refused *Error
		require.ErrorAs(t, err, &refused)
		require.False(t, refused.Permanent)
		require.ErrorIs(t, err, context.Canceled)
		require.NotContains(t, err.Error(), ghToken)
		require.NotContains(t, err.Error(), silent.URL)
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.Send(ctx, about(incident.MessageOpened, ""))
	require.ErrorIs(t, err, context.Canceled)
}

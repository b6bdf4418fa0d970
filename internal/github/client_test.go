package github_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/github"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

const runsPath = "repos/example/shop/actions/workflows/deploy.yml/runs"

func client(t *testing.T, o github.Options) *github.Client {
	t.Helper()
	if o.UserAgent == "" {
		o.UserAgent = "tocsin-test"
	}
	c, err := github.New(o)
	require.NoError(t, err)
	return c
}

type listing struct {
	TotalCount int `json:"total_count"`
	Runs       []struct {
		ID int64 `json:"id"`
	} `json:"workflow_runs"`
}

func TestUnchangedAnswersCostNothing(t *testing.T) {
	gh := githubtest.New(t)
	gh.PutRun(githubtest.Run{ID: 1, Repository: "example/shop", Workflow: "deploy.yml", Branch: "main", Conclusion: "success"})
	var codes []string
	var left []float64
	c := client(t, github.Options{API: gh.URL(), Observe: func(code string, remaining float64, known bool) {
		codes = append(codes, code)
		require.True(t, known)
		left = append(left, remaining)
	}})
	for range 3 {
		var got listing
		_, err := c.Get(t.Context(), runsPath, &got)
		require.NoError(t, err)
		require.Equal(t, 1, got.TotalCount)
		require.Equal(t, int64(1), got.Runs[0].ID)
	}
	require.Equal(t, []string{"2xx", "304", "304"}, codes)
	require.Equal(t, []float64{4999, 4999, 4999}, left)
}

func TestPagesAreFollowed(t *testing.T) {
	gh := githubtest.New(t)
	for id := range 5 {
		gh.PutRun(githubtest.Run{ID: int64(id + 1), Repository: "example/shop", Workflow: "deploy.yml", Conclusion: "success"})
	}
	c := client(t, github.Options{API: gh.URL()})
	var ids []int64
	for next := runsPath + "?per_page=2"; next != ""; {
		var got listing
		var err error
		next, err = c.Get(t.Context(), next, &got)
		require.NoError(t, err)
		for _, r := range got.Runs {
			ids = append(ids, r.ID)
		}
	}
	require.Equal(t, []int64{5, 4, 3, 2, 1}, ids)
}

// TestRefusals is the table of what GitHub may answer and what we make of it.
func TestRefusals(t *testing.T) {
	const asked = "GitHub: GET " + runsPath
	cases := map[string]struct {
		reply     githubtest.Reply
		kind      github.Kind
		temporary bool
		wait      time.Duration
		text      string
	}{
		"a wrong token": {
			githubtest.Reply{Status: 401, Body: `{"message":"Bad credentials"}`},
			github.Unauthorised, false, 0,
			asked + ": 401 Unauthorized: Bad credentials (accounts.github.token is wrong, expired or revoked)",
		},
		"no permission": {
			githubtest.Reply{Status: 403, Body: `{"message":"Resource not accessible by integration"}`},
			github.Forbidden, false, 0,
			asked + ": 403 Forbidden: Resource not accessible by integration (the token lacks a permission, or the repository has this switched off)",
		},
		"not there": {
			githubtest.Reply{Status: 404, Body: `{"message":"Not Found"}`},
			github.NotFound, false, 0,
			asked + ": 404 Not Found (it does not exist, or the token may not see it)",
		},
		"gone": {
			githubtest.Reply{Status: 410, Body: `{"message":"Issues are disabled"}`},
			github.Gone, false, 0,
			asked + ": 410 Gone: Issues are disabled",
		},
		"refused contents": {
			githubtest.Reply{Status: 422, Body: `{"message":"Validation Failed"}`},
			github.Invalid, false, 0,
			asked + ": 422 Unprocessable Entity: Validation Failed",
		},
		"an HTML error page": {
			githubtest.Reply{Status: 502, Body: "<html><h1>Unicorn!</h1></html>"},
			github.Server, true, 0,
			asked + ": 502 Bad Gateway: an HTML page instead of JSON",
		},
		"a long message": {
			githubtest.Reply{Status: 503, Body: `{"message":"` + strings.Repeat("é", 300) + `\n"}`},
			github.Server, true, 0,
			asked + ": 503 Service Unavailable: " + strings.Repeat("é", 199) + "…",
		},
		"an HTML page that says OK": {
			githubtest.Reply{Status: 200, Body: "<html>sign in</html>"},
			github.Malformed, false, 0,
			asked + ": the answer is an HTML page instead of JSON: is accounts.github.api the REST API's address?",
		},
		"half an answer": {
			githubtest.Reply{Status: 200, Body: `{"total_count": 1, "workflow_runs": [{"id"`},
			github.Malformed, false, 0,
			asked + ": the answer is not the JSON that GitHub documents",
		},
		"a 304 out of the blue": {githubtest.Reply{Status: 304}, github.Malformed, false, 0, "304 to a request that was not conditional"},
		"a broken connection":   {githubtest.Reply{}, github.Unreachable, true, 0, asked + ": the connection broke"},
		"a secondary limit": {
			githubtest.Reply{Status: 403, Header: map[string]string{"Retry-After": "90"}, Body: `{"message":"You have exceeded a secondary rate limit."}`},
			github.RateLimited, true, 90 * time.Second,
			asked + ": 403 Forbidden: You have exceeded a secondary rate limit. (asked to wait 1m30s)",
		},
		"a secondary limit that does not say how long": {
			githubtest.Reply{Status: 429, Body: `{"message":"Slow down"}`},
			github.RateLimited, true, time.Minute,
			asked + ": 429 Too Many Requests: Slow down (asked to wait 1m0s)",
		},
		"a primary limit": {
			githubtest.Reply{Status: 403, Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000600", "Date": "Tue, 14 Nov 2023 22:13:20 GMT"}, Body: `{"message":"API rate limit exceeded"}`},
			github.RateLimited, true, 10 * time.Minute,
			asked + ": 403 Forbidden: API rate limit exceeded (asked to wait 10m0s)",
		},
		"a move to another host": {
			githubtest.Reply{Status: 301, Header: map[string]string{"Location": "http://elsewhere.example.org/"}},
			github.Moved, false, 0,
			asked + ": 301 Moved Permanently (give the new name in the catalogue)",
		},
		"a move to nowhere": {
			githubtest.Reply{Status: 301, Body: `{"message":"Moved Permanently"}`},
			github.Moved, false, 0,
			asked + ": 301 Moved Permanently (give the new name in the catalogue)",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			gh := githubtest.New(t)
			gh.Misbehave("", "", tc.reply)
			c := client(t, github.Options{API: gh.URL(), Token: func() (string, error) { return "hunter2", nil }})
			_, err := c.Get(t.Context(), runsPath, &listing{})
			var refused *github.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, tc.kind, refused.Kind)
			require.Equal(t, tc.temporary, refused.Temporary())
			require.Equal(t, tc.wait, refused.RetryAfter)
			require.Contains(t, err.Error(), strings.TrimPrefix(tc.text, "GitHub: GET "))
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestNothingIsSentWhileALimitHolds(t *testing.T) {
	now := time.Now()
	gh := githubtest.New(t)
	c := client(t, github.Options{API: gh.URL(), Now: func() time.Time { return now }})
	get := func() *github.Error {
		_, err := c.Get(t.Context(), runsPath, &listing{})
		var refused *github.Error
		if !errors.As(err, &refused) {
			require.NoError(t, err)
		}
		return refused
	}
	gh.SetRemaining(1, now.Add(20*time.Minute))
	require.Nil(t, get())
	require.Equal(t, github.RateLimited, get().Kind)
	require.Equal(t, github.RateLimited, get().Kind)
	require.Len(t, gh.Requests(), 1, "the first answer said that it was the last")

	now = now.Add(21 * time.Minute)
	gh.SetRemaining(5000, now.Add(time.Hour))
	require.Nil(t, get())

	gh.Misbehave("", "", githubtest.Reply{Status: 429})
	gh.Misbehave("", "", githubtest.Reply{Status: 429})
	require.Equal(t, time.Minute, get().RetryAfter)
	now = now.Add(61 * time.Second)
	require.Equal(t, 2*time.Minute, get().RetryAfter, "the second refusal in a row waits longer")
}

func TestRepositoriesThatMovedAreFollowed(t *testing.T) {
	gh := githubtest.New(t)
	gh.PutRun(githubtest.Run{ID: 7, Repository: "example/new", Workflow: "deploy.yml", Conclusion: "success"})
	gh.Misbehave("GET", "/"+runsPath, githubtest.Reply{Status: 301, Header: map[string]string{"Location": "/repos/example/new/actions/workflows/deploy.yml/runs"}})
	gh.Misbehave("POST", "", githubtest.Reply{Status: 307, Header: map[string]string{"Location": "/repos/example/new/issues/3/comments"}})
	c := client(t, github.Options{API: gh.URL()})
	var got listing
	_, err := c.Get(t.Context(), runsPath, &got)
	require.NoError(t, err)
	require.Equal(t, int64(7), got.Runs[0].ID)
	require.NoError(t, c.Write(t.Context(), http.MethodPost, "repos/example/shop/issues/3/comments", map[string]string{"body": "kept"}, nil))
	require.Equal(t, "kept", gh.Comments()[0].Body)
}

func TestWritesKeepTheirDistance(t *testing.T) {
	now := time.Now()
	var waited []time.Duration
	gh := githubtest.New(t)
	c := client(t, github.Options{
		API: gh.URL(), Now: func() time.Time { return now },
		Wait: func(_ context.Context, d time.Duration) error {
			waited = append(waited, d)
			now = now.Add(d)
			return nil
		},
	})
	for range 3 {
		require.NoError(t, c.Write(t.Context(), http.MethodPost, "repos/example/shop/issues/3/comments", map[string]string{"body": "x"}, nil))
	}
	require.Equal(t, []time.Duration{time.Second, time.Second}, waited)
}

func TestOneRequestAtATime(t *testing.T) {
	var mu sync.Mutex
	inside, most := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		inside++
		most = max(most, inside)
		mu.Unlock()
		_, _ = w.Write([]byte("{}"))
		mu.Lock()
		inside--
		mu.Unlock()
	}))
	t.Cleanup(server.Close)
	c := client(t, github.Options{API: server.URL})
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			_, err := c.Get(t.Context(), "x/"+strconv.Itoa(i), &listing{})
			require.NoError(t, err)
		})
	}
	group.Wait()
	require.Equal(t, 1, most)
}

func TestCancellationEndsAWaitForTheTurn(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	c := client(t, github.Options{API: server.URL})
	done := make(chan error, 1)
	go func() {
		_, err := c.Get(context.WithoutCancel(t.Context()), "a", &listing{})
		done <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Get(ctx, "b", &listing{})
	require.ErrorIs(t, err, context.Canceled)
	close(leave)
	require.NoError(t, <-done)
}

func TestAnAPIThatIsNoAddress(t *testing.T) {
	_, err := github.New(github.Options{API: "api.github.com"})
	require.EqualError(t, err, `using "api.github.com" as GitHub's API: want an absolute http or https URL, such as https://api.github.com`)
}

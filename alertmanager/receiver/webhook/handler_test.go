package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
)

// sink remembers what was accepted, and fails on demand.
type sink struct {
	err     error
	taken   []webhook.Notification
	beats   []string
	stopped []string
}

func (s *sink) Accept(_ context.Context, n webhook.Notification) error {
	if s.err == nil {
		s.taken = append(s.taken, n)
	}
	return s.err
}

func (s *sink) Beat(_ context.Context, source string) error {
	if s.err == nil {
		s.beats = append(s.beats, source)
	}
	return s.err
}

func (s *sink) Stopped(_ context.Context, source string) error {
	if s.err == nil {
		s.stopped = append(s.stopped, source)
	}
	return s.err
}

func tokens() ([]webhook.Token, error) {
	return []webhook.Token{{Source: "london", Value: "secret"}, {Source: "dublin", Value: "other"}}, nil
}

func serve(t *testing.T, o webhook.Options) *httptest.Server {
	t.Helper()
	if o.Tokens == nil {
		o.Tokens = tokens
	}
	handler := webhook.New(o)
	mux := http.NewServeMux()
	for _, path := range webhook.Paths() {
		mux.Handle(path, handler)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// ask answers without following redirects.
func ask(t *testing.T, method, url, token, body string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", token)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text), response.Header
}

const good = `{"receiver":"tocsin/receiver","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"ServiceDown","service":"shop"},` +
	`"annotations":{"summary":"shop is down"},"startsAt":"2026-11-23T12:00:00.5Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/","fingerprint":"f1"}],` +
	`"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://a","version":"4","groupKey":"{}:{}","truncatedAlerts":0}`

func TestAnswers(t *testing.T) {
	const path = "/api/v1/alertmanager"
	with := func(old, replacement string) string { return strings.Replace(good, old, replacement, 1) }
	cases := []struct {
		name, method, path, token, body string
		sink                            error
		code                            int
		text                            string
	}{
		{"a notification", "POST", path, "Bearer secret", good, nil, 200, "stored"},
		{"with a slash at the end, without a redirect", "POST", path + "/", "Bearer secret", good, nil, 200, "stored"},
		{"another cluster", "POST", path, "bearer other", good, nil, 200, "stored"},
		{"a heartbeat", "POST", "/api/v1/watchdog", "Bearer secret", good, nil, 200, "stored"},
		{"GET after a redirect elsewhere", "GET", path, "Bearer secret", "", nil, 405, "want POST, got GET"},
		{"HEAD", "HEAD", path, "Bearer secret", "", nil, 405, ""},
		{"PUT", "PUT", path + "/", "Bearer secret", good, nil, 405, "want POST"},
		{"no token", "POST", path, "", good, nil, 401, "delivery.receiver.token_file"},
		{"a wrong token", "POST", path, "Bearer secre", good, nil, 401, "missing or wrong"},
		{"another scheme", "POST", path, "Basic secret", good, nil, 401, "missing or wrong"},
		{"no JSON", "POST", path, "Bearer secret", "hello", nil, 400, "not Alertmanager's webhook payload"},
		{"an empty body", "POST", path, "Bearer secret", "", nil, 400, "not Alertmanager's"},
		{"a list", "POST", path, "Bearer secret", "[]", nil, 400, `want "{", got [`},
		{"cut off", "POST", path, "Bearer secret", good[:100], nil, 400, "ends before its time"},
		{"a payload of the admin's own", "POST", path, "Bearer secret", `{"text":"shop is down"}`, nil, 400, "remove a custom payload"},
		{"another version", "POST", path, "Bearer secret", with(`"version":"4"`, `"version":"5"`), nil, 400, `version is "5", want "4"`},
		{"no alerts", "POST", path, "Bearer secret", with(`"alerts":`, `"others":`), nil, 400, "it has no alerts"},
		{"no fingerprint", "POST", path, "Bearer secret", with(`"f1"`, `""`), nil, 400, "alerts[0]: want a fingerprint"},
		{"another status", "POST", path, "Bearer secret", strings.Replace(good, `[{"status":"firing"`, `[{"status":"odd"`, 1), nil, 400, `status is "odd"`},
		{"what later versions add", "POST", path, "Bearer secret", with(`"version"`, `"notification_reason":"first notification","routeLabels":{"a":["b"]},"version"`), nil, 200, "stored"},
		{"the disk is full", "POST", path, "Bearer secret", good, errors.New("database or disk is full"), 503, "could not be stored"},
		{"the heartbeat could not be stored", "POST", "/api/v1/watchdog", "Bearer secret", good, errors.New("closing"), 503, "could not be stored"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			counted := ""
			server := serve(t, webhook.Options{Sink: &sink{err: c.sink}, Count: func(result string) { counted += result }})
			code, text, header := ask(t, c.method, server.URL+c.path, c.token, c.body)
			require.Equal(t, c.code, code, text)
			require.Contains(t, text, c.text)
			require.NotContains(t, text, "secret")
			require.Empty(t, header.Get("Location"))
			if code == http.StatusMethodNotAllowed {
				require.Equal(t, "POST", header.Get("Allow"))
			} else {
				require.Contains(t, webhook.Results(), counted)
			}
			if c.sink != nil {
				require.NotContains(t, text, c.sink.Error(), "what is wrong inside is not told outside")
			}
		})
	}
}

func TestOurOwnMistakeIsNotTheSendersLoss(t *testing.T) {
	broken := func() ([]webhook.Token, error) { return nil, errors.New(`open "/etc/token": permission denied`) }
	server := serve(t, webhook.Options{Sink: &sink{}, Tokens: broken})
	code, text, _ := ask(t, "POST", server.URL+"/api/v1/alertmanager", "Bearer secret", good)
	require.Equal(t, 503, code, "a 401 would not be tried again")
	require.NotContains(t, text, "/etc/token")
}

func TestWhatIsRead(t *testing.T) {
	s := &sink{}
	server := serve(t, webhook.Options{Sink: s})
	body := strings.Replace(good, `"tocsin/receiver"`, `"team-x\\.sms\\\\y"`, 1)
	body = strings.Replace(body, `"truncatedAlerts":0`, `"truncatedAlerts":7`, 1)
	code, text, _ := ask(t, "POST", server.URL+"/api/v1/alertmanager", "Bearer other", body)
	require.Equal(t, 200, code, text)
	n := s.taken[0]
	require.Equal(t, "dublin", n.Source)
	require.Equal(t, `team-x.sms\y`, n.Receiver, "Alertmanager sends the name as a quoted expression")
	require.Equal(t, 7, n.Truncated)
	require.Equal(t, "{}:{}", n.GroupKey)
	require.JSONEq(t, body, string(n.Body))
	a := n.Alerts[0]
	require.Equal(t, "dublin", a.Source)
	require.False(t, a.Resolved)
	require.Zero(t, a.EndsAt, "the end of a firing alert is the year 1")
	require.Equal(t, time.Date(2026, 11, 23, 12, 0, 0, 5e8, time.UTC), a.StartsAt)
	require.Equal(t, "shop is down", a.Summary())
}

func TestTheEndOfTheWatchdogIsNoBeat(t *testing.T) {
	s := &sink{}
	server := serve(t, webhook.Options{Sink: s})
	code, _, _ := ask(t, "POST", server.URL+"/api/v1/watchdog/", "Bearer secret", strings.Replace(good, `[{"status":"firing"`, `[{"status":"resolved"`, 1))
	require.Equal(t, 200, code)
	require.Empty(t, s.beats)
	require.Equal(t, []string{"london"}, s.stopped, "its end is no heartbeat")
	_, _, _ = ask(t, "POST", server.URL+"/api/v1/watchdog/", "Bearer secret", good)
	require.Equal(t, []string{"london"}, s.beats)
}

// TestAStormIsNotRefused posts 20,000 alerts in one group, more than 10 MiB:
// every one keeps its identity, the first their texts.
func TestAStormIsNotRefused(t *testing.T) {
	type alert struct {
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
		Fingerprint string            `json:"fingerprint"`
	}
	var alerts []alert
	for n := range 20_000 {
		alerts = append(alerts, alert{
			"firing",
			map[string]string{"alertname": "Storm", "service": "shop", "zzz": "left out"},
			map[string]string{"summary": "s", "long": strings.Repeat("é", 300)},
			time.Unix(1, 0), fmt.Sprint("f", n),
		})
	}
	alerts[0].Annotations["long"] = strings.Repeat("é", 5000)
	body, err := json.Marshal(map[string]any{"version": "4", "groupKey": "g", "alerts": alerts})
	require.NoError(t, err)
	require.Greater(t, len(body), 10<<20)
	s := &sink{}
	server := serve(t, webhook.Options{Sink: s})
	code, text, _ := ask(t, "POST", server.URL+"/api/v1/alertmanager", "Bearer secret", string(body))
	require.Equal(t, 200, code, text)
	n := s.taken[0]
	require.Len(t, n.Alerts, 20_000)
	require.LessOrEqual(t, len(n.Body), 256<<10)
	require.LessOrEqual(t, len(n.Alerts[0].Annotations["long"]), 4100)
	require.Equal(t, "s", n.Alerts[0].Annotations["summary"])
	last := n.Alerts[19_999]
	require.Equal(t, map[string]string{"alertname": "Storm", "service": "shop"}, last.Labels)
	require.Empty(t, last.Annotations)
}

func FuzzBody(f *testing.F) {
	f.Add(good)
	f.Add(`{"version":"4","alerts":[{}]}`)
	f.Add(`{"alerts":{"a":[1,2,{"b":null}]},"version":4}`)
	handler := webhook.New(webhook.Options{Sink: &sink{}, Tokens: func() ([]webhook.Token, error) { return nil, nil }})
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/alertmanager", strings.NewReader(body)))
		require.Contains(t, []int{200, 400}, w.Code)
	})
}

package receiver

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// clusters are two of one member each, with their tokens in files: the first,
// and one that is called dublin.
type clusters struct {
	*gateway
	first, dublin *member
	rounds        map[string]*reconciler
}

func newClusters(t *testing.T) *clusters {
	t.Helper()
	c := &clusters{newGateway(t), &member{started: "then"}, &member{started: "then"}, map[string]*reconciler{}}
	c.text = "links: {alertmanager: [FIRST]}\n" + strings.Replace(beating, "{url: http://127.0.0.1:10211}",
		"{url: http://127.0.0.1:10211, token_file: FOLDER/first, clusters: {dublin: {token_file: FOLDER/dublin, alertmanager: [DUBLIN]}}}", 1)
	c.text = strings.ReplaceAll(c.text, "FOLDER", c.folder)
	for name, m := range map[string]*member{"FIRST": c.first, "DUBLIN": c.dublin} {
		server := httptest.NewServer(m)
		t.Cleanup(server.Close)
		c.text = strings.Replace(c.text, name, server.URL, 1)
	}
	c.token("first", "one")
	c.token("dublin", "two")
	c.load(c.text)
	return c
}

func (c *clusters) token(file, text string) {
	require.NoError(c.t, os.WriteFile(filepath.Join(c.folder, file), []byte(text), 0o600))
}

// post is what the door answers to an alert of a service, with the same
// fingerprint wherever it comes from.
func (c *clusters) post(token, service string) int {
	c.t.Helper()
	door := webhook.New(webhook.Options{Sink: c.receiver, Tokens: c.receiver.Tokens})
	body := fmt.Sprintf(`{"version":"4","groupKey":"g","receiver":"r","status":"firing","alerts":[{"status":"firing","fingerprint":"f","startsAt":%q,
		"labels":{"alertname":"A","service":%q,"severity":"info","audience":"developers"}}]}`, c.now.Format(time.RFC3339), service)
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, "/api/v1/alertmanager", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w.Code
}

func (c *clusters) look(times int) {
	for range times {
		c.receiver.reconcile(c.t.Context(), c.rounds)
	}
}

// open are the services whose incidents are open, with a question mark where
// nobody sees whether they go on.
func (c *clusters) open() []string {
	c.t.Helper()
	all := map[string]bool{}
	current, err := c.kept.Current(c.t.Context())
	require.NoError(c.t, err)
	for _, i := range current {
		name := i.Service
		if !i.Unsighted.IsZero() {
			name += "?"
		}
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// TestClustersAreToldApart: the same fingerprint in two clusters is two alerts,
// each of which ends by its own members only.
func TestClustersAreToldApart(t *testing.T) {
	c := newClusters(t)
	require.Equal(t, http.StatusOK, c.post("one", "a"))
	require.Equal(t, http.StatusOK, c.post("two", "b"))
	require.Equal(t, http.StatusUnauthorized, c.post("three", "c"))
	c.first.lists, c.dublin.lists = []string{"f"}, []string{"f"}
	c.look(3)
	require.Equal(t, []string{"a", "b"}, c.open())

	c.dublin.away = true
	c.look(failuresToLose)
	require.Equal(t, []string{"a", "b?"}, c.open(), "only dublin cannot be asked")
	c.first.lists = nil
	c.look(missesToEnd)
	require.Equal(t, []string{"b?"}, c.open(), "dublin still has it for all that anybody knows, and holds nobody else up")

	c.dublin.away = false
	c.look(missesToEnd)
	require.Equal(t, []string{"b"}, c.open())
	c.dublin.lists = nil
	c.look(missesToEnd)
	require.Empty(t, c.open())
}

// A silence in one cluster keeps nothing of another quiet.
func TestASilenceIsOfItsCluster(t *testing.T) {
	c := newClusters(t)
	require.Equal(t, http.StatusOK, c.post("one", "a"))
	require.Equal(t, http.StatusOK, c.post("two", "b"))
	c.first.lists, c.dublin.lists, c.dublin.quiet = []string{"f"}, []string{"f"}, true
	c.look(1)
	silenced := map[string]string{}
	current, err := c.kept.Current(t.Context())
	require.NoError(t, err)
	for _, i := range current {
		silenced[i.Service] = i.Alerts[0].SilencedBy
	}
	require.Equal(t, map[string]string{"a": "", "b": "asha: a deployment"}, silenced)
}

// TestEachClusterHasItsPrometheus: the Prometheus of one is silent, and so its ends are not
// believed; the other's are.
func TestEachClusterHasItsPrometheus(t *testing.T) {
	h := &hearing{}
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	h.note(now, catalog.MainCluster, []voice{newVoice(catalog.MainCluster, nil, now, now.Add(-3*time.Minute))})
	h.note(now, "dublin", []voice{newVoice("dublin", nil, now, now)})
	require.NotEmpty(t, h.silent(incident.Alert{Source: catalog.MainCluster}, now))
	require.Empty(t, h.silent(incident.Alert{Source: "dublin"}, now))
	require.True(t, h.one(catalog.MainCluster), "the other's is another's")
}

// TestAClusterLeavesTheCatalogue: nobody waits for its watchdog any more, and
// what it had raised says so.
func TestAClusterLeavesTheCatalogue(t *testing.T) {
	c := newClusters(t)
	require.Equal(t, http.StatusOK, c.post("two", "b"))
	w := &watch{receiver: c.receiver, since: c.now, looked: c.now}
	look := func(after time.Duration) {
		for until := c.now.Add(after); c.now.Before(until); {
			c.now = c.now.Add(watchEvery)
			require.NoError(t, c.receiver.Beat(t.Context(), catalog.MainCluster))
			require.NoError(t, w.look(t.Context()))
		}
	}
	require.NoError(t, c.receiver.Beat(t.Context(), "dublin"))
	look(5 * time.Minute)
	require.Equal(t, []string{"b?", ownService}, c.open())
	beats, err := c.receiver.Beats(t.Context())
	require.NoError(t, err)
	require.Contains(t, beats, "dublin")

	c.load(strings.Replace(beating, "10211}", "10211, token_file: "+filepath.Join(c.folder, "first")+"}", 1))
	look(time.Hour)
	require.Equal(t, []string{"b?"}, c.open(), "the alarm is over, and nothing else")
	beats, err = c.receiver.Beats(t.Context())
	require.NoError(t, err)
	require.NotContains(t, beats, "dublin")
	require.Equal(t, http.StatusUnauthorized, c.post("two", "d"))
}

// What a cluster raised that is well when it leaves stays open, and says why.
func TestWhatAClusterRaisedThatLeaves(t *testing.T) {
	c := newClusters(t)
	require.Equal(t, http.StatusOK, c.post("two", "b"))
	require.NoError(t, c.receiver.Beat(t.Context(), "dublin"))
	c.load(beating)
	w := &watch{receiver: c.receiver, since: c.now, looked: c.now}
	require.NoError(t, w.look(t.Context()))
	require.Equal(t, []string{"b?"}, c.open())
	events, err := c.kept.Events(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "the cluster dublin has left the catalogue: no news would come from there", events[len(events)-1].Text)
}

// A cluster that was never heard raises the alarm too.
func TestAClusterThatWasNeverHeard(t *testing.T) {
	c := newClusters(t)
	w := &watch{receiver: c.receiver, since: c.now, looked: c.now}
	for range 30 {
		c.now = c.now.Add(watchEvery)
		require.NoError(t, c.receiver.Beat(t.Context(), catalog.MainCluster))
		require.NoError(t, w.look(t.Context()))
	}
	require.Equal(t, []string{ownService}, c.open())
	c.load(beating)
	require.NoError(t, w.look(t.Context()))
	require.Empty(t, c.open())
}

// One token that cannot be read is not the loss of the other cluster.
func TestATokenThatCannotBeRead(t *testing.T) {
	c := newClusters(t)
	require.NoError(t, os.Remove(filepath.Join(c.folder, "dublin")))
	require.Equal(t, http.StatusOK, c.post("one", "a"))
	require.Equal(t, http.StatusServiceUnavailable, c.post("two", "b"), "it comes again")
	c.token("dublin", "one")
	_, err := c.receiver.Tokens()
	require.ErrorContains(t, err, "delivery.receiver.clusters.dublin.token_file: ")
	require.ErrorContains(t, err, "holds the token of alertmanager: nobody can tell the two apart")
	require.Equal(t, http.StatusOK, c.post("one", "a"))
}

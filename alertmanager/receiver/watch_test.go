package receiver

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
)

const beating = `
delivery: {receiver: {url: http://127.0.0.1:10211}}
monitoring: {team: t}
people: {asha: {name: Asha}}
teams: {t: {members: [asha], rota: t, escalation: page}}
rotas: {t: {timezone: Europe/London, handover: monday 09:00, people: [asha]}}
escalations: {page: [{notify: on_call, by: [push], every: 5m}]}
services: {}
`

// withOther is [beating] with another cluster beside the first.
func withOther() string {
	return strings.Replace(beating, "10211}", "10211, token_file: first, clusters: {other: {token_file: other}}}", 1)
}

// TestTheSilenceOfAWatchdog: at each minute something happens, or the receiver
// looks; then either nothing is open or one incident is.
func TestTheSilenceOfAWatchdog(t *testing.T) {
	type step struct {
		after time.Duration
		beat  string // of this source
		stop  string // its watchdog has ended there
		sleep bool   // the program was not there in between
		life  bool   // another life of it begins
		open  bool
	}
	for name, steps := range map[string][]step{
		"it beats": {{after: time.Minute, beat: "alertmanager"}, {after: time.Minute, beat: "alertmanager"}, {after: 3 * time.Minute}},
		"it falls silent, and comes back": {
			{after: time.Minute, beat: "alertmanager"},
			{after: 3 * time.Minute},
			{after: time.Minute, open: true},
			{after: time.Hour, open: true},
			{after: time.Minute, beat: "alertmanager"},
		},
		"it says that it ends": {
			{after: 2 * time.Minute, beat: "alertmanager"},
			{after: 2 * time.Minute, beat: "alertmanager", stop: "alertmanager"},
			{after: time.Minute},
			{after: time.Minute, open: true},
			{after: time.Minute, beat: "alertmanager"},
		},
		"one member of a pair says that it ends": {
			{after: 2 * time.Minute, beat: "alertmanager"},
			{after: 2 * time.Minute, beat: "alertmanager", stop: "alertmanager"},
			{after: time.Minute, beat: "alertmanager"},
			{after: 3 * time.Minute},
		},
		"it was never heard":      {{after: 3 * time.Minute}, {after: time.Minute, open: true}},
		"a new life judges late":  {{after: time.Minute, beat: "alertmanager"}, {after: 2 * time.Minute}, {life: true}, {after: 3 * time.Minute}, {after: time.Minute, open: true}},
		"a machine that slept":    {{after: time.Minute, beat: "alertmanager"}, {after: time.Hour, sleep: true}, {after: 3 * time.Minute}, {after: time.Minute, beat: "alertmanager"}},
		"a new life ends nothing": {{after: 4 * time.Minute, open: true}, {after: time.Minute, life: true, open: true}, {after: time.Minute, beat: "alertmanager"}},
		"a second cluster":        {{beat: "other"}, {after: time.Minute, beat: "alertmanager"}, {after: 3 * time.Minute, beat: "alertmanager", open: true}, {beat: "other"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.text = beating
			if name == "a second cluster" {
				g.text = withOther()
			}
			g.load(g.text)
			w := &watch{receiver: g.receiver, since: g.now, looked: g.now}
			for n, s := range steps {
				until := g.now.Add(s.after)
				if s.life {
					require.NoError(t, g.kept.Close())
					g.live()
					w = &watch{receiver: g.receiver, since: g.now, looked: g.now}
				}
				for !s.sleep && g.now.Before(until) {
					g.now = g.now.Add(watchEvery)
					require.NoError(t, w.look(t.Context()))
				}
				g.now = until
				if s.beat != "" {
					require.NoError(t, g.receiver.Beat(t.Context(), s.beat))
				}
				if s.stop != "" {
					require.NoError(t, g.receiver.Stopped(t.Context(), s.stop))
				}
				require.NoError(t, w.look(t.Context()))
				open, err := g.kept.Current(t.Context())
				require.NoError(t, err)
				require.Equal(t, s.open, len(open) == 1, "step %d: %+v", n, open)
				if s.open {
					require.Equal(t, incident.Key{Service: "tocsin", Audience: incident.AudiencePlatform}, open[0].Key)
					require.Equal(t, incident.SeverityCritical, open[0].Severity)
					require.Equal(t, "t", open[0].Team)
					require.NotEmpty(t, open[0].Messages, "people are told at once")
					require.Len(t, open[0].Firing(), 1)
				}
			}
		})
	}
}

// What rests on a source that is not heard says so, and only that; the alarm
// about the source itself rests on nobody.
func TestIncidentsOfASilentSourceAreOutOfSight(t *testing.T) {
	g := newGateway(t)
	g.text = withOther()
	g.load(g.text)
	for n, source := range []string{"alertmanager", "other"} {
		require.NoError(t, g.receiver.Beat(t.Context(), source))
		require.NoError(t, g.receiver.Accept(t.Context(), webhook.Notification{Source: source, GroupKey: "g", Body: []byte("{}"), Alerts: []incident.Alert{{
			Source: source, Fingerprint: source, StartsAt: g.now, Labels: map[string]string{"alertname": "A", "severity": "warning", "audience": "users", "service": []string{"a", "b"}[n]},
		}}}))
	}
	w := &watch{receiver: g.receiver, since: g.now, looked: g.now}
	unsighted := func(after time.Duration) (found []string) {
		for until := g.now.Add(after); g.now.Before(until); {
			g.now = g.now.Add(watchEvery)
			require.NoError(t, g.receiver.Beat(t.Context(), "other"))
			require.NoError(t, w.look(t.Context()))
		}
		open, err := g.kept.Current(t.Context())
		require.NoError(t, err)
		for _, i := range open {
			if !i.Unsighted.IsZero() {
				found = append(found, i.Service)
			}
		}
		return found
	}
	require.Empty(t, unsighted(3*time.Minute))
	require.Equal(t, []string{"a"}, unsighted(time.Minute))
	events, err := g.kept.Events(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "the watchdog of alertmanager stays away: no news would come from there", events[len(events)-1].Text)
	w = &watch{receiver: g.receiver, since: g.now, looked: g.now}
	require.NoError(t, g.receiver.Beat(t.Context(), "alertmanager"))
	require.Empty(t, unsighted(time.Minute))
}

func TestTheHeartbeatGoesOut(t *testing.T) {
	var asked []string
	code := http.StatusOK
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(code)
	}))
	defer outside.Close()
	file := filepath.Join(t.TempDir(), "heartbeat")
	require.NoError(t, os.WriteFile(file, []byte(outside.URL+"/hunter2\n"), 0o600))

	g := newGateway(t)
	g.load("monitoring: {team: t, heartbeat: {url_file: " + file + ", method: GET}}\nteams: {t: {}}\nservices: {}\n")
	output := &bytes.Buffer{}
	g.receiver.logger = log.NewLogfmtLogger(output)
	spec := g.receiver.Catalog().Monitoring.Heartbeat
	require.Equal(t, time.Minute, spec.Every.Std())
	count := func(result string) int {
		return int(testutil.ToFloat64(g.receiver.metrics.heartbeats.WithLabelValues(result)))
	}

	require.False(t, g.receiver.beatOut(t.Context(), spec, false))
	require.Equal(t, []string{"GET /hunter2"}, asked)
	failing := false
	for _, refused := range []int{http.StatusFound, http.StatusNotFound, http.StatusInternalServerError} {
		code = refused
		failing = g.receiver.beatOut(t.Context(), spec, failing)
		require.True(t, failing, "%d", refused)
	}
	require.Len(t, asked, 4, "no redirect is followed")
	require.Equal(t, 1, bytes.Count(output.Bytes(), []byte("does not go out")), "it is logged once")
	code = http.StatusOK
	require.False(t, g.receiver.beatOut(t.Context(), spec, failing))
	require.Contains(t, output.String(), "goes out again")
	require.Equal(t, 2, count("success"))
	require.Equal(t, 3, count("failure"))

	outside.Close()
	require.True(t, g.receiver.beatOut(t.Context(), spec, false))
	require.NoError(t, os.WriteFile(file, []byte("hunter2"), 0o600))
	require.True(t, g.receiver.beatOut(t.Context(), spec, false))
	require.NotContains(t, output.String(), "hunter2", "the address is a secret")

	calls := len(asked)
	require.NoError(t, g.kept.Close())
	require.True(t, g.receiver.beatOut(t.Context(), spec, false))
	require.Equal(t, 1, count("withheld"))
	require.Len(t, asked, calls, "a receiver that keeps nothing is as good as dead")
}

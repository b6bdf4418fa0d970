package receiver

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// source is a Prometheus, as it answers about its rules.
type source struct {
	name   string // of the rule
	health string
	age    time.Duration // of the last evaluation
	alerts string        // of the rule
	other  string        // another rule
	away   bool
	now    func() time.Time
}

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.away || r.Header.Get("Authorization") != "" { // Alertmanager's login is not for it
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"groups":[{"rules":[{"name":%q,"health":%q,"lastEvaluation":%q,"alerts":[%s]}%s]}]}}`,
		s.name, s.health, s.now().Add(-s.age).Format(time.RFC3339Nano), s.alerts, s.other)
}

// movedClock is a clock that tests move on.
type movedClock struct{ by time.Duration }

func (l *movedClock) now() time.Time { return time.Now().Add(l.by) }

// burning is what Prometheus raised before everything was started anew.
func burning(now time.Time) webhook.Notification {
	return webhook.Notification{Source: "alertmanager", Body: []byte("{}"), Alerts: []incident.Alert{{
		Source: "alertmanager", Fingerprint: "f", StartsAt: now,
		Labels: map[string]string{"alertname": "ServiceDown", "service": "s", "severity": "critical", "audience": "users", "cluster": "a"},
	}}}
}

// TestPrometheusIsAskedWhatNoAlertmanagerKnows: all was started anew, and the
// alert is not raised again.
func TestPrometheusIsAskedWhatNoAlertmanagerKnows(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *source, m *member)
		open   bool
	}{
		"it calls it over":            {change: func(*source, *member) {}},
		"the same of another service": {change: func(s *source, _ *member) { s.alerts = `{"labels":{"alertname":"ServiceDown","service":"other"}}` }},
		"it is pending": {change: func(s *source, _ *member) {
			s.alerts = `{"state":"pending","labels":{"alertname":"ServiceDown","service":"s"}}`
		}, open: true},
		"it is milder": {change: func(s *source, _ *member) {
			s.alerts = `{"labels":{"alertname":"ServiceDown","service":"s","severity":"warning"}}`
		}, open: true},
		"it has no such rule":               {change: func(s *source, _ *member) { s.name = "Other" }, open: true},
		"the rule cannot be evaluated":      {change: func(s *source, _ *member) { s.health = "err" }, open: true},
		"the rule was not evaluated lately": {change: func(s *source, _ *member) { s.age = 5 * time.Minute }, open: true},
		"its exporter is away": {change: func(s *source, _ *member) {
			s.other = `,{"name":"ExporterDown","health":"ok","alerts":[{"state":"pending","labels":{}}]}`
		}, open: true},
		"it cannot be asked":            {change: func(s *source, _ *member) { s.away = true }, open: true},
		"nothing is heard of it":        {change: func(_ *source, m *member) { m.heard = 0 }, open: true},
		"Alertmanager has the alert":    {change: func(_ *source, m *member) { m.lists = []string{"f"} }, open: true},
		"Alertmanager hears it no more": {change: func(_ *source, m *member) { m.heard = 3 * time.Minute }, open: true},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &movedClock{}
			m := &member{started: clock.now().Add(-time.Minute).Format(time.RFC3339Nano), heard: time.Second, since: time.Minute}
			s := &source{name: "ServiceDown", health: "ok", now: clock.now}
			c.change(s, m)
			r := overWith(t, Options{Now: clock.now}, s, m)
			require.NoError(t, r.Accept(t.Context(), burning(clock.now().Add(-time.Hour))))
			rounds := newReconciler(r, catalog.MainCluster)
			look := func() incident.Incident {
				require.NoError(t, r.Beat(t.Context(), "alertmanager"))
				_ = rounds.round(t.Context()) // says when the source is silent
				i, err := r.Incident(t.Context(), 1)
				require.NoError(t, err)
				return i
			}
			look() // hears of Prometheus
			require.True(t, look().Open())
			clock.by = wellFor - time.Second
			require.True(t, look().Open(), "too early to say")
			clock.by = wellFor + time.Second
			i := look()
			require.Equal(t, c.open, i.Open())
			if !c.open {
				events, err := r.Events(t.Context(), 1)
				require.NoError(t, err)
				require.Contains(t, fmt.Sprint(events), reasonWell)
			}
		})
	}
}

// TestOfSeveralPrometheusServersNoneIsAsked: the one of the links may not be the
// one that raised it.
func TestOfSeveralPrometheusServersNoneIsAsked(t *testing.T) {
	h := &hearing{}
	require.False(t, h.one(""))
	h.note(time.Now(), "", []voice{{labels: map[string]string{"cluster": "a"}}})
	require.True(t, h.one(""))
	h.note(time.Now(), "", []voice{{labels: map[string]string{"cluster": "b"}}})
	require.False(t, h.one(""))
}

func TestTheAlertsThatBlindPrometheusAreInTheRules(t *testing.T) {
	files, err := filepath.Glob("../../rules/*.yml")
	require.NoError(t, err)
	var text strings.Builder
	for _, file := range files {
		one, err := os.ReadFile(file)
		require.NoError(t, err)
		text.Write(one)
	}
	for _, name := range blinding() {
		require.Contains(t, text.String(), "- alert: "+name+"\n")
	}
}

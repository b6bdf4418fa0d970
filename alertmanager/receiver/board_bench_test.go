package receiver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// crowd is a board over a database with so many open incidents, each with two
// alerts and six messages.
func crowd(t testing.TB, incidents int) http.Handler {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		for n := range incidents {
			i := crowded(incident.ID(n+1), began.Add(time.Duration(n)*time.Second))
			if err := tx.Save(incident.State{Incidents: []incident.Incident{i}}, []incident.Event{{Incident: i.ID, At: i.Opened, Kind: incident.KindOpened}}); err != nil {
				return err
			}
		}
		return nil
	}))
	text := "monitoring: {team: shop}\nteams: {shop: {members: [p0], rota: shop}}\nservices: {}\nrotas: {shop: {timezone: Europe/London, handover: monday 09:30, shift: 1w, people: [p0, p1]}}\npeople:\n"
	for n := range 50 {
		text += fmt.Sprintf("  p%d: {name: Person number %d}\n", n, n)
	}
	c, err := catalog.Parse("tocsin.yml", []byte(text))
	require.NoError(t, err)
	now := func() time.Time { return began.Add(time.Hour) }
	desk, err := receiver.New(t.Context(), receiver.Options{Store: s, Now: now})
	require.NoError(t, err)
	require.NoError(t, desk.Update(c))
	handler, err := board.New(board.Options{Desk: desk, Now: now})
	require.NoError(t, err)
	return handler
}

func crowded(id incident.ID, at time.Time) incident.Incident {
	i := incident.Incident{
		ID: id, Key: incident.Key{Service: fmt.Sprintf("service-%d", id), Audience: incident.AudienceUsers}, Team: "shop", Catalogued: true,
		Severity: []incident.Severity{incident.SeverityCritical, incident.SeverityWarning}[id%2], Opened: at, Since: at, Sequence: 1,
	}
	for _, name := range []string{"ServiceDown", "ServiceSlow"} {
		i.Alerts = append(i.Alerts, incident.Alert{
			Source: "alertmanager", Fingerprint: fmt.Sprintf("%s-%d", name, id), StartsAt: at, ReceivedAt: at, GeneratorURL: "http://prometheus.example.org/graph?g0.expr=up",
			Labels:      map[string]string{"alertname": name, "service": i.Service, "team": "shop", "severity": string(i.Severity), "audience": "users", "probe": "home", "location": "london", "kind": "http"},
			Annotations: map[string]string{"summary": i.Service + " cannot be reached", "impact": "Users see an error.", "description": "The probe home fails for two minutes: connection refused.", "runbook_url": "https://runbooks.example.org/service-down", "dashboard_url": "https://grafana.example.org/d/service"},
		})
	}
	for n := range 6 {
		i.Messages = append(i.Messages, incident.Message{Number: n + 1, Kind: "opened", At: at, To: []incident.Role{incident.RoleOnCall}, Deliveries: []incident.Delivery{
			{Message: n + 1, Recipient: "p0", Way: "email", State: "sent", At: at},
		}})
	}
	return i
}

// BenchmarkTheBoardAtAThousandIncidents is what a reader waits for.
func BenchmarkTheBoardAtAThousandIncidents(b *testing.B) {
	handler := crowd(b, 1000)
	for _, path := range []string{"/", "/incidents/500", "/map", "/api/v1/incidents"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			size, before := 0, spent(b)
			for b.Loop() {
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
				require.Equal(b, http.StatusOK, answer.Code)
				size = answer.Body.Len()
			}
			b.ReportMetric(float64(size), "bytes/page")
			b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/page")
		})
	}
}

// spent is the processors' time of this process, which a busy machine does not
// lengthen.
func spent(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

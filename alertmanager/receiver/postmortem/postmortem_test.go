package postmortem

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/evidence"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

var update = flag.Bool("update", false, "write the golden files")

var nine = time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)

func after(minutes float64) time.Time {
	return nine.Add(time.Duration(minutes * float64(time.Minute)))
}

func series(labels map[string]string, value func(minute int) float64) figures.Series {
	s := figures.Series{Labels: labels}
	for minute := range 75 {
		s.At, s.Value = append(s.At, after(float64(minute)).Unix()), append(s.Value, value(minute))
	}
	return s
}

// during is one value in the outage, which is from the 35th minute to the 47th,
// and another outside it.
func during(bad, good float64) func(int) float64 {
	return func(minute int) float64 {
		if minute > 35 && minute <= 47 {
			return bad
		}
		return good
	}
}

// outage is an incident in which a deployment took the shop and what it depends
// on down.
func outage(t testing.TB) Input {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	down := incident.Alert{
		Fingerprint: "f", StartsAt: after(35.5), ReceivedAt: after(36), EndsAt: after(48), Resolved: true,
		Labels: map[string]string{"alertname": "ServiceDown", "severity": "critical", "service": "shop", "audience": "users"},
		Annotations: map[string]string{
			"summary": "shop is down", "impact": "Users cannot use shop.",
			"description": "Probe home fails in 1 of 1 location (local). Likely cause: payments, on which it depends, is down. Runbook of the service: https://example.org/",
		},
	}
	i := incident.Incident{
		ID: 12, Key: incident.Key{Service: "shop", Audience: "users"}, Team: "shop", Severity: "critical", Opened: after(36), Since: after(36), Closed: after(48), ClosedBy: "every alert has ended",
		Alerts: []incident.Alert{down}, Ownership: incident.Ownership{Owner: "asha"},
		Messages: []incident.Message{
			{Number: 1, Kind: incident.MessageOpened, At: after(36), Deliveries: []incident.Delivery{
				{Recipient: "asha", Way: "email", State: incident.DeliveryFailed, At: after(36.2), Problem: "550 no such user asha@example.org"},
				{Recipient: "asha", Way: "push", State: incident.DeliverySent, At: after(36.1)},
				{Recipient: "pipeline/deploy", Way: "github", State: incident.DeliverySent, At: after(36.5)},
			}},
			{Number: 2, Kind: incident.MessagePage, At: after(37), Urgent: true, Ways: []string{"voice"}, Unreached: []string{"backup"}},
		},
	}
	return Input{
		Incident: i, Zone: london, Now: after(200), Page: "https://board.example.org/incidents/12",
		Events: []incident.Event{
			{At: after(36), Kind: incident.KindOpened},
			{At: after(36), Kind: incident.KindSeverity, Severity: "critical"},
			{At: after(36.2), Kind: incident.KindDeliveryFailed, Delivery: &i.Messages[0].Deliveries[0]},
			{At: after(37), Kind: incident.KindNobodyReached, Person: "backup", Text: "no number +44 7700 900123"},
			{At: after(38.5), Kind: incident.KindAcknowledged, Person: "asha", Text: "the board"},
			{At: after(44), Kind: incident.KindNote, Person: "asha", Text: "Rolled back *everything* | <b>twice</b>\nand waited"},
			{At: after(48), Kind: incident.KindClosed, Text: "every alert has ended"},
		},
		Figures: figures.Figures{
			Service: "shop", From: nine, Until: after(74), ReadAt: after(74), Objective: figures.Objective{Availability: 0.999, Window: 720 * time.Hour},
			Charts: []figures.Chart{
				{Name: "service", Title: "Service, by the vote of the locations", Unit: figures.State, Lowest: true, Step: time.Minute, Series: []figures.Series{series(map[string]string{"service": "shop"}, during(0, 1))}},
				{Name: "probes", Title: "Probes, by location", Unit: figures.State, Lowest: true, Step: time.Minute, Series: []figures.Series{series(map[string]string{"probe": "home", "location": "local"}, during(0, 1))}},
				{Name: "dependencies", Title: "What it depends on", Unit: figures.State, Lowest: true, Step: time.Minute, Series: []figures.Series{series(map[string]string{"service": "payments"}, during(0, 1))}},
				{Name: "latency", Title: "Time of a probe's run", Unit: figures.Seconds, Step: time.Minute, Limit: new(1.0), Series: []figures.Series{series(map[string]string{"probe": "home", "location": "local"}, during(2.5, .2))}},
				{Name: "users", Title: "Usage", Unit: figures.Count, Lowest: true, Step: time.Minute, Series: []figures.Series{series(map[string]string{"usage": "users"}, during(12, 480))}},
				{Name: "budget", Title: "Error budget left", Unit: figures.Ratio, Lowest: true, Step: time.Minute, Series: []figures.Series{series(map[string]string{"service": "shop"}, func(minute int) float64 { return .9 - float64(minute)/250 })}},
			},
			Runs:    []figures.Run{{Service: "payments", Pipeline: "deploy", Result: "failure", At: after(-200)}, {Service: "shop", Pipeline: "deploy", Result: "success", At: after(31)}},
			Missing: []figures.Missing{{Name: "cpu", Why: "bad_data: no such function"}},
		},
		Traces:   []evidence.Trace{{Service: "shop", Probe: "home", Location: "local", At: after(35.6), Reason: "status", Text: "status 502, want 2xx", Step: "GET /", Duration: .25}},
		Children: []incident.Incident{{ID: 13, Key: incident.Key{Service: "checkout"}}},
		Whom: func(text string) string {
			return map[string]string{"asha": "Asha Rao", "backup": "the backup"}[text]
		},
		Describe: func(e incident.Event) string {
			switch e.Kind {
			case incident.KindNobodyReached:
				return "Reached nobody for the backup (page): " + e.Text
			case incident.KindSeverity:
				return ""
			default:
				return string(e.Kind) + " " + e.Text
			}
		},
	}
}

func TestGolden(t *testing.T) {
	d := Draft(outage(t))
	page, err := HTML(d)
	require.NoError(t, err)
	for name, got := range map[string][]byte{"outage.md": Markdown(d, "plots"), "outage.html": page} {
		path := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, os.WriteFile(path, got, 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// both writes a document in both forms.
func both(t *testing.T, d Document) string {
	t.Helper()
	page, err := HTML(d)
	require.NoError(t, err)
	_, err = html.Parse(strings.NewReader(string(page)))
	require.NoError(t, err)
	return string(Markdown(d, "")) + string(page)
}

func TestWhatStandsInADraft(t *testing.T) {
	d := Draft(outage(t))
	require.Equal(t, []Fact{
		{"To detect", "30 s, from the first sign at 21:35:30 GMT to the incident at 21:36:00 GMT"}, {"To tell somebody", "6 s"}, {"To acknowledge", "2 min 30 s, by Asha Rao"}, {"To resolve", "12 min"},
	}, d.Times)
	require.Contains(t, d.Impact, Fact{"Error budget spent", "27.8 % of the 43 min 12 s that an objective of 99.9 % leaves in 30 days; 60.4 % was left at the end"})
	require.Contains(t, d.Impact, Fact{"Usage: users", "480 on average before it, 12 at the lowest"})
	require.Contains(t, d.Impact, Fact{"Other services", "checkout (incident #13)"})
	require.Equal(t, []string{
		"Likely cause: payments, on which it depends, is down.",
		"payments, on which it depends, was down for 12 min of the 22 min 30 s around it, from about 21:35:00 GMT.",
		"shop/deploy was deployed 4 min 30 s before it began, at 21:31:00 GMT.",
	}, d.Causes)
	require.Len(t, d.Runs, 2)
	require.Len(t, d.Tried, 2)
}

func TestNoContactDetails(t *testing.T) {
	text := both(t, Draft(outage(t)))
	require.NotContains(t, text, "asha@example.org")
	require.NotContains(t, text, "7700")
	require.Contains(t, text, "Asha Rao")
	require.Contains(t, text, "| 2026-11-23 21:36:12 GMT | Asha Rao | email | opened | failed |")
	require.Contains(t, text, "Reached nobody for the backup (page) |")
}

func TestForeignTextIsText(t *testing.T) {
	in := outage(t)
	in.Incident.Alerts[0].Annotations["summary"] = "<script>alert(1)</script> [x](javascript:alert(2))"
	d := Draft(in)
	text := both(t, d)
	require.NotContains(t, text, "<script>")
	require.NotContains(t, string(Markdown(d, "")), "[x](javascript:")
	require.Contains(t, string(Markdown(d, "")), `Rolled back \*everything\* \| &lt;b&gt;twice&lt;/b&gt;<br>and waited`)
}

func TestPictures(t *testing.T) {
	in := outage(t)
	in.Traces[0].Picture = true
	d := Draft(in)
	require.Len(t, d.Pictures, 1)
	require.Equal(t, in.Traces[0].Name(), d.Pictures[0].Of)
	require.NotContains(t, both(t, d), "<img", "nobody said where it is")
	d.Pictures[0].Address = "https://board.example.org/picture?of=a&b"
	require.Contains(t, both(t, d), "A picture was kept: <https://board.example.org/picture?of=a&b>")
	require.Contains(t, both(t, d), `<img src="https://board.example.org/picture?of=a&amp;b"`)
	d.Pictures[0].PNG = []byte("\x89PNG")
	require.Contains(t, both(t, d), `<img src="data:image/png;base64,iVBORw==" alt=""><figcaption>What the browser saw when Probe home`)
	require.Contains(t, string(Markdown(d, "plots")), "](plots/incident-12-picture-1.png)")
}

// TestADraftIsItsJSON is what the tool relies on.
func TestADraftIsItsJSON(t *testing.T) {
	d := Draft(outage(t))
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var again Document
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, both(t, d), both(t, again))
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	in := outage(t)
	in.Figures = figures.Figures{Problem: &figures.Problem{Since: after(36), Text: "connection refused"}}
	in.Traces, in.Children, in.Events = nil, nil, nil
	in.Incident.Messages = nil
	d := Draft(in)
	require.Equal(t, []string{"Prometheus has not answered since 21:36:00 GMT (connection refused), and is asked no more."}, d.Missing)
	text := both(t, d)
	for _, want := range []string{"not known: there are no figures", "nobody was told", "nobody acknowledged it", "No trace was kept.", "None that Tocsin knows of."} {
		require.Contains(t, text, want)
	}
	in.Figures = figures.Figures{}
	require.Equal(t, []string{"No figures were read from Prometheus."}, Draft(in).Missing)
	in.Figures = figures.Figures{ReadAt: after(40)}
	require.Equal(t, []string{"Prometheus had no figures of this service."}, Draft(in).Missing)
}

func TestAnOpenIncident(t *testing.T) {
	in := outage(t)
	in.Incident.Closed, in.Now = time.Time{}, after(45.5)
	d := Draft(in)
	require.True(t, d.Open)
	require.Equal(t, Fact{"Duration", "10 min so far"}, d.Impact[0])
	require.Equal(t, Fact{"To resolve", "it goes on"}, d.Times[3])
	require.Contains(t, d.Summary[0], "still goes on, for 10 min so far")
}

func TestDegradedOnly(t *testing.T) {
	in := outage(t)
	in.Figures.Charts[0].Series[0] = series(map[string]string{"service": "shop"}, func(int) float64 { return 1 })
	require.Contains(t, Draft(in).Impact, Fact{"Down", "never, by the vote of the locations: it was degraded at most"})
}

package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// WebhookData is what a generic webhook says, as JSON or through a template.
// Everything in it that came from an alert is somebody else's text.
type WebhookData struct {
	ID       string          `json:"id"`    // of the message; the same when it is sent again
	Event    string          `json:"event"` // opened, reopened, update, page, acknowledged or resolved
	At       time.Time       `json:"at"`
	News     string          `json:"news,omitempty"` // what is new, in a sentence
	Subject  string          `json:"subject"`
	Incident WebhookIncident `json:"incident"`
	Alerts   []WebhookAlert  `json:"alerts"` // what fires, the worst first
}

// WebhookIncident is an incident as it is now. State is open, acknowledged or
// closed. Links are empty where there are none.
type WebhookIncident struct {
	Number      int64     `json:"number"`
	Key         string    `json:"key"` // differs between installations too
	Service     string    `json:"service"`
	Team        string    `json:"team"`
	Audience    string    `json:"audience"`
	Severity    string    `json:"severity"`
	State       string    `json:"state"`
	Summary     string    `json:"summary"`
	Impact      string    `json:"impact,omitempty"`
	Description string    `json:"description,omitempty"`
	Cause       string    `json:"cause,omitempty"`
	Owner       string    `json:"owner,omitempty"` // name of who has it
	Began       time.Time `json:"began"`           // the fault
	Opened      time.Time `json:"opened"`
	Closed      time.Time `json:"closed,omitzero"`
	Board       string    `json:"board,omitempty"`
	Runbook     string    `json:"runbook,omitempty"`
	Dashboard   string    `json:"dashboard,omitempty"`
}

// WebhookAlert is one alert of it.
type WebhookAlert struct {
	Name     string            `json:"name"`
	Severity string            `json:"severity"`
	Summary  string            `json:"summary"`
	Labels   map[string]string `json:"labels"`
	Since    time.Time         `json:"since"`
}

// mostWebhookAlerts bounds the list; the board shows all.
const mostWebhookAlerts = 100

func webhookData(m Message) WebhookData {
	i, lead, t := m.Incident, m.Incident.Lead(), Compose(m)
	state := toolAction(i, "open", "acknowledged", "closed")
	data := WebhookData{
		ID: m.ID, Event: string(m.Kind), At: m.At.UTC(), News: Plain(m.News, 2000), Subject: t.Subject,
		Incident: WebhookIncident{
			Number: int64(i.ID), Key: IncidentKey(i), Service: i.Service, Team: i.Team, Audience: string(i.Audience), Severity: string(i.Severity), State: state,
			Summary: OneLine(lead.Summary(), 1000), Impact: Plain(lead.Annotations["impact"], 2000), Description: Plain(lead.Annotations["description"], 4000),
			Cause: Plain(Cause(i, lead), 2000), Owner: m.Owner, Began: i.Began().UTC(), Opened: i.Opened.UTC(), Closed: i.Closed.UTC(),
		},
		Alerts: []WebhookAlert{},
	}
	if i.Open() {
		data.Incident.Closed = time.Time{}
	}
	for _, l := range t.Links {
		switch l.Name {
		case "Incident":
			data.Incident.Board = l.URL
		case "Runbook":
			data.Incident.Runbook = l.URL
		case "Dashboard":
			data.Incident.Dashboard = l.URL
		}
	}
	for n, a := range i.Firing() {
		if n == mostWebhookAlerts {
			break
		}
		labels := map[string]string{}
		for name, value := range a.Labels {
			labels[name] = Plain(value, 1000)
		}
		data.Alerts = append(data.Alerts, WebhookAlert{a.Name(), string(a.Severity()), OneLine(a.Summary(), 1000), labels, a.StartsAt.UTC()})
	}
	return data
}

// webhookBody turns the data into a body.
type webhookBody func(WebhookData) ([]byte, error)

// readWebhookBody makes it of a template's file, or plain JSON of none.
func readWebhookBody(path string) (webhookBody, error) {
	if path == "" {
		return func(data WebhookData) ([]byte, error) { return json.Marshal(data) }, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := template.New("template").Option("missingkey=error").Funcs(template.FuncMap{"json": asJSON, "join": strings.Join}).Parse(string(text))
	if err != nil {
		return nil, err
	}
	return func(data WebhookData) ([]byte, error) {
		var body bytes.Buffer
		err := t.Execute(&body, data)
		return body.Bytes(), err
	}, nil
}

// asJSON is a value as JSON: a text in its quotes, with everything in it
// escaped.
func asJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

// CheckWebhookTemplate reads a template and fills it in with an incident made
// for that. What claims to be JSON must be: also with quotes and line ends in
// the texts, which alerts have too.
func CheckWebhookTemplate(path, contentType string) error {
	body, err := readWebhookBody(path)
	if err != nil {
		return err
	}
	for _, kind := range []incident.MessageKind{incident.MessagePage, incident.MessageResolved} {
		text, err := body(webhookData(exampleMessage(kind)))
		if err != nil {
			return err
		}
		switch {
		case len(bytes.TrimSpace(text)) == 0:
			return errors.New("it gives an empty body")
		case len(text) > mostWebhookBody:
			return fmt.Errorf("it gives %d bytes for an example (want at most %d)", len(text), mostWebhookBody)
		case isJSON(contentType) && !json.Valid(text):
			return errors.New("it gives no JSON where a text has quotes or line ends (write {{json .Incident.Summary}} without quotes around it, or say another content_type)")
		}
	}
	return nil
}

// exampleMessage is about an incident that never was.
func exampleMessage(kind incident.MessageKind) Message {
	start := time.Date(2026, 11, 23, 22, 10, 0, 0, time.UTC)
	m := Message{
		ID: "7.1.webhook/shop.webhook", Number: 1, Kind: kind, At: start.Add(5 * time.Minute), News: "nobody has acknowledged it yet",
		To: Recipient{ID: Place(incident.WayWebhook, "shop")}, Board: "https://board.example.org/incidents/7", Zone: time.UTC,
		Incident: incident.Incident{
			ID: 7, Key: incident.Key{Service: "shop", Audience: incident.AudienceUsers}, Team: "shop", Severity: incident.SeverityCritical,
			Opened: start.Add(time.Minute), Since: start.Add(time.Minute),
			Alerts: []incident.Alert{{
				Fingerprint: "f", StartsAt: start, ReceivedAt: start.Add(time.Minute),
				Labels: map[string]string{"alertname": "ServiceDown", "severity": "critical", "service": "shop", "team": "shop", "audience": "users"},
				Annotations: map[string]string{
					"summary": `shop is down ("home" fails)`, "impact": "Users cannot use shop.", "description": "Probe home fails in 1 of 1 locations:\nno answer within 5 s.",
					"runbook_url": "https://wiki.example.org/shop", "dashboard_url": "https://grafana.example.org/d/1",
				},
			}},
		},
	}
	if kind == incident.MessageResolved {
		m.Incident.Closed, m.News = start.Add(11*time.Minute), "all its alerts have resolved"
		m.Incident.Alerts[0].Resolved, m.Incident.Alerts[0].EndsAt = true, m.Incident.Closed
	}
	return m
}

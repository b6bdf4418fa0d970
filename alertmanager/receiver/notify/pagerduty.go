package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// pagerDuty has PagerDuty ring by its own rota, through the Events API v2; see
// https://developer.pagerduty.com/docs/events-api-v2-overview. Every message
// says how the incident is now, so one that is repeated or comes late does no
// harm.
type pagerDuty struct {
	teams  map[string]pagerDutyService
	client *http.Client
}

const pagerDutyURL = "https://events.pagerduty.com"

// pagerDutyService is the integration of one team.
type pagerDutyService struct{ url, key string }

func newPagerDuty(s Settings) (Channel, error) {
	teams, err := perTeam(s.Catalog, func(path string, of catalog.Channels) (pagerDutyService, bool, error) {
		if of.PagerDuty == nil {
			return pagerDutyService{}, false, nil
		}
		key, err := secretFile(path+".pagerduty.routing_key_file", of.PagerDuty.RoutingKeyFile)
		return pagerDutyService{strings.TrimRight(cmp.Or(of.PagerDuty.URL, pagerDutyURL), "/"), key}, true, err
	})
	if err != nil || len(teams) == 0 {
		return nil, err
	}
	return &pagerDuty{teams, s.HTTP}, nil
}

// pagerDutyEvent is the body of a request. It stays far below the 512 kB that
// PagerDuty takes, because [Compose] bounds every text in it.
type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Client     string            `json:"client,omitempty"`
	ClientURL  string            `json:"client_url,omitempty"`
	Links      []pagerDutyLink   `json:"links,omitempty"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

type pagerDutyPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp string         `json:"timestamp"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details"`
}

// Send triggers, acknowledges or resolves PagerDuty's alert of the incident.
func (c *pagerDuty) Send(ctx context.Context, m Message) (Receipt, error) {
	team, ok := c.teams[teamOf(m.To.ID)]
	if !ok {
		return Receipt{}, permanent("the team has no PagerDuty any more")
	}
	event := pagerDutyOf(m)
	event.RoutingKey = team.key
	body, err := json.Marshal(event)
	if err != nil {
		return Receipt{}, permanent("writing the event: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, team.url+"/v2/enqueue", bytes.NewReader(body))
	if err != nil {
		return Receipt{}, permanent("teams.%s.channels.pagerduty.url is not a URL", teamOf(m.To.ID))
	}
	r.Header.Set("Content-Type", "application/json")
	if _, err := post(ctx, c.client, r); err != nil {
		return Receipt{}, err
	}
	if strings.HasPrefix(m.Thread, event.DedupKey) {
		return Receipt{Thread: m.Thread}, nil // with PagerDuty's own id behind the key
	}
	return Receipt{Thread: event.DedupKey}, nil
}

func pagerDutyOf(m Message) pagerDutyEvent {
	event := pagerDutyEvent{Action: toolAction(m.Incident, "trigger", "acknowledge", "resolve"), DedupKey: IncidentKey(m.Incident)}
	if event.Action != "trigger" {
		return event
	}
	t, lead := Compose(m), m.Incident.Lead()
	event.Client, event.ClientURL = "Tocsin", m.Board
	event.Payload = &pagerDutyPayload{
		Summary: OneLine(t.Subject, 1024), Source: m.Incident.Service, Severity: string(m.Incident.Severity),
		Timestamp: m.Incident.Began().UTC().Format(time.RFC3339), Component: OneLine(lead.Labels["dependency"], 200),
		Group: m.Incident.Team, Class: OneLine(lead.Name(), 200), Details: toolDetails(t),
	}
	for _, l := range t.Links {
		event.Links = append(event.Links, pagerDutyLink{l.URL, l.Name})
	}
	return event
}

// toolAction says which of three words fits an incident as it is now.
func toolAction(i incident.Incident, open, owned, over string) string {
	switch {
	case !i.Open():
		return over
	case i.Owner != "":
		return owned
	}
	return open
}

// toolDetails are the facts of a message by name.
func toolDetails(t Text) map[string]any {
	details := map[string]any{"What it means": t.Lead}
	for _, row := range t.Rows {
		details[row.Name] = row.Value
	}
	if len(t.Alerts) > 0 {
		details["What fires"] = t.Alerts
	}
	return details
}

// IncidentKey names an incident to a tool that shares its own with many
// senders: the number alone would not do, because every installation counts
// from 1. [ParseIncidentKey] reads it.
func IncidentKey(i incident.Incident) string {
	return fmt.Sprintf("tocsin-%d-%d", i.ID, i.Opened.Unix())
}

// ParseIncidentKey gives the incident that a key may name; [IncidentKey] of
// that says whether it does. False when it names none.
func ParseIncidentKey(key string) (incident.ID, bool) {
	parts := strings.Split(key, "-")
	if len(parts) != 3 || parts[0] != "tocsin" {
		return 0, false
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	return incident.ID(id), err == nil && id > 0
}

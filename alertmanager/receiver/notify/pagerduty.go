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
type pagerDutyService struct {
	url, key string
	api      *pagerDutyAPI // nil without a login
}

func newPagerDuty(s Settings) (Channel, error) {
	teams, err := perTeam(s.Catalog, func(path string, of catalog.Channels) (pagerDutyService, bool, error) {
		if of.PagerDuty == nil {
			return pagerDutyService{}, false, nil
		}
		key, err := secretFile(path+".pagerduty.routing_key_file", of.PagerDuty.RoutingKeyFile)
		return pagerDutyService{pagerDutyAddress(of.PagerDuty), key, newPagerDutyAPI(s.HTTP, of.PagerDuty)}, true, err
	})
	if err != nil || len(teams) == 0 {
		return nil, err
	}
	return &pagerDuty{teams, s.HTTP}, nil
}

// pagerDutyAddress is the Events API of a team's account.
func pagerDutyAddress(spec *catalog.PagerDutyChannel) string {
	return strings.TrimRight(cmp.Or(spec.URL, pagerDutyURL), "/")
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
	event, err := pagerDutyOf(m), error(nil)
	switch {
	case m.Kind == incident.MessageNote && team.api == nil:
		return Receipt{}, permanent("PagerDuty takes no notes without api_token_file")
	case m.Kind == incident.MessageNote:
		err = team.api.note(ctx, m)
	case m.Kind == incident.MessageDisowned && event.Action == "trigger":
		err = c.ringAgain(ctx, team, event)
	default:
		err = c.enqueue(ctx, team, event)
	}
	if err != nil {
		return Receipt{}, err
	}
	if strings.HasPrefix(m.Thread, event.DedupKey) {
		return Receipt{Thread: m.Thread}, nil // with PagerDuty's own id behind the key
	}
	return Receipt{Thread: event.DedupKey}, nil
}

func (c *pagerDuty) enqueue(ctx context.Context, team pagerDutyService, event pagerDutyEvent) error {
	event.RoutingKey = team.key
	body, err := json.Marshal(event)
	if err != nil {
		return permanent("writing the event: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, team.url+"/v2/enqueue", bytes.NewReader(body))
	if err != nil {
		return permanent("pagerduty.url is not a URL")
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := post(ctx, c.client, r)
	if err != nil {
		return err
	}
	var taken struct {
		Errors []any `json:"errors"`
	}
	if err := understood("PagerDuty", answer, &taken); err != nil {
		return err
	}
	if len(taken.Errors) > 0 {
		return permanent("PagerDuty refused the event")
	}
	return nil
}

// ringAgain ends an acknowledgement there. Without a login that takes a new
// alert in place of the old one: a trigger alone changes nothing of one that is
// acknowledged.
func (c *pagerDuty) ringAgain(ctx context.Context, team pagerDutyService, event pagerDutyEvent) error {
	if team.api != nil {
		rings, err := team.api.unacknowledge(ctx, event.DedupKey)
		if rings || err != nil && !IsPermanent(err) {
			return err
		}
	}
	if err := c.enqueue(ctx, team, pagerDutyEvent{Action: "resolve", DedupKey: event.DedupKey}); err != nil {
		return err
	}
	return c.enqueue(ctx, team, event)
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

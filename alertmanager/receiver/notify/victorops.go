package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// victorOps has Splunk On-Call, once VictorOps, ring by its own rota, through
// its REST integration. Every message says how the incident is now, so one that
// is repeated or comes late does no harm.
type victorOps struct {
	teams  map[string]string // the address of each, which holds its key
	client *http.Client
}

const victorOpsURL = "https://alert.victorops.com/integrations/generic/20131114/alert"

// OwnWord is at the end of what a tool is told to note as somebody's words, so
// that it is known when the tool tells it back.
const OwnWord = "(told by Tocsin)"

func newVictorOps(s Settings) (Channel, error) {
	teams, err := perTeam(s.Catalog, func(path string, of catalog.Channels) (string, bool, error) {
		if of.VictorOps == nil {
			return "", false, nil
		}
		key, err := secretFile(path+".victorops.api_key_file", of.VictorOps.APIKeyFile)
		base := strings.TrimRight(cmp.Or(of.VictorOps.URL, victorOpsURL), "/")
		return base + "/" + url.PathEscape(key) + "/" + url.PathEscape(of.VictorOps.RoutingKey), true, err
	})
	if err != nil || len(teams) == 0 {
		return nil, err
	}
	return &victorOps{teams, s.HTTP}, nil
}

// victorOpsAlert is the body of a request.
type victorOpsAlert struct {
	Type    string `json:"message_type"`
	ID      string `json:"entity_id"`
	Name    string `json:"entity_display_name,omitempty"`
	State   string `json:"state_message,omitempty"`
	Tool    string `json:"monitoring_tool"`
	Start   int64  `json:"state_start_time,omitempty"` // in seconds
	Author  string `json:"ack_author,omitempty"`
	Words   string `json:"ack_msg,omitempty"`
	Board   string `json:"vo_annotate.u.Incident,omitempty"`
	Runbook string `json:"vo_annotate.u.Runbook,omitempty"`
}

// Send raises, acknowledges or ends Splunk On-Call's incident.
func (c *victorOps) Send(ctx context.Context, m Message) (Receipt, error) {
	address, ok := c.teams[teamOf(m.To.ID)]
	if !ok {
		return Receipt{}, permanent("the team has no Splunk On-Call any more")
	}
	alert := victorOpsOf(m)
	if m.Kind == incident.MessageDisowned && m.Incident.Open() && m.Incident.Owner == "" {
		// It has no word for an acknowledgement that ends: what comes after a
		// recovery rings.
		over := victorOpsAlert{Type: "RECOVERY", ID: alert.ID, Tool: alert.Tool, State: "Nobody has it any longer: it rings again " + OwnWord}
		if err := c.post(ctx, address, over); err != nil {
			return Receipt{}, err
		}
	}
	return Receipt{Thread: alert.ID}, c.post(ctx, address, alert)
}

func (c *victorOps) post(ctx context.Context, address string, alert victorOpsAlert) error {
	body, err := json.Marshal(alert)
	if err != nil {
		return permanent("writing the alert: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return permanent("victorops.url is not a URL")
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := post(ctx, c.client, r)
	if err != nil {
		return err
	}
	var taken struct {
		Result string `json:"result"`
	}
	if err := understood("Splunk On-Call", answer, &taken); err != nil {
		return err
	}
	if taken.Result == "failure" {
		return permanent("Splunk On-Call refused the alert")
	}
	return nil
}

func victorOpsOf(m Message) victorOpsAlert {
	severity := map[incident.Severity]string{incident.SeverityCritical: "CRITICAL", incident.SeverityInfo: "INFO"}[m.Incident.Severity]
	alert := victorOpsAlert{
		Type: toolAction(m.Incident, cmp.Or(severity, "WARNING"), "ACKNOWLEDGEMENT", "RECOVERY"), ID: IncidentKey(m.Incident), Tool: "Tocsin",
	}
	if m.Kind == incident.MessageNote { // what informs stands on the timeline, and changes nothing
		alert.Type, alert.State = "INFO", Plain(m.News, 4000)+"\n"+OwnWord
		return alert
	}
	t := Compose(m)
	alert.Name, alert.State, alert.Start = t.Subject, victorOpsText(t), m.Incident.Began().Unix()
	if alert.Type == "ACKNOWLEDGEMENT" {
		alert.Author, alert.Words = m.Owner, m.Owner+" has taken it on "+OwnWord
	}
	for _, l := range t.Links {
		switch l.Name {
		case "Incident":
			alert.Board = l.URL
		case "Runbook":
			alert.Runbook = l.URL
		}
	}
	return alert
}

// victorOpsText is the message as the timeline shows it.
func victorOpsText(t Text) string {
	b := strings.Builder{}
	b.WriteString(t.Lead)
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "\n%s: %s", r.Name, r.Value)
	}
	for _, a := range t.Alerts {
		b.WriteString("\n- " + a)
	}
	return b.String()
}

package callback

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// pagerDutyPost is the body of a webhook, version 3; see
// https://developer.pagerduty.com/docs/webhooks-overview.
type pagerDutyPost struct {
	Event struct {
		ID    string       `json:"id"` // the same when it is posted again
		Type  string       `json:"event_type"`
		At    time.Time    `json:"occurred_at"`
		Agent pagerDutyRef `json:"agent"`
		Data  struct {
			ID        string         `json:"id"`
			Key       string         `json:"incident_key"`
			Assignees []pagerDutyRef `json:"assignees"`
			Incident  pagerDutyRef   `json:"incident"` // of a note
			Content   string         `json:"content"`
		} `json:"data"`
	} `json:"event"`
}

// pagerDutyRef names something of PagerDuty's. The summary of a user is the
// name, and an address where the account shows one.
type pagerDutyRef struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Summary string `json:"summary"`
	Email   string `json:"email"`
}

func (p pagerDutyRef) person() bool { return p.Type == "user_reference" || p.Type == "user" }

// pagerDuty takes what a team's PagerDuty says of the team's incidents.
func (h *handler) pagerDuty(r request) answer {
	team := h.Desk.Catalog().Teams[r.PathValue("team")]
	if team == nil || team.Channels.PagerDuty == nil || team.Channels.PagerDuty.WebhookSecretFile == "" {
		return answer{code: http.StatusNotFound}
	}
	keys, err := secret(team.Channels.PagerDuty.WebhookSecretFile)
	if err != nil {
		return failed(err)
	}
	if !pagerDutySigned(r.Header.Get("X-PagerDuty-Signature"), keys, r.body) {
		return forbidden
	}
	var post pagerDutyPost
	if json.Unmarshal(r.body, &post) != nil {
		return answer{code: http.StatusBadRequest}
	}
	what := happened{way: incident.WayPagerDuty, id: post.Event.ID, key: post.Event.Data.Key, at: post.Event.At}
	what.adds = slices.Contains([]string{"incident.triggered", "incident.reopened", "incident.annotated"}, post.Event.Type)
	if post.Event.Type == "incident.annotated" {
		if what.key, err = h.pagerDutyKey(r, post.Event.Data.Incident.ID); err != nil {
			return failed(err)
		}
	}
	if post.Event.Agent.person() {
		post.Event.Agent.Email = h.pagerDutyMail(r, team.Channels.PagerDuty, post.Event.Agent)
	}
	for n, to := range post.Event.Data.Assignees {
		if to.person() && post.Event.Type == "incident.reassigned" {
			post.Event.Data.Assignees[n].Email = h.pagerDutyMail(r, team.Channels.PagerDuty, to)
		}
	}
	return h.inTool(r, what, func(i incident.Incident) incident.Input { return h.pagerDutyInput(i, post) })
}

// pagerDutyInput is what an event means for the incident. What no person did is
// our own doing, told back, or an automatic end that ends nothing here.
func (h *handler) pagerDutyInput(i incident.Incident, post pagerDutyPost) incident.Input {
	const via = incident.WayPagerDuty
	e := post.Event
	if e.Type == "incident.triggered" || e.Type == "incident.reopened" {
		return opened(i, via, e.Data.Key, e.Data.ID)
	}
	if e.Type == "incident.unacknowledged" && i.Owner != "" && i.Via == via {
		return incident.Reassign{Incident: i.ID, Person: i.Owner, Via: via}
	}
	if !e.Agent.person() {
		return nil
	}
	person := h.pagerDutyPerson(e.Agent)
	switch e.Type {
	case "incident.acknowledged":
		return incident.Acknowledge{Incident: i.ID, Person: person, Via: via}
	case "incident.resolved":
		return incident.Resolve{Incident: i.ID, Person: person, Via: via}
	case "incident.annotated":
		if strings.HasSuffix(strings.TrimSpace(e.Data.Content), notify.OwnWord) {
			return nil // it tells back what was written here
		}
		return incident.Note{Incident: i.ID, Person: person, Text: notify.Plain(e.Data.Content, 4000), Via: via}
	case "incident.reassigned":
		for _, to := range e.Data.Assignees {
			if to.person() {
				return incident.Reassign{Incident: i.ID, Person: person, To: h.pagerDutyPerson(to), Via: via}
			}
		}
	}
	return nil
}

// pagerDutyPerson is who a user there is here: by the id in the contacts, the
// mail address, or the name.
func (h *handler) pagerDutyPerson(user pagerDutyRef) string {
	known := func(c notify.Contacts) bool { return user.ID != "" && c.PagerDuty == user.ID }
	if person := h.person(known); person != "" {
		return person
	}
	return h.somebody(user.Email, user.Summary)
}

// pagerDutyWait bounds the question who somebody is: PagerDuty wants an answer
// to its own within five seconds.
const pagerDutyWait = 3 * time.Second

// pagerDutyMail is a user's mail address: posts leave it out, so the API is
// asked, where there is a login and the id is in nobody's contacts. Without an
// answer the name has to do.
func (h *handler) pagerDutyMail(r request, spec *catalog.PagerDutyChannel, user pagerDutyRef) string {
	known := h.person(func(c notify.Contacts) bool { return user.ID != "" && c.PagerDuty == user.ID }) != ""
	if known || user.Email != "" {
		return user.Email
	}
	ctx, cancel := context.WithTimeout(r.Context(), pagerDutyWait)
	defer cancel()
	address, err := notify.PagerDutyMail(ctx, h.HTTP, spec, user.ID)
	if err != nil {
		level.Warn(h.Logger).Log("msg", "PagerDuty does not say who its user is; the name has to do", "err", err)
	}
	return address
}

// pagerDutyKey finds our key of an open incident by PagerDuty's id, which stands
// in the thread since PagerDuty said that it has the incident. A note names no
// other.
func (h *handler) pagerDutyKey(r request, id string) (string, error) {
	open, err := h.Desk.Current(r.Context())
	if err != nil || id == "" {
		return "", err
	}
	for _, i := range open {
		for _, m := range i.Messages {
			for _, d := range m.Deliveries {
				if d.Way == incident.WayPagerDuty && strings.HasSuffix(d.Thread, " "+id) {
					return notify.IncidentKey(i), nil
				}
			}
		}
	}
	return "", nil
}

// pagerDutySigned says whether one of the signatures is by one of the secrets:
// both sides may have two while a secret is changed.
func pagerDutySigned(header string, keys, body []byte) bool {
	valid := false
	for key := range bytes.Lines(keys) {
		sum := hmac.New(sha256.New, bytes.TrimSpace(key))
		sum.Write(body)
		want := sum.Sum(nil)
		for given := range strings.SplitSeq(header, ",") {
			text, version := strings.CutPrefix(strings.TrimSpace(given), "v1=")
			raw, err := hex.DecodeString(text)
			valid = valid || version && err == nil && len(bytes.TrimSpace(key)) > 0 && hmac.Equal(raw, want)
		}
	}
	return valid
}

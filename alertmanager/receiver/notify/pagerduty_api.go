package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// pagerDutyAPI is PagerDuty's REST API, for what its Events API has no word
// for; see https://developer.pagerduty.com/api-reference/. It speaks in the
// name of one user of the account.
type pagerDutyAPI struct {
	url, tokenFile, user string
	client               *http.Client
}

// newPagerDutyAPI is nil for a team that has no login there. The API is in the
// region of the Events API, at a host of its own.
func newPagerDutyAPI(client *http.Client, spec *catalog.PagerDutyChannel) *pagerDutyAPI {
	if spec.APITokenFile == "" {
		return nil
	}
	return &pagerDutyAPI{strings.Replace(pagerDutyAddress(spec), "://events.", "://api.", 1), spec.APITokenFile, spec.APIUser, client}
}

// ask posts a body, or reads without one.
func (a *pagerDutyAPI) ask(ctx context.Context, path string, body, into any) error {
	token, err := secretFile("pagerduty.api_token_file", a.tokenFile)
	if err != nil {
		return permanent("%w", err)
	}
	method, text := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		if text, err = json.Marshal(body); err != nil {
			return permanent("writing to PagerDuty: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, a.url+path, bytes.NewReader(text))
	if err != nil {
		return permanent("pagerduty.url is not a URL")
	}
	r.Header.Set("Authorization", "Token token="+token)
	r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("From", a.user)
	answer, err := post(ctx, a.client, r)
	if err != nil || into == nil {
		return err
	}
	if json.Unmarshal(answer, into) != nil {
		return temporary("PagerDuty's answer is not the JSON that it should be")
	}
	return nil
}

// pagerDutyIncident is an incident there. The status is triggered, acknowledged
// or resolved.
type pagerDutyIncident struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// find gives the newest incident with our key; zero for none.
func (a *pagerDutyAPI) find(ctx context.Context, key string) (pagerDutyIncident, error) {
	query := url.Values{
		"incident_key": {key}, "date_range": {"all"}, "sort_by": {"created_at:desc"}, "limit": {"1"},
		"statuses[]": {"triggered", "acknowledged", "resolved"},
	}
	var found struct {
		Incidents []pagerDutyIncident `json:"incidents"`
	}
	if err := a.ask(ctx, "/incidents?"+query.Encode(), nil, &found); err != nil || len(found.Incidents) == 0 {
		return pagerDutyIncident{}, err
	}
	return found.Incidents[0], nil
}

// unacknowledge has an incident ring again; false when there is none that
// could. There is no word for it: a snooze ends, and the incident is triggered.
func (a *pagerDutyAPI) unacknowledge(ctx context.Context, key string) (bool, error) {
	i, err := a.find(ctx, key)
	if err != nil || i.Status != "acknowledged" {
		return i.Status == "triggered", err
	}
	err = a.ask(ctx, "/incidents/"+url.PathEscape(i.ID)+"/snooze", map[string]int{"duration": 1}, nil)
	return err == nil, err
}

// note writes what somebody wrote here. OwnWord behind it keeps it from coming
// back as news; an earlier attempt may have written it.
func (a *pagerDutyAPI) note(ctx context.Context, m Message) error {
	i, err := a.find(ctx, IncidentKey(m.Incident))
	if err != nil {
		return err
	}
	if i.ID == "" {
		return permanent("PagerDuty has no such incident")
	}
	type note struct {
		Content string `json:"content"`
	}
	path, own := "/incidents/"+url.PathEscape(i.ID)+"/notes", note{Plain(m.News, 4000) + "\n" + OwnWord}
	if m.Attempt > 1 {
		var there struct {
			Notes []note `json:"notes"`
		}
		if err := a.ask(ctx, path, nil, &there); err != nil {
			return err
		}
		for _, one := range there.Notes {
			if one == own {
				return nil
			}
		}
	}
	return a.ask(ctx, path, map[string]note{"note": own}, nil)
}

// PagerDutyMail is the mail address of a user there, by which people are known
// here; empty where the team has no login.
func PagerDutyMail(ctx context.Context, client *http.Client, spec *catalog.PagerDutyChannel, user string) (string, error) {
	api := newPagerDutyAPI(client, spec)
	if api == nil || user == "" {
		return "", nil
	}
	var found struct {
		User struct {
			Email string `json:"email"`
		} `json:"user"`
	}
	err := api.ask(ctx, "/users/"+url.PathEscape(user), nil, &found)
	return found.User.Email, err
}

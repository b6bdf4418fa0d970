package callback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const (
	viaSlack = "slack"
	// slackWindow is how far a request's time may be from ours.
	slackWindow = 5 * time.Minute
	// slackSoon is when Slack wants an answer: it shows people a fault after 3 s.
	slackSoon = 2500 * time.Millisecond
)

// slackPress is what Slack posts when somebody presses a button. See
// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/.
type slackPress struct {
	Type      string `json:"type"`
	User      struct{ ID, Name, Username string }
	Container struct {
		Channel string `json:"channel_id"`
		Message string `json:"message_ts"`
		Thread  string `json:"thread_ts"`
	} `json:"container"`
	Actions []struct {
		ID       string `json:"action_id"`
		Value    string `json:"value"`
		At       string `json:"action_ts"`
		Selected struct {
			Value string `json:"value"`
		} `json:"selected_option"`
	} `json:"actions"`
}

// slackPressed does what a button says. The press is answered at once; what
// came of it is told to the person afterwards, in the channel and to nobody
// else.
func (h *handler) slackPressed(r request) answer {
	teams, refused := h.slackTeams(r)
	if len(teams) == 0 {
		return refused
	}
	form, err := url.ParseQuery(string(r.body))
	var press slackPress
	if err == nil {
		err = json.Unmarshal([]byte(form.Get("payload")), &press)
	}
	if err != nil {
		return answer{code: http.StatusBadRequest}
	}
	if press.Type != "block_actions" || len(press.Actions) != 1 {
		return answer{code: http.StatusOK} // nothing of ours
	}
	return h.slackAct(r, press, teams)
}

// slackTeams are the teams whose bot's app signed a request. See
// https://docs.slack.dev/authentication/verifying-requests-from-slack/.
func (h *handler) slackTeams(r request) (map[string]bool, answer) {
	stamp := r.Header.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	given, errGiven := hex.DecodeString(strings.TrimPrefix(r.Header.Get("X-Slack-Signature"), "v0="))
	late := h.Now().Sub(time.Unix(seconds, 0)).Abs() > slackWindow
	teams, refused := map[string]bool{}, answer{code: http.StatusNotFound}
	for name, team := range h.Desk.Catalog().Teams {
		bot := team.Channels.Slack
		if !bot.Bot() || bot.SigningSecretFile == "" {
			continue
		}
		if refused.code == http.StatusNotFound {
			refused = forbidden
		}
		key, errKey := secret(bot.SigningSecretFile)
		if errKey != nil {
			refused = failed(errKey)
			continue
		}
		sum := hmac.New(sha256.New, key)
		fmt.Fprintf(sum, "v0:%s:", stamp)
		sum.Write(r.body)
		if hmac.Equal(given, sum.Sum(nil)) && err == nil && errGiven == nil && !late {
			teams[name] = true
		}
	}
	return teams, refused
}

// slackAct does one press. Slack posts some of them twice: the second changes
// nothing.
func (h *handler) slackAct(r request, press slackPress, teams map[string]bool) answer {
	action := press.Actions[0]
	minutes, ref := "", action.Value
	if action.ID == notify.SlackSnooze {
		minutes, ref, _ = strings.Cut(action.Selected.Value, " ")
	}
	if action.ID != notify.SlackSnooze && action.ID != notify.SlackAcknowledge {
		return answer{code: http.StatusOK} // a link, which the browser follows
	}
	ctx, cancel := context.WithTimeout(r.Context(), slackSoon)
	defer cancel()
	i, err := h.slackIncident(ctx, ref)
	switch {
	case errors.Is(err, ErrUnknown):
		return answer{code: http.StatusOK}
	case err != nil:
		return failed(err)
	}
	if !teams[i.Team] {
		return forbidden
	}
	said, err := h.slackDo(ctx, i.ID, press, minutes)
	if err != nil {
		return failed(err)
	}
	if said == "" {
		return answer{code: http.StatusOK} // it was posted before
	}
	return answer{code: http.StatusOK, after: func(ctx context.Context) { h.slackSay(ctx, i.Team, press, said) }}
}

// slackIncident is the incident that a button belongs to; [ErrUnknown] when it
// is another receiver's, or nobody's.
func (h *handler) slackIncident(ctx context.Context, ref string) (incident.Incident, error) {
	number, _, _ := strings.Cut(ref, ".")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !hmac.Equal([]byte(ref), []byte(notify.SlackRef(incident.ID(id), h.page(incident.ID(id))))) {
		return incident.Incident{}, ErrUnknown
	}
	return h.Desk.Incident(ctx, incident.ID(id))
}

// page is the board's page of an incident, or "".
func (h *handler) page(id incident.ID) string {
	board := strings.TrimRight(h.Desk.Catalog().Links.Board, "/")
	if board == "" {
		return ""
	}
	return fmt.Sprintf("%s/incidents/%d", board, id)
}

// slackPerson is the person of the catalogue who has the account, or else the
// account's name, marked as one.
func (h *handler) slackPerson(press slackPress) string {
	person := h.person(func(c notify.Contacts) bool { return c.Slack != "" && c.Slack == press.User.ID })
	if person != "" {
		return person
	}
	name := press.User.Name
	if name == "" {
		name = press.User.Username
	}
	if name == "" {
		name = press.User.ID
	}
	return notify.OneLine(strings.ReplaceAll(name, "/", "-"), 60) + " (Slack)" // no id, and no place
}

// slackDo has a person take an incident on, until some minutes from now where
// they say so, and says in a sentence how it went.
func (h *handler) slackDo(ctx context.Context, id incident.ID, press slackPress, minutes string) (said string, err error) {
	in := incident.Acknowledge{Incident: id, Person: h.slackPerson(press), Via: viaSlack}
	if n, err := strconv.Atoi(minutes); err == nil && n > 0 && n <= 24*60 {
		in.Until = h.Now().Add(time.Duration(n) * time.Minute)
	} else if minutes != "" {
		return "That is no time to snooze for.", nil
	}
	action := press.Actions[0]
	name := strings.Join([]string{press.User.ID, press.Container.Message, action.ID, action.At}, " ")
	return h.acknowledge(ctx, Once{From: viaSlack, ID: name}, in)
}

func (h *handler) slackSay(ctx context.Context, team string, press slackPress, text string) {
	at := press.Container
	err := notify.SlackWhisper(ctx, notify.Settings{Catalog: h.Desk.Catalog(), HTTP: h.HTTP}, team, at.Channel, at.Thread, press.User.ID, text)
	if err != nil {
		level.Warn(h.Logger).Log("msg", "What a button in Slack did could not be told to who pressed it", "team", team, "err", err)
	}
}

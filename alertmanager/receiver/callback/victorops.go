package callback

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// victorOpsPost is the body of an outgoing webhook of Splunk On-Call, as far as
// it is of use: its variables by their own names. Whoever sets the webhook up
// may send these alone. The time is in milliseconds, and a text in some set-ups.
type victorOpsPost struct {
	Key     string          `json:"STATE.ENTITY_ID"`
	Phase   string          `json:"STATE.CURRENT_ALERT_PHASE"` // UNACKED, ACKED or RESOLVED
	User    string          `json:"STATE.ACK_USER"`
	AckedBy string          `json:"STATE.ACKED_BY"`
	EndedBy string          `json:"STATE.RESOLVED_BY"`
	Message string          `json:"STATE.ACK_MSG"`
	At      json.RawMessage `json:"STATE.LAST_TIMESTAMP"`
}

// victorOps takes what a team's Splunk On-Call says of the team's incidents. It
// signs nothing, so it shows a token.
func (h *handler) victorOps(r request) answer {
	team := h.Desk.Catalog().Teams[r.PathValue("team")]
	if team == nil || team.Channels.VictorOps == nil {
		return answer{code: http.StatusNotFound}
	}
	if a := token(r, team.Channels.VictorOps.WebhookTokenFile); a.code != 0 {
		return a
	}
	var post victorOpsPost
	if json.Unmarshal(r.body, &post) != nil {
		return answer{code: http.StatusBadRequest}
	}
	what := happened{way: incident.WayVictorOps, key: post.Key}
	if at, err := strconv.ParseInt(strings.Trim(string(post.At), `"`), 10, 64); err == nil && at > 0 {
		what.at = time.UnixMilli(at)
		what.id = fmt.Sprintf("%s %s %d", post.Key, post.Phase, at)
	}
	return h.inTool(r, what, func(i incident.Incident) incident.Input { return h.victorOpsInput(i, post) })
}

// victorOpsInput is what a change of phase means for the incident.
func (h *handler) victorOpsInput(i incident.Incident, post victorOpsPost) incident.Input {
	const via = incident.WayVictorOps
	if strings.HasSuffix(post.Message, notify.OwnWord) {
		return nil // it tells back what we told it
	}
	acked, ended := victorOpsUser(post.AckedBy, post.User), victorOpsUser(post.EndedBy)
	switch {
	case post.Phase == "UNACKED" && i.Owner != "" && i.Via == via:
		return incident.Reassign{Incident: i.ID, Person: i.Owner, Via: via}
	case post.Phase == "UNACKED":
		return opened(i, via, post.Key, "")
	case post.Phase == "ACKED" && acked != "":
		return incident.Acknowledge{Incident: i.ID, Person: h.victorOpsPerson(acked), Via: via}
	case post.Phase == "RESOLVED" && ended != "":
		return incident.Resolve{Incident: i.ID, Person: h.victorOpsPerson(ended), Via: via}
	}
	return nil
}

// victorOpsPerson is who a user there is here: by the name in the contacts, or
// by what any tool's name may be.
func (h *handler) victorOpsPerson(user string) string {
	if person := h.person(func(c notify.Contacts) bool { return strings.EqualFold(c.VictorOps, user) }); person != "" {
		return person
	}
	return h.somebody(user)
}

// victorOpsUser is the first of some names that is a person's: SYSTEM is the
// tool itself, and what stands for no value, or for an unknown variable, may be
// written out.
func victorOpsUser(names ...string) string {
	for _, name := range names {
		name = strings.TrimSpace(name)
		none := slices.Contains([]string{"", "system", "null", "none", "tocsin"}, strings.ToLower(name))
		if !none && !strings.HasPrefix(name, "${{") {
			return name
		}
	}
	return ""
}

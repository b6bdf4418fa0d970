package callback

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// happened is what a team's tool says that somebody did there.
type happened struct {
	way  string
	id   string    // of the post; empty where the tool gives none
	key  string    // that we gave the incident; see [notify.IncidentKey]
	at   time.Time // zero where the tool does not say
	adds bool      // to what was before, and undoes nothing: its order does not matter
}

// once is the name of it, and its place in the order of what happened to the
// incident.
func (what happened) once() Once {
	once := Once{From: what.way, ID: what.id}
	if !what.adds {
		once.Of, once.At = what.key, what.at
	}
	return once
}

// mostLate is how late a tool may tell what happened: what is older was
// recorded by somebody. PagerDuty tries for two days.
const mostLate = 7 * 24 * time.Hour

// inTool has an incident follow what happened in a tool of its team: do says
// what comes of it, nil for nothing. What another sender's alert went through,
// another team's, or this one's in an earlier outage, is passed over, and so is
// what happened before something that has been taken already.
func (h *handler) inTool(r request, what happened, do func(incident.Incident) incident.Input) answer {
	id, ok := notify.ParseIncidentKey(what.key)
	if !ok || !what.at.IsZero() && h.Now().Sub(what.at) > mostLate {
		return done
	}
	err := h.Desk.Elsewhere(r.Context(), id, what.once(), func(i incident.Incident) incident.Input {
		earlier := i.Reopened > 0 && !what.at.IsZero() && what.at.Before(i.Since)
		if i.Team != r.PathValue("team") || notify.IncidentKey(i) != what.key || earlier {
			return nil
		}
		in := do(i)
		if what.overtaken(i, in) {
			return nil
		}
		return in
	})
	if err != nil {
		return failed(err)
	}
	return done
}

// overtaken says whether it would give the incident to somebody, or take it
// away, and somebody has taken it on since, otherwise than by this tool.
func (what happened) overtaken(i incident.Incident, in incident.Input) bool {
	switch in.(type) {
	case incident.Acknowledge, incident.Reassign:
		return !what.at.IsZero() && i.Owner != "" && i.Via != what.way && what.at.Before(i.Acknowledged)
	}
	return false
}

// opened is the receipt of the newest message to a tool, which says by it that
// it has the incident; nil when there is none that it could be of. Own is what
// the tool calls the incident, empty where that is the key.
func opened(i incident.Incident, way, key, own string) incident.Input {
	place := notify.Place(way, i.Team)
	for _, m := range slices.Backward(i.Messages) {
		for _, d := range m.Deliveries {
			if d.Recipient == place && d.Way == way && d.State != incident.DeliveryFailed {
				return incident.Receipted{
					Incident: i.ID, Message: m.Number, Recipient: place, Way: way, State: incident.DeliveryDelivered,
					Thread: strings.TrimSpace(key + " " + own),
				}
			}
		}
	}
	return nil
}

// somebody is who a tool means: the person in the catalogue with that mail
// address, that name or that id, or else nobody there, under the name that the
// tool gives.
func (h *handler) somebody(names ...string) string {
	people := h.Desk.Catalog().People
	for _, name := range names {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if person := h.person(func(c notify.Contacts) bool { return strings.EqualFold(c.Email, name) }); person != "" {
			return person
		}
		if person := called(people, name); person != "" {
			return person
		}
	}
	for _, name := range names {
		if name = notify.OneLine(strings.ReplaceAll(name, "/", "-"), 80); name != "" {
			return name
		}
	}
	return "somebody"
}

// called is the one person with a name, or with that id.
func called(people map[string]*catalog.Person, name string) string {
	var found []string
	for id, person := range people {
		if strings.EqualFold(strings.Join(strings.Fields(person.Name), " "), strings.Join(strings.Fields(name), " ")) {
			found = append(found, id)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	for id := range people {
		if strings.EqualFold(id, name) {
			return id
		}
	}
	return ""
}

// token wants the text that a team's tool was given to show, in the header or
// in the address. The answer is zero when all is well.
func token(r request, file string) answer {
	if file == "" {
		return answer{code: http.StatusNotFound}
	}
	want, err := secret(file)
	if err != nil {
		return failed(err)
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		given = r.URL.Query().Get("token")
	}
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256(want)
	if subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
		return forbidden
	}
	return answer{}
}

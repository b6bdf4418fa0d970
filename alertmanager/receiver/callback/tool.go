package callback

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// happened is what a team's tool says that somebody did there.
type happened struct {
	way string
	key string    // that we gave the incident; see [notify.IncidentKey]
	at  time.Time // zero where the tool does not say
}

// inTool has an incident follow what happened in a tool of its team: do says
// what comes of it, nil for nothing. What another sender's alert went through,
// another team's, or this one's in an earlier outage, is passed over, and so is
// what happened before something that has been taken already.
func (h *handler) inTool(r request, what happened, do func(incident.Incident) incident.Input) answer {
	id, ok := notify.ParseIncidentKey(what.key)
	if !ok {
		return done
	}
	err := h.Desk.Elsewhere(r.Context(), id, func(i incident.Incident) incident.Input {
		old := i.Reopened > 0 && !what.at.IsZero() && what.at.Before(i.Since)
		if i.Team != r.PathValue("team") || notify.IncidentKey(i) != what.key || old {
			return nil
		}
		in := do(i)
		if in == nil || !h.order.next(what) {
			return nil
		}
		return in
	})
	if err != nil {
		return failed(err)
	}
	return done
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
		if person := h.Desk.Person(func(c notify.Contacts) bool { return strings.EqualFold(c.Email, name) }); person != "" {
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

// order remembers when the last of what happened to each incident did, as far
// back as it matters: tools post again what they posted before.
type order struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func newOrder() *order { return &order{last: map[string]time.Time{}} }

// next says whether something happened no earlier than what came before it.
func (o *order) next(what happened) bool {
	const most = 10_000
	o.mu.Lock()
	defer o.mu.Unlock()
	incident := what.way + " " + what.key
	if what.at.Before(o.last[incident]) {
		return what.at.IsZero()
	}
	if len(o.last) >= most {
		clear(o.last)
	}
	o.last[incident] = what.at
	return true
}

package receiver_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// pager is a PagerDuty: it keeps the state of each alert by its key, and posts
// back every change of it, its own people's and ours alike.
type pager struct {
	h    *house
	url  string
	door http.Handler

	mu     sync.Mutex
	states map[string]string
	events []string // "action key" of everything that came
	fail   int      // how many requests are answered 500
	notes  []string // that were written here
	sent   []string // what was posted
}

func newPager(h *house) *pager { return newPagerOf(h, "", "", "") }

// newPagerOf is one whose catalogue has more of PagerDuty, and of the team.
func newPagerOf(h *house, channel, team, hours string) *pager {
	p := &pager{h: h, states: map[string]string{}, door: callback.New(callback.Options{Desk: h.receiver.Callbacks()})}
	server := httptest.NewServer(p)
	h.t.Cleanup(server.Close)
	p.url = server.URL
	h.write("webhook", "wh-secret\n")
	h.catalog(strings.Replace(estate, "shop@example.org]}}}", "shop@example.org]}, pagerduty: {routing_key_file: token, webhook_secret_file: webhook, url: '"+p.url+"'"+channel+"}}"+team+"}", 1) + hours)
	h.reload()
	return p
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v2/enqueue" {
		p.rest(w, r)
		return
	}
	var event struct {
		RoutingKey string `json:"routing_key"`
		Action     string `json:"event_action"`
		Key        string `json:"dedup_key"`
	}
	if json.NewDecoder(r.Body).Decode(&event) != nil || event.RoutingKey != "secret" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	if p.fail > 0 {
		p.fail--
		p.mu.Unlock()
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	p.events = append(p.events, event.Action+" "+event.Key)
	before := p.states[event.Key]
	after := map[string]string{"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}[event.Action]
	switch {
	case before == "" && after != "triggered", before == "resolved" && after != "triggered", before == "acknowledged" && after == "triggered":
		after = before // dropped, or noted only
	}
	p.states[event.Key] = after
	p.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprint(w, `{"status":"success","message":"Event processed"}`)
	if after != before {
		p.post("incident."+after, event.Key, `{"type":"service_reference","summary":"API Service"}`)
	}
}

// rest is the REST API as far as notes and ends of acknowledgements need it.
func (p *pager) rest(w http.ResponseWriter, r *http.Request) {
	_, key := p.came()
	id := "P" + key[max(len(key)-4, 0):]
	if r.Header.Get("Authorization") != "Token token=secret" || r.Header.Get("From") != "tocsin@example.org" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p.mu.Lock()
	status := p.states[key]
	p.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "GET /incidents":
		_, _ = fmt.Fprintf(w, `{"incidents":[{"id":%q,"status":%q}]}`, id, status)
	case "POST /incidents/" + id + "/snooze":
		_, _ = fmt.Fprint(w, `{}`)
		p.by("", "triggered", key)
	case "POST /incidents/" + id + "/notes":
		var said struct{ Note struct{ Content string } }
		_ = json.NewDecoder(r.Body).Decode(&said)
		p.mu.Lock()
		p.notes = append(p.notes, said.Note.Content)
		p.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
		p.annotate("Tocsin", said.Note.Content)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// annotate posts back a note of somebody.
func (p *pager) annotate(person, text string) {
	_, key := p.came()
	p.send(fmt.Sprintf(`{"event":{"id":%q,"event_type":"incident.annotated","occurred_at":%q,"agent":{"type":"user_reference","summary":%q},"data":{"id":"N1","type":"incident_note","content":%q,"incident":{"id":"P%s","type":"incident_reference"}}}}`,
		rand.Text(), p.h.now().Format(time.RFC3339Nano), person, text, key[len(key)-4:]))
}

// by is what a person does in PagerDuty.
func (p *pager) by(person, state, key string) {
	p.mu.Lock()
	p.states[key] = state
	p.mu.Unlock()
	p.post("incident."+state, key, fmt.Sprintf(`{"type":"user_reference","summary":%q}`, person))
}

// post posts twice, as PagerDuty may.
func (p *pager) post(kind, key, agent string) {
	body := fmt.Sprintf(`{"event":{"id":%q,"event_type":%q,"occurred_at":%q,"agent":%s,"data":{"id":"P%s","incident_key":%q}}}`,
		rand.Text(), kind, p.h.now().Format(time.RFC3339Nano), agent, key[len(key)-4:], key)
	p.send(body)
}

func (p *pager) send(body string) {
	p.mu.Lock()
	p.sent = append(p.sent, body)
	p.mu.Unlock()
	sum := hmac.New(sha256.New, []byte("wh-secret"))
	sum.Write([]byte(body))
	for range 2 {
		r := httptest.NewRequestWithContext(p.h.t.Context(), http.MethodPost, "/callback/pagerduty/shop", strings.NewReader(body))
		r.Header.Set("X-PagerDuty-Signature", "v1="+hex.EncodeToString(sum.Sum(nil)))
		w := httptest.NewRecorder()
		p.door.ServeHTTP(w, r)
		if p.h.t.Context().Err() != nil {
			return // the receiver is closing
		}
		require.Equal(p.h.t, http.StatusNoContent, w.Code)
	}
}

// came are the actions so far, and the key of the last.
func (p *pager) came() (actions []string, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, event := range p.events {
		action, of, _ := strings.Cut(event, " ")
		actions, key = append(actions, action), of
	}
	return actions, key
}

func (p *pager) reaches(state string) string {
	p.h.t.Helper()
	found := ""
	require.Eventually(p.h.t, func() bool {
		_, key := p.came()
		p.mu.Lock()
		defer p.mu.Unlock()
		found = key
		return p.states[key] == state
	}, 20*time.Second, 5*time.Millisecond, state)
	return found
}

// quiet waits until nothing is left to be sent.
func (h *house) quiet() {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		count, _, _, err := h.store.Waiting(h.t.Context())
		return err == nil && count == 0
	}, 20*time.Second, 5*time.Millisecond)
}

// TestPagerDutyBothWays: what pages rings there too, an acknowledgement there
// stops the phones here, an end there is one here, and nothing goes round.
func TestPagerDutyBothWays(t *testing.T) {
	h := newHouse(t)
	p := newPager(h)
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(down))
	h.mail("asha@example.org", 1)
	h.quiet()
	actions, _ := p.came()
	require.Empty(t, actions, "nobody is paged yet")

	h.later(time.Minute)
	key := p.reaches("triggered")
	arrived := func(i incident.Incident) bool {
		return i.Thread("pagerduty/shop", incident.WayPagerDuty) == key+" P"+key[len(key)-4:]
	}
	h.settled(1, arrived)
	h.quiet()
	p.by("Ben Carter", "acknowledged", key)
	i := h.settled(1, func(i incident.Incident) bool { return i.Owner != "" })
	require.Equal(t, "ben", i.Owner)
	require.Equal(t, incident.WayPagerDuty, i.Via)
	require.True(t, i.Paging.Due.IsZero(), "no phone rings any more")
	require.Equal(t, []string{"asha", "ben"}, peopleOf(i), "a tool is nobody who was told")
	h.later(time.Hour)
	h.quiet()
	actions, _ = p.came()
	require.Equal(t, []string{"trigger"}, actions, "PagerDuty is not told what it said")

	require.Equal(t, 200, h.post(h.ended(down)))
	p.reaches("resolved")
	h.quiet()
	actions, _ = p.came()
	require.Equal(t, []string{"trigger", "resolve"}, actions)
}

// peopleOf are those told of an incident, and who owns it.
func peopleOf(i incident.Incident) []string {
	var people []string
	for _, person := range i.Told() {
		if person == "asha" || strings.Contains(person, "/") {
			people = append(people, person)
		}
	}
	return append(people, i.Owner)
}

func TestWhatIsDoneHereIsDoneInPagerDuty(t *testing.T) {
	h := newHouse(t)
	p := newPager(h)
	p.fail = 1 // it is tried again, and what follows waits for it
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	link := h.link(h.mail("asha@example.org", 1).Text)
	h.later(time.Minute)
	h.settled(1, func(i incident.Incident) bool { return i.Alarmed("pagerduty/shop", incident.WayPagerDuty) })
	h.later(2 * time.Second)
	p.reaches("triggered")
	h.request(http.MethodPost, link, "", 200, "it is yours")
	h.later(2 * time.Second)
	p.reaches("acknowledged")
	h.quiet()
	actions, key := p.came()
	require.Equal(t, []string{"trigger", "acknowledge"}, actions)
	require.Equal(t, "asha", h.settled(1, func(incident.Incident) bool { return true }).Owner, "our own word, told back, changes nothing")

	p.by("Somebody Else", "resolved", key)
	i := h.settled(1, func(i incident.Incident) bool { return !i.Open() })
	require.Equal(t, "Somebody Else resolved it by hand", i.ClosedBy)
	h.quiet()
	require.Equal(t, "resolved", p.states[key])
}

// TestTheNextOutageRingsAgain: a fault that comes back is a new alert there.
func TestTheNextOutageRingsAgain(t *testing.T) {
	h := newHouse(t)
	p := newPager(h)
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(down))
	h.mail("asha@example.org", 1)
	h.later(time.Minute)
	key := p.reaches("triggered")
	h.quiet()
	require.Equal(t, 200, h.post(h.ended(down)))
	p.reaches("resolved")
	h.later(5 * time.Minute)
	again := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(again))
	h.settled(1, func(i incident.Incident) bool { return i.Reopened == 1 })
	h.later(time.Hour)
	require.Equal(t, key, p.reaches("triggered"))
	h.quiet()
}

// TestAPageThatIsNotNeededAnyMore: somebody was faster than PagerDuty's server,
// which is told in case it has the page after all.
func TestAPageThatIsNotNeededAnyMore(t *testing.T) {
	h := newHouse(t)
	p := newPager(h)
	p.fail = 1
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	link := h.link(h.mail("asha@example.org", 1).Text)
	h.later(time.Minute)
	h.settled(1, func(i incident.Incident) bool { return i.Alarmed("pagerduty/shop", incident.WayPagerDuty) })
	h.request(http.MethodPost, link, "", 200, "it is yours")
	h.later(5 * time.Second)
	h.quiet()
	actions, _ := p.came()
	require.Equal(t, []string{"acknowledge"}, actions)
	i := h.settled(1, func(incident.Incident) bool { return true })
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			require.NotEqual(t, incident.DeliverySending, d.State, "every message has an outcome")
		}
	}
}

// TestWhatEndsHereEndsInPagerDuty: an acknowledgement runs out, and PagerDuty
// rings again, with a login there and without one.
func TestWhatEndsHereEndsInPagerDuty(t *testing.T) {
	for name, c := range map[string]struct {
		login string
		want  []string
	}{
		"without a login": {"", []string{"trigger", "acknowledge", "resolve", "trigger"}},
		"with one":        {", api_token_file: token, api_user: tocsin@example.org", []string{"trigger", "acknowledge"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			p := newPagerOf(h, c.login, "", "")
			require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
			link := h.link(h.mail("asha@example.org", 1).Text)
			h.later(time.Minute)
			p.reaches("triggered")
			h.quiet()
			h.request(http.MethodPost, link, "", 200, "it is yours")
			p.reaches("acknowledged")
			h.quiet()
			h.later(5 * time.Hour)
			p.reaches("triggered")
			h.quiet()
			actions, _ := p.came()
			require.Equal(t, c.want, actions[:len(c.want)])
			require.Empty(t, h.settled(1, func(incident.Incident) bool { return true }).Owner)
		})
	}
}

// TestNotesGoBothWays: each stands once on either side.
func TestNotesGoBothWays(t *testing.T) {
	h := newHouse(t)
	p := newPagerOf(h, ", api_token_file: token, api_user: tocsin@example.org", "", "")
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.later(time.Minute)
	key := p.reaches("triggered")
	h.settled(1, func(i incident.Incident) bool {
		return strings.HasPrefix(i.Thread("pagerduty/shop", incident.WayPagerDuty), key+" P")
	})
	h.quiet()
	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Note{Incident: 1, Person: "asha", Text: "restarted the queue", Via: "board"}))
	p.annotate("Ben Carter", "the disk was full")
	h.quiet()
	require.Equal(t, []string{"Asha Rao: restarted the queue\n(told by Tocsin)"}, p.notes)
	events, err := h.receiver.Events(t.Context(), 1)
	require.NoError(t, err)
	var notes []string
	for _, e := range events {
		if e.Kind == incident.KindNote {
			notes = append(notes, e.Person+": "+e.Text)
		}
	}
	require.ElementsMatch(t, []string{"asha: restarted the queue", "ben: the disk was full"}, notes, "PagerDuty posted it twice")
}

// TestPagerDutyIsAwayAtNight: the hours here let nobody ring, and PagerDuty does
// not take the page; people ring within seconds.
func TestPagerDutyIsAwayAtNight(t *testing.T) {
	h := newHouse(t)
	far := strings.ToLower(h.now().AddDate(0, 0, 3).Weekday().String())
	p := newPagerOf(h, "", ", page: office_hours, hours: far", "\nhours: {far: {days: "+far+", times: 09:00-17:00, timezone: UTC}}")
	p.fail = 1000
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.mail("push:asha", 1)
	h.later(time.Minute)
	for range 4 {
		h.later(10 * time.Second)
	}
	require.Contains(t, h.mail("push:asha", 2).Subject, "PLEASE ACKNOWLEDGE")
	i := h.settled(1, func(i incident.Incident) bool { return !i.Silent.IsZero() })
	require.Less(t, i.Silent.Sub(i.Opened), 3*time.Minute)
	h.request(http.MethodGet, "/incidents/1", "", 200, "cannot be told to ring")
	p.mu.Lock()
	p.fail = 0
	p.mu.Unlock()
	h.later(time.Minute)
	p.reaches("triggered")
}

// TestWhatPagerDutyPostedBeforeARestart comes again after it, and undoes nothing
// of what happened since, there or here.
func TestWhatPagerDutyPostedBeforeARestart(t *testing.T) {
	h := newHouse(t)
	p := newPager(h)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.later(time.Minute)
	key := p.reaches("triggered")
	h.quiet()
	p.by("Ben Carter", "acknowledged", key)
	h.settled(1, func(i incident.Incident) bool { return i.Owner == "ben" })
	h.later(time.Minute)
	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Reassign{Incident: 1, Person: "ben", Via: "board"}))
	p.reaches("triggered")
	h.later(time.Minute)
	p.by("Asha Rao", "acknowledged", key)
	h.settled(1, func(i incident.Incident) bool { return i.Owner == "asha" })
	before := slices.Clone(p.sent)

	h.stop()
	h.open()
	p.door = callback.New(callback.Options{Desk: h.receiver.Callbacks(), Now: h.now})
	for _, body := range before {
		p.send(body)
	}
	require.Equal(t, "asha", h.settled(1, whatever).Owner)
	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Acknowledge{Incident: 1, Person: "ben", Via: "board"}))
	for _, body := range before {
		p.send(body)
	}
	i := h.settled(1, whatever)
	require.Equal(t, "ben board", i.Owner+" "+i.Via)

	// One that was never delivered, of before somebody here took it over.
	late := strings.NewReplacer("incident.triggered", "incident.acknowledged", `"type":"service_reference","summary":"API Service"`, `"type":"user_reference","summary":"Asha Rao"`).Replace(before[0])
	p.send(strings.Replace(late, `"id":"`, `"id":"X`, 1))
	require.Equal(t, "ben", h.settled(1, whatever).Owner)
}

package receiver_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

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

package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// history plays inputs against the engine and remembers what comes out. Every
// message must be expected: one that is left over fails the test.
type history struct {
	t      *testing.T
	now    time.Time
	state  incident.State
	policy incident.Policy
	terms  incident.Terms
	events []incident.Event
	read   int // messages that were expected
}

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newHistory(t *testing.T) *history {
	h := &history{t: t, now: start, state: incident.State{NextID: 1}, policy: incident.DefaultPolicy()}
	h.terms = incident.Terms{
		Catalogued: true, Team: "shop", ProductManager: true, PageAfter: time.Minute, Comments: map[string]bool{"deploy": true},
		Steps: []incident.Step{
			{Notify: incident.RoleOnCall, By: []string{"push"}, For: 15 * time.Minute},
			{Notify: incident.RoleBackup, By: []string{"push"}, Every: 5 * time.Minute, For: 15 * time.Minute},
			{Notify: incident.RoleManager, By: []string{"email"}},
		},
		PagesFrom: func(at time.Time) (time.Time, bool) { return at, true },
	}
	h.policy.Terms = func(string, string) incident.Terms { return h.terms }
	t.Cleanup(func() {
		if !t.Failed() {
			h.expect()
		}
	})
	return h
}

func (h *history) after(d time.Duration) *history { h.now = h.now.Add(d); return h }

// play decides one input, and checks that deciding changes nothing by itself.
func (h *history) play(in incident.Input) []incident.Event {
	h.t.Helper()
	before := fmt.Sprintf("%+v", h.state)
	events := incident.Decide(h.state, in, h.policy, h.now)
	require.Equal(h.t, before, fmt.Sprintf("%+v", h.state), "Decide changed the state it was given")
	for _, e := range events {
		h.state = incident.Apply(h.state, e)
	}
	h.events = append(h.events, events...)
	return events
}

func (h *history) report(alerts ...incident.Alert) []incident.Event {
	h.t.Helper()
	return h.play(incident.Reported{Group: "g", Alerts: alerts})
}

// passes lets time go by, ticking whenever something is due.
func (h *history) passes(d time.Duration) {
	h.t.Helper()
	until := h.now.Add(d)
	for range 10_000 {
		due := time.Time{}
		for _, i := range h.state.Incidents {
			if at := i.Due(); !at.IsZero() && (due.IsZero() || at.Before(due)) {
				due = at
			}
		}
		if due.IsZero() || due.After(until) {
			h.now = until
			return
		}
		h.now = later(h.now, due)
		for _, i := range h.state.Incidents {
			h.play(incident.Tick{Incident: i.ID})
		}
	}
	h.t.Fatal("ticking does not come to an end")
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deliver pretends that every message reached a person named after its roles.
func (h *history) deliver() {
	h.t.Helper()
	for _, i := range h.state.Incidents {
		for _, m := range i.Messages {
			if len(m.Deliveries) > 0 {
				continue
			}
			for _, role := range m.To {
				person := string(role)
				if role == incident.RoleOwner || role == incident.RoleTold {
					continue
				}
				d := incident.Delivery{Message: m.Number, Recipient: person, Way: m.Ways[0]}
				h.play(incident.Claimed{Incident: i.ID, Deliveries: []incident.Delivery{d}})
				h.play(incident.Sent{Incident: i.ID, Delivery: d})
			}
		}
	}
}

// expect compares the messages since the last expect, as "kind to role,role".
func (h *history) expect(want ...string) {
	h.t.Helper()
	var got []string
	for _, e := range h.events {
		if e.Kind == incident.KindMessageQueued {
			var roles []string
			for _, role := range e.Message.To {
				if role != incident.RoleOwner {
					roles = append(roles, string(role))
				}
			}
			got = append(got, fmt.Sprintf("%s to %s", e.Message.Kind, strings.Join(roles, ",")))
		}
	}
	require.Equal(h.t, slices.Concat([]string(nil), want), slices.Concat([]string(nil), got[h.read:]))
	h.read = len(got)
}

func (h *history) only() incident.Incident {
	h.t.Helper()
	require.Len(h.t, h.state.Incidents, 1)
	return h.state.Incidents[0]
}

type option func(*incident.Alert)

func alert(name, severity, audience string, options ...option) incident.Alert {
	a := incident.Alert{
		Source: "am", Fingerprint: name, StartsAt: start.Add(-10 * time.Second),
		Labels: map[string]string{
			"alertname": name, "severity": severity, "audience": audience, "service": "shop", "team": "shop",
		},
		Annotations: map[string]string{"summary": name},
	}
	for _, o := range options {
		o(&a)
	}
	return a
}

func from(at time.Time) option { return func(a *incident.Alert) { a.StartsAt = at } }
func ended(at time.Time) option {
	return func(a *incident.Alert) { a.Resolved, a.EndsAt = true, at }
}
func label(name, value string) option { return func(a *incident.Alert) { a.Labels[name] = value } }

func down(options ...option) incident.Alert {
	return alert("ServiceDown", "critical", "users", options...)
}

func login(options ...option) incident.Alert {
	return alert("JourneyFailing", "warning", "users", options...)
}

func memory(options ...option) incident.Alert {
	return alert("MemoryHigh", "warning", "developers", options...)
}

const (
	openedOnCall = "opened to on_call"
	openedPM     = "opened to product_manager"
)

func TestWhoIsTold(t *testing.T) {
	cases := []struct {
		severity, audience string
		want               []string
		pages              bool
	}{
		{"critical", "users", []string{openedOnCall, openedPM}, true},
		{"warning", "users", []string{openedOnCall, openedPM}, false},
		{"info", "users", nil, false},
		{"critical", "developers", []string{"opened to team"}, true},
		{"warning", "developers", []string{"opened to team"}, false},
		{"info", "developers", nil, false},
		{"critical", "platform", []string{"opened to on_call,team"}, true},
		{"warning", "platform", []string{"opened to team"}, false},
		{"warning", "somebody", []string{"opened to team"}, false},
		{"strange", "users", []string{openedOnCall, openedPM}, false},
	}
	for _, c := range cases {
		t.Run(c.severity+" for "+c.audience, func(t *testing.T) {
			h := newHistory(t)
			h.report(alert("A", c.severity, c.audience))
			h.expect(c.want...)
			require.Equal(t, c.pages, !h.only().Paging.Due.IsZero())
		})
	}
}

func TestOneIncidentFromBeginningToEnd(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.expect(openedOnCall, openedPM)
	h.deliver()
	h.after(20 * time.Second).report(down(ended(h.now)))
	h.expect("resolved to told")
	i := h.only()
	require.False(t, i.Open())
	require.Equal(t, "all its alerts have resolved", i.ClosedBy)
	require.Equal(t, start.Add(-10*time.Second), i.Began())
	require.Zero(t, i.Due())
}

func TestRepeatedNotificationsChangeNothing(t *testing.T) {
	h := newHistory(t)
	h.report(down(), login())
	h.expect(openedOnCall, openedPM)
	for range 3 {
		require.Empty(t, h.after(10*time.Second).report(login(), down()))
	}
}

func TestASecondFaultIsToldAtOnceOnTheSameIncident(t *testing.T) {
	h := newHistory(t)
	h.report(login())
	h.expect(openedOnCall, openedPM)
	h.deliver()
	h.after(time.Minute).report(down(from(h.now)))
	h.expect("update to on_call", "update to product_manager")
	require.Equal(t, incident.SeverityCritical, h.only().Severity)
	h.deliver()
	h.after(time.Minute).report(alert("ServiceSlow", "warning", "users", from(h.now)))
	h.expect("update to on_call")
	h.deliver()

	// The end of one is news when the severity falls, and closes nothing.
	h.after(time.Minute).report(down(from(start), ended(h.now)))
	require.True(t, h.only().Open())
	require.Equal(t, incident.SeverityWarning, h.only().Severity)
	h.expect("update to on_call")
}

func TestDevelopersAndUsersHaveIncidentsOfTheirOwn(t *testing.T) {
	h := newHistory(t)
	h.report(memory())
	h.report(down())
	h.expect("opened to team", openedOnCall, openedPM)
	require.Len(t, h.state.Incidents, 2)
}

func TestPagingGoesThroughTheSteps(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.deliver()
	h.expect(openedOnCall, openedPM)
	h.passes(49 * time.Second)
	h.expect()
	h.passes(time.Second) // a minute after the alert's start
	h.expect("page to on_call")
	h.passes(15 * time.Minute)
	h.expect("page to backup")
	h.passes(14 * time.Minute)
	h.expect("page to backup", "page to backup")
	h.passes(time.Minute)
	h.expect("page to manager")
	h.passes(10 * time.Minute)
	h.expect("page to manager")
	h.deliver()
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "the board"})
	h.expect("acknowledged to told")
	h.passes(15 * time.Minute)
	h.expect()
	h.passes(10 * time.Minute)
	h.expect("reminder to product_manager")
}

func TestPagingHoursAndPolicy(t *testing.T) {
	t.Run("never", func(t *testing.T) {
		h := newHistory(t)
		h.terms.PagesFrom = func(time.Time) (time.Time, bool) { return time.Time{}, false }
		h.report(down())
		h.expect(openedOnCall, openedPM)
		h.passes(50 * time.Minute)
	})
	t.Run("when the hours begin", func(t *testing.T) {
		h := newHistory(t)
		morning := start.Add(30 * time.Minute)
		h.terms.PagesFrom = func(at time.Time) (time.Time, bool) { return later(at, morning), true }
		h.report(down())
		h.expect(openedOnCall, openedPM)
		h.passes(30*time.Minute - time.Second)
		h.expect()
		h.passes(time.Second)
		h.expect("page to on_call")
	})
	t.Run("over before the phones ring", func(t *testing.T) {
		h := newHistory(t)
		h.report(down())
		h.after(30 * time.Second).report(down(ended(h.now)))
		h.expect(openedOnCall, openedPM, "resolved to told")
		h.passes(time.Hour)
	})
	t.Run("less than critical before the phones ring", func(t *testing.T) {
		h := newHistory(t)
		h.report(down(), login())
		h.after(30*time.Second).report(down(ended(h.now)), login())
		h.expect(openedOnCall, openedPM, "update to on_call")
		h.passes(30 * time.Minute)
	})
}

func TestAcknowledging(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.deliver()
	h.expect(openedOnCall, openedPM)
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "the board"})
	h.expect("acknowledged to told")
	require.Equal(t, "asha", h.only().Owner)
	require.Empty(t, h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "a link"}), "twice is once")
	require.Empty(t, h.play(incident.Acknowledge{Incident: 7, Person: "asha"}))
	h.passes(50 * time.Minute)
	h.after(time.Minute).report(down(ended(h.now)))
	h.expect("resolved to told")
	require.Empty(t, h.play(incident.Acknowledge{Incident: 1, Person: "ben"}), "nothing to acknowledge after the end")
}

func TestReopening(t *testing.T) {
	t.Run("keeps the owner and rings nobody", func(t *testing.T) {
		h := newHistory(t)
		h.report(down())
		h.deliver()
		h.play(incident.Acknowledge{Incident: 1, Person: "on_call", Via: "the board"})
		h.after(time.Minute).report(down(ended(h.now)))
		h.expect(openedOnCall, openedPM, "acknowledged to told", "resolved to told")
		h.after(29 * time.Minute).report(down(from(h.now)))
		h.expect("reopened to on_call", "reopened to product_manager")
		require.Equal(t, "on_call", h.only().Owner)
		require.Equal(t, 1, h.only().Reopened)
		h.passes(50 * time.Minute)
	})
	t.Run("rings again only after the window when nobody owns it", func(t *testing.T) {
		h := newHistory(t)
		h.report(down())
		h.passes(time.Minute)
		h.expect(openedOnCall, openedPM, "page to on_call")
		h.report(down(ended(h.now)))
		h.after(2 * time.Minute).report(down(from(h.now)))
		h.expect("resolved to told", "reopened to on_call", "reopened to product_manager")
		h.passes(27*time.Minute + 40*time.Second)
		h.expect()
		h.passes(time.Minute)
		h.expect("page to on_call")
	})
	t.Run("rings when the first outage was too short to", func(t *testing.T) {
		h := newHistory(t)
		h.report(down())
		h.after(5 * time.Second).report(down(ended(h.now)))
		h.after(20 * time.Second).report(down(from(h.now)))
		h.expect(openedOnCall, openedPM, "resolved to told", "reopened to on_call", "reopened to product_manager")
		h.passes(time.Minute)
		h.expect("page to on_call")
	})
	t.Run("is another incident after half an hour", func(t *testing.T) {
		h := newHistory(t)
		h.report(down())
		h.after(time.Minute).report(down(ended(h.now)))
		h.after(30 * time.Minute).report(down(from(h.now)))
		h.expect(openedOnCall, openedPM, "resolved to told", openedOnCall, openedPM)
		require.Len(t, h.state.Incidents, 2)
	})
}

func TestTheProductManagerHearsHourly(t *testing.T) {
	h := newHistory(t)
	h.report(login())
	h.expect(openedOnCall, openedPM)
	h.passes(3 * time.Hour)
	h.expect("reminder to product_manager", "reminder to product_manager", "reminder to product_manager")
	h.report(login(ended(h.now)))
	h.expect("resolved to told")
	h.passes(3 * time.Hour)
}

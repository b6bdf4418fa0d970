package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// rung lists the pages since the start as "minute role ways".
func (h *history) rung() []string {
	var list []string
	for _, e := range h.events {
		if e.Kind == incident.KindMessageQueued && e.Message.Kind == incident.MessagePage {
			list = append(list, fmt.Sprintf("%v %s %s", e.At.Sub(start).Minutes(), e.Message.To[0], strings.Join(e.Message.Ways, "+")))
		}
	}
	h.pages()
	return list
}

func escalating(t *testing.T, steps ...incident.Step) *history {
	h := newHistory(t)
	h.terms.ProductManager, h.terms.PageAfter, h.terms.Steps = false, 10*time.Second, steps
	return h
}

// The escalation that DESIGN.md shows.
func TestLaterWaysOfAStep(t *testing.T) {
	h := escalating(t,
		incident.Step{Notify: incident.RoleOnCall, By: []string{"push", "sms"}, Then: []incident.Later{{"voice", 3 * time.Minute}, {"voice", 8 * time.Minute}}, For: 15 * time.Minute},
		incident.Step{Notify: incident.RoleBackup, By: []string{"sms", "voice"}, Every: 5 * time.Minute, For: 15 * time.Minute},
		incident.Step{Notify: incident.RoleManager, By: []string{"voice", "sms"}, Every: 10 * time.Minute},
	)
	h.report(down())
	h.passes(60 * time.Minute)
	require.Equal(t, []string{
		"0 on_call push+sms", "3 on_call voice", "8 on_call voice",
		"15 backup sms+voice", "20 backup sms+voice", "25 backup sms+voice",
		"30 manager voice+sms", "40 manager voice+sms", "50 manager voice+sms", "60 manager voice+sms",
	}, h.rung())
}

func TestLaterWaysRepeatWithTheStep(t *testing.T) {
	h := escalating(t, incident.Step{Notify: incident.RoleOnCall, By: []string{"push"}, Then: []incident.Later{{"sms", 2 * time.Minute}}, Every: 5 * time.Minute})
	h.report(down())
	h.passes(8 * time.Minute)
	require.Equal(t, []string{"0 on_call push", "2 on_call sms", "5 on_call push", "7 on_call sms"}, h.rung())
}

func TestTheLastStepRepeatsAfterItsLaterWays(t *testing.T) {
	h := escalating(t, incident.Step{Notify: incident.RoleOnCall, By: []string{"push"}, Then: []incident.Later{{"voice", 12 * time.Minute}}})
	h.report(down())
	h.passes(26 * time.Minute)
	require.Equal(t, []string{"0 on_call push", "12 on_call voice", "13 on_call push", "25 on_call voice", "26 on_call push"}, h.rung())
}

func TestGatesOfSteps(t *testing.T) {
	office := false
	steps := []incident.Step{
		{Notify: incident.RoleTeam, By: []string{"push"}, For: 5 * time.Minute, Within: func(time.Time) bool { return office }},
		{Notify: incident.RoleOnCall, By: []string{"push"}, For: 5 * time.Minute, Severity: incident.SeverityCritical},
		{Notify: incident.RoleManager, By: []string{"email"}},
	}
	h := escalating(t, steps...)
	h.report(down())
	h.passes(5 * time.Minute)
	require.Equal(t, []string{"0 on_call push", "5 manager email"}, h.rung())

	office = true
	h = escalating(t, steps...)
	h.terms.PageOn = incident.SeverityWarning
	h.report(login())
	h.passes(5 * time.Minute)
	require.Equal(t, []string{"0 team push", "5 manager email"}, h.rung(), "a warning leaves out what is for critical ones")
}

func TestAStepBeginsAgainForWhoeverHasTheTurn(t *testing.T) {
	h := escalating(t,
		incident.Step{Notify: incident.RoleOnCall, By: []string{"push"}, For: 30 * time.Minute},
		incident.Step{Notify: incident.RoleManager, By: []string{"email"}},
	)
	handover := start.Add(20 * time.Minute)
	h.terms.Turn = func(role incident.Role, at time.Time) (string, time.Time) {
		switch {
		case role != incident.RoleOnCall:
			return "", time.Time{}
		case at.Before(handover):
			return "asha", handover
		}
		return "ben", handover.Add(24 * time.Hour)
	}
	h.report(down())
	h.passes(50 * time.Minute)
	require.Equal(t, []string{"0 on_call push", "20 on_call push", "50 manager email"}, h.rung())
}

func TestADeadEndMovesOnOnlyWhenNobodyWasReached(t *testing.T) {
	h := escalating(t,
		incident.Step{Notify: incident.RoleTeam, By: []string{"push"}, For: 15 * time.Minute},
		incident.Step{Notify: incident.RoleManager, By: []string{"email"}},
	)
	h.report(down())
	h.passes(time.Second)
	i := h.only()
	page := len(i.Messages)
	reached := incident.Delivery{Message: page, Recipient: "asha", Way: "push"}
	h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{reached}})
	h.play(incident.Unreached{Incident: 1, Message: page, Whom: "ben", Why: "no contacts"})
	h.passes(time.Minute)
	require.Equal(t, []string{"0 team push"}, h.rung(), "asha may still answer")
	h.play(incident.Failed{Incident: 1, Delivery: reached})
	h.passes(time.Second)
	require.Equal(t, []string{"1.0166666666666666 manager email"}, h.rung())
}

func TestToolsHearOfEveryChange(t *testing.T) {
	h := newHistory(t)
	h.terms.ProductManager, h.terms.Tools = false, true
	h.report(down())
	h.expect(openedOnCall, "opened to tools")
	h.passes(50 * time.Second)
	h.expect("page to on_call", "page to tools")
	h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
	h.expect("acknowledged to tools")
	h.report(down(ended(h.now)))
	h.expect("resolved to told", "resolved to tools")
}

// A tool is no person: it is not among those told, it ends no incident's
// silence, and where it cannot be told the escalation stays as it is.
func TestAToolIsNoStepOfTheEscalation(t *testing.T) {
	h := escalating(t,
		incident.Step{Notify: incident.RoleTeam, By: []string{"push"}, For: 15 * time.Minute},
		incident.Step{Notify: incident.RoleManager, By: []string{"email"}},
	)
	h.terms.Tools = true
	h.report(down())
	h.passes(time.Second)
	i := h.only()
	page := i.Messages[len(i.Messages)-1]
	require.True(t, page.ForTools())
	require.Equal(t, incident.MessagePage, page.Kind)
	place := incident.Delivery{Message: page.Number, Recipient: "pagerduty/shop", Way: incident.WayPagerDuty}
	require.False(t, i.Alarmed("pagerduty/shop", incident.WayPagerDuty))
	h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{place}})
	require.True(t, h.only().Alarmed("pagerduty/shop", incident.WayPagerDuty))
	require.Empty(t, h.only().Told())
	h.play(incident.Failed{Incident: 1, Delivery: place})
	require.True(t, h.only().Alarmed("pagerduty/shop", incident.WayPagerDuty), "it may have arrived all the same")
	h.passes(time.Minute)
	require.Equal(t, []string{"0 team push", "0 tools "}, h.rung(), "the manager's turn has not come")
}

// Where our hours hold a page back, the tools hear of it at once: whom they
// ring, and when, is for their own rota to say.
func TestToolsRingWhenTheHoursHereHoldAPageBack(t *testing.T) {
	office := start.Add(8 * time.Hour)
	tools := func(t *testing.T, from func(time.Time) (time.Time, bool)) *history {
		h := escalating(t, incident.Step{Notify: incident.RoleOnCall, By: []string{"push"}})
		h.terms.Tools, h.terms.PageAfter, h.terms.PagesFrom = true, 5*time.Minute, from
		return h
	}
	later := func(at time.Time) (time.Time, bool) {
		if at.Before(office) {
			return office, true
		}
		return at, true
	}
	t.Run("they do", func(t *testing.T) {
		h := tools(t, later)
		h.report(down())
		h.passes(4 * time.Minute)
		require.Empty(t, h.rung())
		h.passes(2 * time.Minute)
		require.Equal(t, []string{"4.833333333333333 tools "}, h.rung())
		h.passes(2 * time.Hour)
		require.Empty(t, h.rung(), "once")
		h.report(down(ended(h.now)))
		h.after(10 * time.Minute).report(down(from(h.now.Add(10 * time.Minute))))
		h.passes(time.Hour)
		require.Len(t, h.rung(), 1, "and in the next outage")
	})
	t.Run("people do in their place when they cannot be told", func(t *testing.T) {
		h := tools(t, later)
		h.report(down())
		h.passes(5 * time.Minute)
		require.Equal(t, []string{"4.833333333333333 tools "}, h.rung())
		page := h.only().Messages[len(h.only().Messages)-1]
		lost := func(way string) incident.Delivery {
			return incident.Delivery{Message: page.Number, Recipient: way + "/shop", Way: way, Problem: "the server answered 500"}
		}
		h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{lost(incident.WayPagerDuty), lost(incident.WayVictorOps), lost(incident.WaySlack)}})
		h.play(incident.Failed{Incident: 1, Delivery: lost(incident.WaySlack)})
		require.Empty(t, h.rung(), "Slack rings nobody")
		h.play(incident.Delayed{Incident: 1, Delivery: lost(incident.WayPagerDuty)})
		require.Equal(t, []string{"5 on_call push", "5 tools "}, h.rung(), "at once")
		h.play(incident.Failed{Incident: 1, Delivery: lost(incident.WayPagerDuty)})
		h.passes(11 * time.Minute)
		require.Equal(t, []string{"15 on_call push", "15 tools "}, h.rung(), "and on, whatever the hour")
	})
	t.Run("one that was told is enough", func(t *testing.T) {
		h := tools(t, later)
		h.report(down())
		h.passes(5 * time.Minute)
		h.rung()
		n := len(h.only().Messages)
		told, lost := incident.Delivery{Message: n, Recipient: "victorops/shop", Way: incident.WayVictorOps}, incident.Delivery{Message: n, Recipient: "pagerduty/shop", Way: incident.WayPagerDuty}
		h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{told, lost}})
		h.play(incident.Sent{Incident: 1, Delivery: told})
		h.play(incident.Failed{Incident: 1, Delivery: lost})
		h.passes(time.Hour)
		require.Empty(t, h.rung())
	})
	t.Run("not when somebody has it", func(t *testing.T) {
		h := tools(t, later)
		h.report(down())
		h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
		h.passes(time.Hour)
		require.Empty(t, h.rung())
		h.play(incident.Reassign{Incident: 1, Person: "asha"})
		h.passes(time.Second)
		require.Len(t, h.rung(), 1, "but when it is given back")
	})
	t.Run("not when it is over", func(t *testing.T) {
		h := tools(t, later)
		h.report(down())
		h.report(down(ended(h.now.Add(time.Minute))))
		h.passes(time.Hour)
		require.Empty(t, h.rung())
	})
	t.Run("not where nobody is ever paged", func(t *testing.T) {
		h := tools(t, func(time.Time) (time.Time, bool) { return time.Time{}, false })
		h.report(down())
		h.passes(24 * time.Hour)
		require.Empty(t, h.rung())
	})
	t.Run("not of what may be slept over", func(t *testing.T) {
		h := tools(t, later)
		a := down()
		a.Labels["severity"] = "warning"
		h.report(a)
		h.passes(24 * time.Hour)
		require.Empty(t, h.rung())
	})
}

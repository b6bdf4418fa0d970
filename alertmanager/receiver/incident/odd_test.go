package incident_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// What nobody thinks of when all is well: clocks that disagree, catalogues that
// change in the night, people who cannot be reached.

// Another server of a pair, or one whose clock is behind, names an older start
// for what fires again.
func TestAnOlderStartOfWhatIsOverIsNotLost(t *testing.T) {
	h := newHistory(t)
	h.report(down(from(start)))
	h.after(time.Minute).report(down(from(start), ended(h.now)))
	h.expect(openedOnCall, openedPM, "resolved to told")
	h.after(time.Minute).report(down(from(start.Add(-3 * time.Minute))))
	h.expect()
	h.passes(30 * time.Second)
	h.expect("reopened to on_call", "reopened to product_manager", "page to on_call")
	require.True(t, h.only().Open())
}

func TestAServiceThatComesBackToTheCatalogueIsHeardAgain(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.terms.Catalogued = false
	h.play(incident.CatalogChanged{Incident: 1})
	h.expect(openedOnCall, openedPM, "resolved to told")
	require.Empty(t, h.after(10*time.Second).report(down()))
	h.terms.Catalogued = true
	h.after(2 * time.Minute).report(down())
	require.True(t, h.only().Open(), "the same occurrence fires on")
	h.expect("reopened to on_call", "reopened to product_manager")
}

func TestWhatIsRealNeverWaitsForAnExercise(t *testing.T) {
	for _, drillFirst := range []bool{true, false} {
		h := newHistory(t)
		h.terms.ProductManager = false
		h.report(down(label(incident.LabelDrill, "1"), func(a *incident.Alert) { a.Fingerprint = "drill" }))
		h.report(down())
		into := incident.Merge{Incident: 2, Into: 1, Person: "asha"}
		if drillFirst {
			into.Incident, into.Into = 1, 2
		}
		require.Empty(t, h.play(into))
		h.passes(time.Minute)
		h.expect(openedOnCall, openedOnCall, "page to on_call", "page to on_call")
	}
}

func TestAPageThatTheNewCatalogueSendsSooner(t *testing.T) {
	h := newHistory(t)
	h.terms.ProductManager = false
	h.terms.PagesFrom = func(at time.Time) (time.Time, bool) { return later(at, start.Add(12*time.Hour)), true }
	h.report(down())
	h.passes(10 * time.Minute)
	h.expect(openedOnCall)
	h.terms.PagesFrom = func(at time.Time) (time.Time, bool) { return at, true }
	h.play(incident.CatalogChanged{Incident: 1})
	h.passes(0)
	h.expect("page to on_call")
}

// A provider that takes an hour to refuse hurries nothing that went out since.
func TestAFailureThatComesLateHurriesNothing(t *testing.T) {
	h := newHistory(t)
	h.terms.ProductManager = false
	h.report(down())
	h.passes(17 * time.Minute)
	h.expect(openedOnCall, "page to on_call", "page to backup")
	h.play(incident.Unreached{Incident: 1, Message: 2, Whom: "on_call", Why: "refused"})
	h.passes(0)
	h.expect()
	h.play(incident.Unreached{Incident: 1, Message: 3, Whom: "backup", Why: "refused"})
	h.passes(0)
	h.expect("page to manager")
}

func TestHandedToSomebodyWhoCannotBeReached(t *testing.T) {
	handed := func(t *testing.T) (*history, int) {
		h := paged(t)
		h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
		h.play(incident.Reassign{Incident: 1, Person: "asha", To: "ben"})
		h.expect("acknowledged to told", "acknowledged to told", "assigned to person:ben")
		return h, len(h.only().Messages)
	}
	t.Run("rings again", func(t *testing.T) {
		h, number := handed(t)
		h.play(incident.Unreached{Incident: 1, Message: number, Whom: "ben", Why: "no address"})
		require.Empty(t, h.only().Owner)
		h.expect("page to on_call")
	})
	t.Run("after the last way has failed", func(t *testing.T) {
		h, number := handed(t)
		push := incident.Delivery{Message: number, Recipient: "ben", Way: "push"}
		h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{push}})
		h.play(incident.Failed{Incident: 1, Delivery: push, Reachable: []string{"push", "sms"}})
		h.expect("assigned to person:ben")
		require.Equal(t, "ben", h.only().Owner)
		sms := incident.Delivery{Message: number + 1, Recipient: "ben", Way: "sms"}
		h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{sms}})
		h.play(incident.Failed{Incident: 1, Delivery: sms, Reachable: []string{"sms"}})
		h.expect("page to on_call")
	})
	t.Run("but has seen it by himself", func(t *testing.T) {
		for _, until := range []time.Duration{0, time.Hour} {
			h, number := handed(t)
			said := incident.Acknowledge{Incident: 1, Person: "ben"}
			if until > 0 {
				said.Until = h.now.Add(until)
			}
			h.play(said)
			h.play(incident.Unreached{Incident: 1, Message: number, Whom: "ben", Why: "no address"})
			require.Equal(t, "ben", h.only().Owner)
			h.expect()
		}
	})
}

// Who has taken on a warning must hear at any hour that it has become an outage.
func TestItGetsWorseInSomebodysHands(t *testing.T) {
	h := newHistory(t)
	h.terms.ProductManager = false
	h.report(login())
	h.deliver()
	h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
	h.expect(openedOnCall, "acknowledged to told")
	h.after(time.Hour).report(down())
	h.expect("update to ", "update to on_call")
	messages := h.only().Messages
	urgent, others := messages[len(messages)-2], messages[len(messages)-1]
	require.Equal(t, []incident.Role{incident.RoleOwner}, urgent.To)
	require.True(t, urgent.Urgent)
	require.Equal(t, "asha", others.Except)
	require.False(t, others.Urgent)
	h.passes(time.Hour)
	h.expect()
	h.report(down(ended(h.now)))
	h.expect("update to on_call")
	require.Equal(t, incident.SeverityWarning, h.only().Severity)
}

// TestAFaultThatComesAndGoes: forty times in half an hour. It makes a few messages
// and not hundreds, and when it stays people hear of it within a minute.
func TestAFaultThatComesAndGoes(t *testing.T) {
	h := newHistory(t)
	h.terms.ProductManager = false
	for n := range 40 {
		h.report(down(from(h.now)))
		h.deliver()
		h.passes(18 * time.Second)
		h.report(down(ended(h.now)))
		h.deliver()
		h.passes(18 * time.Second)
		require.Equal(t, n, h.only().Reopened)
	}
	h.expect(openedOnCall, "resolved to told", "reopened to on_call", "resolved to told", "reopened to on_call", "resolved to told", "reopened to on_call", "resolved to told")
	h.report(down(from(h.now)))
	h.passes(time.Minute)
	h.expect("reopened to on_call", "page to on_call")
}

// Two members of a cluster, in any order, with repetitions: one incident, its
// messages told once.
func TestTwoMembersTellTheSame(t *testing.T) {
	h := newHistory(t)
	h.terms.ProductManager = false
	for n := range 20 {
		for member := range 2 {
			h.report(down(from(start.Add(time.Duration(member) * 7 * time.Second))))
		}
		h.after(time.Duration(n) * time.Second)
	}
	h.passes(0)
	h.expect(openedOnCall, "page to on_call")
	end := h.now
	for range 2 {
		for member := range 2 {
			h.report(down(from(start.Add(time.Duration(member)*7*time.Second)), ended(end)))
		}
	}
	h.expect("resolved to told")
	require.Zero(t, h.only().Reopened)
	require.Len(t, h.only().Alerts, 1, fmt.Sprint(h.only().Alerts))
}

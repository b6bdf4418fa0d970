package incident_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// What Alertmanager is known to send besides the plain case.

func TestResolvedForSomethingUnknown(t *testing.T) {
	h := newHistory(t)
	events := h.report(down(ended(h.now)))
	require.Len(t, events, 1)
	require.Equal(t, incident.KindAlertEnded, events[0].Kind)
	require.Empty(t, h.state.Incidents)
	require.Empty(t, h.report(down(ended(h.now))), "nor twice")
}

func TestRepeatedResolved(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	end := h.now.Add(time.Minute)
	h.after(time.Minute).report(down(ended(end)))
	h.expect(openedOnCall, openedPM, "resolved to told")
	require.Empty(t, h.after(10*time.Second).report(down(ended(end))))
}

func TestAnAlertThatIsNotListedHasNotResolved(t *testing.T) {
	h := newHistory(t)
	h.report(down(), login())
	h.expect(openedOnCall, openedPM)
	require.Empty(t, h.after(time.Minute).report(login()), "a reload may send a part of the group")
	h.report(login(ended(h.now)))
	require.True(t, h.only().Open())
}

func TestTruncationClosesNothing(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.expect(openedOnCall, openedPM)
	h.play(incident.Reported{Group: "g", Truncated: 1, Alerts: []incident.Alert{down(ended(h.now))}})
	require.True(t, h.only().Open(), "the alert that is not shown may fire")
	require.Equal(t, 1, h.only().Unseen())
	h.after(10 * time.Second).report(down(ended(h.now)))
	require.False(t, h.only().Open(), "the whole group has resolved")
	h.expect("resolved to told")
}

// What was cut off has ended, and nobody says so any more.
func TestNothingFiresOfWhatWasNotShown(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.expect(openedOnCall, openedPM)
	require.Empty(t, h.play(incident.Uncovered{Incident: 1}))
	h.play(incident.Reported{Group: "g", Truncated: 7, Alerts: []incident.Alert{down(ended(h.now))}})
	require.True(t, h.only().Open())
	h.play(incident.Uncovered{Incident: 1})
	require.False(t, h.only().Open())
	h.expect("resolved to told")
}

func TestGroupsAreNotIncidents(t *testing.T) {
	h := newHistory(t)
	h.play(incident.Reported{Group: "a", Alerts: []incident.Alert{down()}})
	h.play(incident.Reported{Group: "b", Alerts: []incident.Alert{login()}})
	h.expect(openedOnCall, openedPM, "update to on_call")
	require.True(t, h.only().Open())

	// Another cluster may have the same fingerprint: it is another alert.
	other := down()
	other.Source = "second"
	h.play(incident.Reported{Group: "a", Alerts: []incident.Alert{other}})
	h.expect("update to on_call")
	h.play(incident.Reported{Group: "a", Alerts: []incident.Alert{down(ended(h.now)), login(ended(h.now))}})
	require.True(t, h.only().Open())
	other.Resolved, other.EndsAt = true, h.now
	h.play(incident.Reported{Group: "a", Alerts: []incident.Alert{other}})
	h.expect("resolved to told")
}

func TestANewStartIsANewOccurrence(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	first := h.now
	h.after(time.Minute).report(down(ended(h.now)))
	h.after(time.Minute).report(down(from(h.now)))
	h.expect(openedOnCall, openedPM, "resolved to told", "reopened to on_call", "reopened to product_manager")
	h.report(down(ended(first.Add(time.Minute))))
	require.True(t, h.only().Open(), "the end of the first occurrence does not end the second")
}

// TestMembersOfAClusterMayNameDifferentStarts: the end of either ends both.
func TestMembersOfAClusterMayNameDifferentStarts(t *testing.T) {
	h := newHistory(t)
	h.report(down(from(start)))
	h.expect(openedOnCall, openedPM)
	h.after(5 * time.Second).report(down(from(start.Add(3 * time.Second))))
	require.Empty(t, h.report(down(from(start))), "an older start, told late")
	h.after(time.Minute).report(down(from(start), ended(h.now)))
	require.False(t, h.only().Open())
	h.expect("resolved to told")
}

func TestAnEndWithoutATimeEnds(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.after(time.Minute).report(down(ended(time.Time{})))
	require.False(t, h.only().Open())
	h.expect(openedOnCall, openedPM, "resolved to told")
}

func TestTheOrderReversed(t *testing.T) {
	t.Run("a late firing is not believed, and forgotten when the end is told again", func(t *testing.T) {
		h := newHistory(t)
		h.report(down(ended(h.now)))
		h.after(5 * time.Second).report(down())
		require.True(t, h.only().Open())
		h.expect() // it is on the board, in doubt
		h.after(10 * time.Second).report(down(ended(h.now)))
		require.False(t, h.only().Open())
		h.passes(time.Hour)
	})
	t.Run("but it is not lost when it goes on", func(t *testing.T) {
		h := newHistory(t)
		h.report(down(ended(h.now)))
		h.after(5 * time.Second).report(down())
		h.passes(29 * time.Second)
		h.expect()
		h.passes(time.Second)
		h.expect(openedOnCall, openedPM)
	})
	t.Run("long after its end the same occurrence has come back", func(t *testing.T) {
		h := newHistory(t)
		h.report(down())
		h.after(time.Minute).report(down(ended(h.now)))
		h.after(2 * time.Minute).report(down())
		h.expect(openedOnCall, openedPM, "resolved to told", "reopened to on_call", "reopened to product_manager")
	})
	t.Run("inside a group", func(t *testing.T) {
		h := newHistory(t)
		h.report(login(ended(h.now)), down())
		h.expect(openedOnCall, openedPM)
		require.True(t, h.only().Open())
	})
}

func TestTheServiceLeavesTheCatalogue(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.expect(openedOnCall, openedPM)
	require.Empty(t, h.play(incident.CatalogChanged{Incident: 1}))
	h.terms.Catalogued = false
	h.play(incident.CatalogChanged{Incident: 1})
	require.False(t, h.only().Open())
	require.Equal(t, incident.ReasonRemoved, h.only().ClosedBy)
	h.expect("resolved to told")
	require.Empty(t, h.after(10*time.Second).report(down()), "what Alertmanager repeats before its rules follow")
	require.Empty(t, h.report(down(ended(h.now))))
}

func TestAServiceThatWasNeverInTheCatalogueKeepsItsIncident(t *testing.T) {
	h := newHistory(t)
	h.terms.Catalogued = false
	h.report(down())
	h.expect(openedOnCall, openedPM)
	require.Empty(t, h.play(incident.CatalogChanged{Incident: 1}))
}

func TestNewTextsAreKeptWithoutAWord(t *testing.T) {
	h := newHistory(t)
	h.report(memory())
	h.expect("opened to team")
	changed := memory()
	changed.Annotations = map[string]string{"summary": "worse"}
	h.report(changed)
	require.Equal(t, "worse", h.only().Lead().Summary())
}

func TestPipelines(t *testing.T) {
	failed := func(pipeline string, o ...option) incident.Alert {
		return alert("PipelineFailed", "warning", "developers", append(o, label("pipeline", pipeline), func(a *incident.Alert) { a.Fingerprint = pipeline })...)
	}
	h := newHistory(t)
	h.report(failed("deploy"), failed("nightly"))
	h.expect("opened to team", "opened to github") // nightly has no GitHub
	h.after(time.Minute).report(failed("deploy", ended(h.now)))
	h.expect("resolved to github")
	require.True(t, h.only().Open())
}

func TestDeliveries(t *testing.T) {
	queue := func(t *testing.T) *history {
		h := newHistory(t)
		h.terms.ProductManager = false
		h.report(down())
		h.expect(openedOnCall)
		return h
	}
	mail := incident.Delivery{Message: 1, Recipient: "asha", Way: "email"}
	push := incident.Delivery{Message: 1, Recipient: "asha", Way: "push"}
	t.Run("one of two ways is enough", func(t *testing.T) {
		h := queue(t)
		h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{mail, push}})
		h.play(incident.Sent{Incident: 1, Delivery: mail})
		h.play(incident.Failed{Incident: 1, Delivery: push, Reachable: []string{"email", "push"}})
		require.Empty(t, h.only().Messages[0].Unreached)
		require.Equal(t, []string{"asha"}, h.only().Told())
	})
	t.Run("the next way follows a failure", func(t *testing.T) {
		h := queue(t)
		h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{push}})
		push.Problem = "the server answered 403"
		h.play(incident.Failed{Incident: 1, Delivery: push, Reachable: []string{"push", "email"}})
		h.expect("opened to person:asha")
		require.Equal(t, []string{"email"}, h.only().Messages[1].Ways)
	})
	t.Run("no way is a dead end, on the timeline", func(t *testing.T) {
		h := queue(t)
		h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{push}})
		h.play(incident.Failed{Incident: 1, Delivery: push, Reachable: []string{"push"}})
		require.Equal(t, []string{"asha"}, h.only().Messages[0].Unreached)
		require.Empty(t, h.only().Told())
	})
	t.Run("a page that reaches nobody moves on at once", func(t *testing.T) {
		h := queue(t)
		h.passes(time.Minute)
		h.expect("page to on_call")
		h.play(incident.Unreached{Incident: 1, Message: 2, Whom: "on_call", Why: "no rota"})
		h.passes(0)
		h.expect("page to backup")
	})
}

// TestTheTimelineIsTheState: the events alone, as they are stored, give the
// incident again.
func TestTheTimelineIsTheState(t *testing.T) {
	h := newHistory(t)
	h.report(down(), login())
	h.deliver()
	h.passes(20 * time.Minute)
	h.deliver()
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "the board"})
	h.report(down(ended(h.now)), login(ended(h.now)))
	h.after(time.Minute).report(login(from(h.now)))
	h.read = countMessages(h)

	again := incident.State{}
	for _, e := range h.events {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		var stored incident.Event
		require.NoError(t, json.Unmarshal(text, &stored))
		again = incident.Apply(again, stored)
	}
	want, err := json.Marshal(h.state.Incidents)
	require.NoError(t, err)
	got, err := json.Marshal(again.Incidents)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
	require.Equal(t, len(h.events), again.Incidents[0].Sequence)
}

func countMessages(h *history) int {
	n := 0
	for _, e := range h.events {
		if e.Kind == incident.KindMessageQueued {
			n++
		}
	}
	return n
}

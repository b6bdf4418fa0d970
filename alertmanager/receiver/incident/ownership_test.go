package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// paged is an incident that has rung once, with an acknowledgement that holds
// for four hours.
func paged(t *testing.T) *history {
	h := newHistory(t)
	h.terms.ProductManager = false
	h.terms.AcknowledgedFor = 4 * time.Hour
	h.report(down())
	h.passes(50 * time.Second)
	h.deliver()
	h.expect(openedOnCall, "page to on_call")
	return h
}

func TestAnAcknowledgementEndsWhileItStillFires(t *testing.T) {
	h := paged(t)
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "a link"})
	h.expect("acknowledged to told")
	h.passes(4*time.Hour - 15*time.Minute - time.Second)
	h.expect()
	h.passes(time.Second)
	h.expect("reminder to ")
	h.passes(15 * time.Minute)
	h.expect("page to on_call")
	require.Empty(t, h.only().Owner)
}

func TestAcknowledgingAgainRenews(t *testing.T) {
	h := paged(t)
	h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
	h.passes(4*time.Hour - 10*time.Minute)
	h.expect("acknowledged to told", "reminder to ")
	h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
	h.passes(3 * time.Hour)
	h.expect()
	h.report(down(ended(h.now)))
	h.expect("resolved to told")
	h.passes(5 * time.Hour)
}

func TestSnoozing(t *testing.T) {
	h := paged(t)
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Until: h.now.Add(20 * time.Minute)})
	h.expect("acknowledged to told")
	require.Equal(t, "asha", h.only().Owner)
	h.passes(20*time.Minute - time.Second)
	h.expect()
	h.passes(time.Second)
	h.expect("page to on_call")
}

func TestHandingOver(t *testing.T) {
	h := paged(t)
	h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
	h.expect("acknowledged to told")
	h.play(incident.Reassign{Incident: 1, Person: "asha", To: "ben"})
	h.expect("acknowledged to told", "assigned to person:ben")
	require.Equal(t, "ben", h.only().Owner)
	h.passes(time.Hour)
	h.play(incident.Reassign{Incident: 1, Person: "ben"})
	h.expect("page to on_call")
	require.Empty(t, h.only().Owner)
}

func TestResolvingByHand(t *testing.T) {
	h := paged(t)
	h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
	h.play(incident.Resolve{Incident: 1, Person: "asha", Via: "the board"})
	h.expect("acknowledged to told", "resolved to told")
	require.False(t, h.only().Open())
	h.passes(5 * time.Minute)
	h.report(down())
	h.expect("reopened to on_call")
	require.True(t, h.only().Open(), "what still fires comes back")
	require.Equal(t, "asha", h.only().Owner)
}

func TestNotes(t *testing.T) {
	h := paged(t)
	events := h.play(incident.Note{Incident: 1, Person: "asha", Text: " rolled back " + strings.Repeat("é", 4000), Via: "the board"})
	require.Len(t, events, 1)
	require.LessOrEqual(t, len(events[0].Text), 4000)
	require.True(t, strings.HasPrefix(events[0].Text, "rolled back é"))
	require.Empty(t, h.play(incident.Note{Incident: 1, Person: "asha", Text: " \n "}))
}

func TestSilencesPausePages(t *testing.T) {
	h := newHistory(t)
	h.terms.ProductManager = false
	h.report(down())
	h.expect(openedOnCall)
	o := down().Occurrence()
	h.play(incident.Seen{Incident: 1, SilencedBy: map[incident.Occurrence]string{o: "asha: a deployment"}})
	h.passes(time.Hour)
	h.expect()
	require.True(t, h.only().Open())
	h.play(incident.Seen{Incident: 1, SilencedBy: map[incident.Occurrence]string{o: "asha: a deployment"}})
	h.play(incident.Seen{Incident: 1, SilencedBy: map[incident.Occurrence]string{o: ""}})
	h.passes(time.Second)
	h.expect("page to on_call")
}

func TestLosingSightClosesNothing(t *testing.T) {
	h := paged(t)
	require.Len(t, h.play(incident.Sight{Incident: 1, Lost: "Prometheus in london is not heard"}), 1)
	require.Empty(t, h.play(incident.Sight{Incident: 1, Lost: "Prometheus in london is not heard"}))
	require.True(t, h.only().Open())
	require.False(t, h.only().Unsighted.IsZero())
	require.Len(t, h.play(incident.Sight{Incident: 1}), 1)
	require.True(t, h.only().Unsighted.IsZero())
}

// An owner who has left the catalogue does not work on it: whoever is on call is
// rung at once, and hears why.
func TestAnOwnerWhoHasLeftIsNoOwner(t *testing.T) {
	here := map[string]bool{"asha": true, "ben": true}
	left := func(t *testing.T, in incident.Input) *history {
		h := paged(t)
		h.policy.Known = func(person string) bool { return here[person] }
		h.play(in)
		h.passes(time.Hour)
		h.expect("acknowledged to told")
		require.Empty(t, h.play(incident.CatalogChanged{Incident: 1}))
		return h
	}
	t.Run("rings", func(t *testing.T) {
		h := left(t, incident.Acknowledge{Incident: 1, Person: "asha", Until: start.Add(12 * time.Hour)})
		delete(here, "asha")
		h.play(incident.CatalogChanged{Incident: 1})
		require.Empty(t, h.only().Owner)
		h.expect("page to on_call")
		require.Equal(t, "it is no longer asha's: asha is not in the catalogue any more", h.only().Messages[len(h.only().Messages)-1].News)
		h.play(incident.Acknowledge{Incident: 1, Person: "ben"})
		h.expect("acknowledged to told")
	})
	t.Run("but not one whom only a tool knows", func(t *testing.T) {
		h := left(t, incident.Acknowledge{Incident: 1, Person: "Kim of PagerDuty", Via: incident.WayPagerDuty})
		require.Empty(t, h.play(incident.CatalogChanged{Incident: 1}))
		require.Equal(t, "Kim of PagerDuty", h.only().Owner)
	})
}

package receiver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// pushed waits for a push to somebody with these words in it.
func (h *house) pushed(person string, words ...string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		for _, m := range h.inbox.Messages("push:" + person) {
			text, all := m.Subject+"\n"+m.Text, true
			for _, word := range words {
				all = all && strings.Contains(text, word)
			}
			if all {
				return true
			}
		}
		return false
	}, 30*time.Second, 5*time.Millisecond, "%s, about %q", person, words)
}

// A shop's database is in asha's hands when services of another team go down
// because of it: she hears in one message what it has reached, and their own
// person is rung, once for both.
func TestTheOtherTeamIsRungAndWhoeverHasTheCauseHears(t *testing.T) {
	h := newHouse(t)
	h.catalog(estate + `  pay: {team: platform, depends_on: [shop], probes: {home: {http: {url: http://127.0.0.1:1/}}}}
  bank: {team: platform, depends_on: [shop], probes: {home: {http: {url: http://127.0.0.1:1/}}}}
`)
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(2 * time.Minute)
	h.pushed("asha", "PLEASE ACKNOWLEDGE")
	require.NoError(t, h.receiver.Acknowledge(t.Context(), 1, "asha", "the test"))
	for _, service := range []string{"pay", "bank"} {
		a := h.firing("Down-"+service, "critical", "users")
		a.Labels["service"] = service
		require.Equal(t, 200, h.post(a))
	}
	h.later(time.Minute)
	h.pushed("asha", "it comes from incident 1, which you have", "bank")
	h.later(8 * time.Minute)
	for _, id := range []incident.ID{2, 3} {
		require.True(t, h.settled(id, func(i incident.Incident) bool { return !i.Paging.Due.IsZero() }).Paging.Last.IsZero(), "whoever has the cause may end it first")
	}
	h.later(90 * time.Second)
	h.pushed("mo", "PLEASE ACKNOWLEDGE", "asha has incident 1 of shop, from which it comes")
	for _, id := range []incident.ID{2, 3} {
		h.settled(id, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() && sent("mo", incident.WayPush)(i) })
	}
	require.NoError(t, h.receiver.Acknowledge(t.Context(), 2, "mo", "the test"))
	require.Equal(t, "mo", h.settled(3, func(i incident.Incident) bool { return i.Owner != "" }).Owner, "who answers one answers both")
}

// withoutAsha is the estate when asha has left it.
func withoutAsha() string {
	return strings.NewReplacer(
		"  asha: {name: Asha Rao, contacts: {file: asha.yml}}\n", "", "members: [asha, ben]", "members: [ben]", "people: [asha], backup: [ben]", "people: [ben]",
		"    - {notify: backup, by: [push, email], every: 5m}\n", "    - {notify: manager, by: [push, email], every: 5m}\n",
	).Replace(estate)
}

// Who has an incident leaves the catalogue: whoever is on call then is rung, and
// hears why.
func TestAnOwnerLeavesTheCatalogue(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(2 * time.Minute)
	h.pushed("asha", "PLEASE ACKNOWLEDGE")
	require.NoError(t, h.receiver.Acknowledge(t.Context(), 1, "asha", "the test"))
	h.catalog(withoutAsha())
	h.reload()
	h.pushed("ben", "PLEASE ACKNOWLEDGE", "asha is not in the catalogue any more")
	require.Empty(t, h.settled(1, func(incident.Incident) bool { return true }).Owner)
	require.Contains(t, h.request("GET", "/incidents/1", "", 200, "timeline"), "It is no longer asha&#39;s: asha is not in the catalogue any more")
}

// TestMergingByHand: whatever two incidents are about, one is put under the
// other on somebody's word, and taken out again; what cannot be is said.
func TestMergingByHand(t *testing.T) {
	h := newHouse(t)
	for _, service := range []string{"shop", "elsewhere", "far-away"} {
		a := h.firing("Down-"+service, "warning", "developers")
		a.Labels["service"] = service
		require.Equal(t, 200, h.post(a))
	}
	merge := func(id, into incident.ID) error {
		return h.receiver.Act(t.Context(), id, incident.Merge{Incident: id, Into: into, Person: "asha"})
	}
	parents := func() (of [3]incident.ID) {
		for n := range of {
			i, err := h.receiver.Incident(t.Context(), incident.ID(n+1))
			require.NoError(t, err)
			of[n] = i.Parent
		}
		return of
	}
	require.NoError(t, merge(2, 1))
	require.Equal(t, [3]incident.ID{0, 1, 0}, parents())
	require.NoError(t, merge(3, 2))
	require.Equal(t, [3]incident.ID{0, 1, 1}, parents(), "it comes from what that comes from")
	require.ErrorContains(t, merge(1, 2), "incident 2 comes from this one")
	require.ErrorContains(t, merge(2, 99), "there is no incident 99")
	require.NoError(t, merge(2, 0))
	require.Equal(t, [3]incident.ID{0, 0, 1}, parents())
	require.NoError(t, h.receiver.Act(t.Context(), 2, incident.Resolve{Incident: 2, Person: "asha"}))
	require.ErrorContains(t, merge(3, 2), "incident 2 is closed already")
}

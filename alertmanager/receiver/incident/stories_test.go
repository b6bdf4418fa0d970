package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// What failed elsewhere and has no better place; see docs/failure-stories.md.

// Two faults that are described in the same words are two.
func TestTheSameWordsAreNotTheSameFault(t *testing.T) {
	h := newHistory(t)
	one, other := down(), down(label("instance", "b"))
	other.Fingerprint = "another"
	require.Equal(t, one.Summary(), other.Summary())
	h.report(one, other)
	h.expect(openedOnCall, openedPM)
	one.Resolved, one.EndsAt = true, h.after(time.Minute).now
	h.report(one)
	require.True(t, h.only().Open())
	require.Equal(t, other.Fingerprint, h.only().Lead().Fingerprint)
}

// A group whose alerts change tells the old ends again with each change.
func TestOldEndsToldWithEveryChangeChangeNothing(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	end := h.after(time.Minute).now
	old := down(ended(end))
	h.report(old, login())
	h.expect(openedOnCall, openedPM, "update to on_call")
	for n := range 10 {
		next := login()
		next.Fingerprint = string(rune('a' + n))
		h.after(time.Minute).report(old, next)
	}
	require.Len(t, h.only().Firing(), 11)
	ends := 0
	for _, e := range h.events {
		if e.Kind == incident.KindAlertResolved {
			ends++
		}
	}
	require.Equal(t, 1, ends)
	h.read = countMessages(h)
}

// What was due while the program did not run is not made up for all at once:
// what follows a late page keeps its distance from it.
func TestAfterASleepThePhonesDoNotCatchUp(t *testing.T) {
	for name, asleep := range map[string]time.Duration{"a while": 6 * time.Minute, "past the end of the step": 40 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			h.terms.ProductManager = false
			h.terms.Steps[0].Then = []incident.Later{{Way: "sms", After: 2 * time.Minute}, {Way: "voice", After: 5 * time.Minute}}
			h.report(down())
			h.passes(time.Minute)
			h.expect(openedOnCall, "page to on_call")
			h.after(asleep).passes(0)
			h.expect("page to on_call")
			h.passes(3*time.Minute - time.Second)
			h.expect()
			h.passes(time.Second)
			h.expect("page to on_call")
			require.Equal(t, []string{"voice"}, h.only().Messages[3].Ways)
			h.passes(10*time.Minute - time.Second)
			h.expect()
			h.passes(time.Second)
			h.expect("page to backup")
		})
	}
}

package receiver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// What is told of one incident is never lost in a digest: an update and the
// end are two messages, though they leave together. Only what has changed before
// somebody has heard of it at all is not told apart.
func TestADigestLosesNothing(t *testing.T) {
	one := func(id incident.ID, kind incident.MessageKind, to string, cause incident.ID) sending {
		return sending{
			entry:   store.Entry{Incident: id, Recipient: to, Way: "push", Digest: cause},
			message: notify.Message{Kind: kind, Incident: incident.Incident{ID: id}},
		}
	}
	kept := gather([]sending{
		one(1, "update", "asha", 9), one(1, "resolved", "asha", 9), one(2, "update", "asha", 9), one(1, "update", "asha", 9),
		one(2, "resolved", "asha", 9), one(2, "resolved", "ben", 9), one(3, "update", "asha", 0), one(4, "update", "asha", 0),
		one(5, "opened", "asha", 0), one(5, "update", "asha", 0), one(5, "update", "ben", 0), one(5, "resolved", "asha", 0),
	})
	type told struct {
		id   incident.ID
		kind incident.MessageKind
		to   string
		also int
	}
	var got []told
	for _, s := range kept {
		got = append(got, told{s.entry.Incident, s.message.Kind, s.entry.Recipient, len(s.message.Also)})
	}
	require.Equal(t, []told{
		{1, "update", "asha", 1},
		{1, "resolved", "asha", 1},
		{1, "update", "asha", 0},
		{2, "resolved", "ben", 0},
		{3, "update", "asha", 0},
		{4, "update", "asha", 0},
		{5, "opened", "asha", 0}, // as it is now
		{5, "update", "ben", 0},
		{5, "resolved", "asha", 0},
	}, got)
}

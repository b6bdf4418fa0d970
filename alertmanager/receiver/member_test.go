package receiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// watched is a receiver with one open incident, over two members that list its
// alert.
func watched(t *testing.T) (r *Receiver, rounds *reconciler, a, b *member) {
	a, b = &member{started: "then", lists: []string{"f"}}, &member{started: "then", lists: []string{"f"}}
	r = over(t, a, b)
	require.NoError(t, r.Accept(t.Context(), webhook.Notification{Source: "alertmanager", Body: []byte("{}"), Alerts: []incident.Alert{{
		Source: "alertmanager", Fingerprint: "f", StartsAt: time.Now(), Labels: map[string]string{"service": "s", "severity": "critical", "audience": "users"},
	}}}))
	return r, newReconciler(r, catalog.MainCluster), a, b
}

func TestASilenceCountsWhenEveryMemberKnowsIt(t *testing.T) {
	r, rounds, a, b := watched(t)
	silenced := func() string {
		require.NoError(t, rounds.round(t.Context()))
		i, err := r.Incident(t.Context(), 1)
		require.NoError(t, err)
		require.True(t, i.Open())
		require.Equal(t, i.Alerts[0].Silenced(), i.Paging.Due.IsZero(), "a silence pauses pages")
		return i.Alerts[0].SilencedBy
	}
	require.Empty(t, silenced())
	a.quiet = true
	require.Empty(t, silenced(), "the other member will notify")
	b.quiet = true
	require.Equal(t, "asha: a deployment", silenced())
	b.lists = nil
	require.Equal(t, "asha: a deployment", silenced(), "a member that does not list it does not notify")
	a.quiet = false
	require.Empty(t, silenced())
}

func TestOutOfSightIsSaidAndClosesNothing(t *testing.T) {
	r, rounds, a, _ := watched(t)
	unsighted := func() bool {
		_ = rounds.sight(t.Context(), rounds.round(t.Context()))
		i, err := r.Incident(t.Context(), 1)
		require.NoError(t, err)
		require.True(t, i.Open())
		return !i.Unsighted.IsZero()
	}
	require.False(t, unsighted())
	a.away = true
	for range failuresToLose - 1 {
		require.False(t, unsighted(), "one hiccup is nothing")
	}
	require.True(t, unsighted())
	require.True(t, unsighted())
	a.away = false
	require.False(t, unsighted())
}

package store_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

func relatedIncidents(t *testing.T, p place) {
	s := p.store(t)
	for _, service := range []string{"shop", "database", "other"} {
		require.NoError(t, s.Update(t.Context(), fire(service)))
	}
	key := incident.Key{Service: "shop", Audience: incident.AudienceUsers}
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		state, err := tx.LoadKey(key, nil, []string{"database", "cache"})
		require.NoError(t, err)
		require.Len(t, state.Incidents, 2)
		require.Equal(t, []string{"shop", "database"}, []string{state.Incidents[0].Service, state.Incidents[1].Service})
		open, err := tx.Open()
		require.Len(t, open, 3)
		return err
	}))
	due, _, err := s.Due(t.Context(), start.Add(time.Minute))
	require.NoError(t, err)
	require.Len(t, due, 3)
}

// anyTextCanBeStored: what a stranger sends may hold any character, and must not
// be refused for ever.
func anyTextCanBeStored(t *testing.T, p place) {
	s := p.store(t)
	require.NoError(t, s.Update(t.Context(), fire("sh\x00op 'a' ? $1 é")))
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.AddNotification(store.Notification{ReceivedAt: start, Source: "a\x00m", GroupKey: "{}:{x=\"?\"}", Body: []byte{0, 255}})
	}))
	open, err := s.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, "sh\x00op 'a' ? $1 é", open[0].Service)
}

func alertsFromElsewhere(t *testing.T, p place) {
	s := p.store(t)
	disk := store.Foreign{Source: "azure", Key: "disk", StartsAt: start, Labels: map[string]string{"service": "shop"}}
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		for want := range []bool{true, false} {
			fresh, err := tx.NewMessage("azure", "1", start)
			require.NoError(t, err)
			require.Equal(t, want == 0, fresh)
		}
		require.NoError(t, tx.PutForeign(disk, start))
		last, known, err := tx.LastForeign("azure", "disk")
		require.True(t, known)
		require.NoError(t, err)
		last.EndsAt = start.Add(time.Minute)
		require.NoError(t, tx.PutForeign(last, last.EndsAt))
		firing, err := tx.FiringForeign("azure")
		require.Zero(t, firing)
		return err
	}))
	all, err := s.Foreign(t.Context(), start)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, start.Add(time.Minute), all[0].EndsAt)
	require.Equal(t, disk.Labels, all[0].Labels)
}

func entriesOfRotas(t *testing.T, p place) {
	s := p.store(t)
	e := oncall.Entry{Kind: oncall.Absent, Person: "asha", From: start, Until: start.Add(time.Hour)}
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error { return tx.AddRotaEntry(&e) }))
	require.Equal(t, int64(1), e.ID)
	found, err := s.RotaEntries(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, []oncall.Entry{e}, found)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		again, err := tx.RotaEntry(1)
		require.Equal(t, e, again)
		return err
	}))
}

func profilesOfPeople(t *testing.T, p place) {
	s := p.store(t)
	asha := store.Profile{Person: "asha", At: start, Contacts: map[string]string{"email": "asha@example.org"}, Order: []string{"email"}}
	_, err := s.Profile(t.Context(), "asha")
	require.ErrorIs(t, err, store.ErrNotFound)
	feed, err := s.Feed(t.Context(), "person asha")
	require.NoError(t, err)
	require.Equal(t, store.Feed{Open: true}, feed)
	update := func(do func(*store.Tx) error) {
		t.Helper()
		require.NoError(t, s.Update(t.Context(), do))
	}
	update(func(tx *store.Tx) error { return tx.SaveProfile(store.Profile{Person: "asha"}) })
	update(func(tx *store.Tx) error { return tx.SaveProfile(asha) })
	all, err := s.Profiles(t.Context())
	require.NoError(t, err)
	require.Equal(t, []store.Profile{asha}, all)
	update(func(tx *store.Tx) error { return tx.DropProfile("asha") })
	update(func(tx *store.Tx) error {
		_, err := tx.Profile("asha")
		require.ErrorIs(t, err, store.ErrNotFound)
		return nil
	})

	update(func(tx *store.Tx) error { return tx.RenewFeed("person asha", true) })
	update(func(tx *store.Tx) error { return tx.RenewFeed("person asha", false) })
	feed, err = s.Feed(t.Context(), "person asha")
	require.NoError(t, err)
	require.Equal(t, store.Feed{Edition: 2}, feed)

	ended, err := s.SessionEnded(t.Context(), "one")
	require.NoError(t, err)
	require.False(t, ended)
	for range 2 {
		update(func(tx *store.Tx) error { return tx.EndSession("one", start) })
	}
	ended, err = s.SessionEnded(t.Context(), "one")
	require.NoError(t, err)
	require.True(t, ended)
	require.NoError(t, s.Forget(t.Context(), store.Retention{Notifications: start.Add(time.Second)}))
	ended, err = s.SessionEnded(t.Context(), "one")
	require.NoError(t, err)
	require.False(t, ended, "it would have ended by now")
}

// whatIsQueuedTogetherGoesInOrder: a tool that is told of two changes at once
// hears of the first one first.
func whatIsQueuedTogetherGoesInOrder(t *testing.T, p place) {
	s := p.store(t)
	i := incident.Incident{ID: 1, Key: incident.Key{Service: "shop"}, Opened: start, Since: start, Sequence: 3}
	var events []incident.Event
	for n := range 3 {
		events = append(events, incident.Event{Incident: 1, At: start, Kind: incident.KindMessageQueued, Message: &incident.Message{Number: n + 1, At: start}})
	}
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Save(incident.State{Incidents: []incident.Incident{i}}, events)
	}))
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.Claim(start, 10)
		slices.SortFunc(entries, func(a, b store.Entry) int { return cmp.Compare(a.ID, b.ID) })
		require.Len(t, entries, 3)
		for n, e := range entries {
			require.Equal(t, n+1, e.Message)
		}
		return err
	}))
	kept, err := s.Events(t.Context(), 1)
	require.NoError(t, err)
	for n, e := range kept {
		require.Equal(t, n+1, e.Message.Number)
	}
}

func whomNothingReached(t *testing.T, p place) {
	s := p.store(t)
	update := func(do func(*store.Tx) error) {
		t.Helper()
		require.NoError(t, s.Update(t.Context(), do))
	}
	asha := store.Unreached{Person: "asha", At: start, Why: "by push: it answers 404"}
	update(func(tx *store.Tx) error { return tx.PutUnreached(store.Unreached{Person: "asha"}) })
	update(func(tx *store.Tx) error { return tx.PutUnreached(asha) })
	update(func(tx *store.Tx) error { return tx.Reached("ben") })
	lost, err := s.Unreached(t.Context())
	require.NoError(t, err)
	require.Equal(t, []store.Unreached{asha}, lost)
	update(func(tx *store.Tx) error { return tx.Reached("asha") })
	lost, err = s.Unreached(t.Context())
	require.NoError(t, err)
	require.Empty(t, lost)
}

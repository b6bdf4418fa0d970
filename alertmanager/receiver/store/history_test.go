package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// over writes an incident that somebody took on after a minute and that closed
// after two, unless it is open again.
func over(id incident.ID, service string, team string, at time.Time, reopened bool) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		i := incident.Incident{ID: id, Key: incident.Key{Service: service, Audience: "users"}, Team: team, Severity: "warning", Opened: at, Since: at}
		i.Alerts = []incident.Alert{{Labels: map[string]string{"alertname": "Slow"}, Annotations: map[string]string{"summary": "100% of " + service + " is SLOW"}}}
		i.Closed = at.Add(2 * time.Minute)
		events := []incident.Event{
			{Incident: id, At: at, Kind: incident.KindOpened},
			{Incident: id, At: at.Add(time.Minute), Kind: incident.KindAcknowledged, Person: "asha"},
			{Incident: id, At: i.Closed, Kind: incident.KindClosed},
		}
		i.Sequence = len(events)
		if err := tx.Save(incident.State{Incidents: []incident.Incident{i}}, events); err != nil || !reopened {
			return err
		}
		i.Closed, i.Sequence = time.Time{}, len(events)+1
		return tx.Save(incident.State{Incidents: []incident.Incident{i}}, []incident.Event{{Incident: id, At: at, Kind: incident.KindReopened}})
	}
}

func whatIsOver(t *testing.T, p place) {
	s := p.store(t)
	for _, write := range []func(*store.Tx) error{
		over(1, "shop", "a", start, false), over(2, "shop", "a", start, false), over(3, "mail", "b", start.Add(time.Hour), false), over(4, "shop", "a", start, true),
	} {
		require.NoError(t, s.Update(t.Context(), write))
	}
	ids := func(q history.Query) []incident.ID {
		if q.Most == 0 {
			q.Most = 10
		}
		entries, err := s.History(t.Context(), q)
		require.NoError(t, err)
		list := []incident.ID{}
		for _, e := range entries {
			list = append(list, e.ID)
		}
		return list
	}
	all := []incident.ID{3, 2, 1}
	for name, c := range map[string]struct {
		q    history.Query
		want []incident.ID
	}{
		"all":              {history.Query{}, all},
		"a service":        {history.Query{Service: "shop"}, []incident.ID{2, 1}},
		"a team":           {history.Query{Team: "b"}, []incident.ID{3}},
		"an audience":      {history.Query{Audience: "platform"}, []incident.ID{}},
		"a severity":       {history.Query{Severity: "warning"}, all},
		"from":             {history.Query{From: start.Add(10 * time.Minute)}, []incident.ID{3}},
		"until":            {history.Query{Until: start.Add(10 * time.Minute)}, []incident.ID{2, 1}},
		"a text":           {history.Query{Text: "MAIL is slow"}, []incident.ID{3}},
		"a sign":           {history.Query{Text: "100% OF shop"}, []incident.ID{2, 1}},
		"a sign that lies": {history.Query{Text: "100_"}, []incident.ID{}},
		"a page":           {history.Query{Most: 2}, []incident.ID{3, 2}},
	} {
		require.Equal(t, c.want, ids(c.q), name)
	}
	first, err := s.History(t.Context(), history.Query{Most: 2})
	require.NoError(t, err)
	require.Equal(t, start.Add(time.Minute), first[1].Acknowledged)
	require.Equal(t, []incident.ID{1}, ids(history.Query{After: &first[1]}), "of those that closed at once none is left out")

	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(tx.DropHistory(), tx.Recall(), tx.Recall()) }))
	require.Equal(t, all, ids(history.Query{}), "what was before there was a history is in it")
}

func whoDidWhat(t *testing.T, p place) {
	s := p.store(t)
	for n, what := range []string{"log in", "POST /incidents/7/note", "POST /maintenance"} {
		e := audit.Entry{At: start.Add(time.Duration(n) * time.Minute), Person: "asha", What: what, Code: 303}
		if n == 1 {
			e.Incident = 7
		}
		require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error { return tx.AddAudit(e) }))
	}
	list := func(q audit.Query) (what []string) {
		q.Most = 10
		entries, err := s.Audit(t.Context(), q)
		require.NoError(t, err)
		for _, e := range entries {
			what = append(what, e.What)
		}
		return what
	}
	late := start.Add(time.Hour)
	require.Equal(t, []string{"POST /maintenance", "POST /incidents/7/note", "log in"}, list(audit.Query{Before: late}))
	require.Equal(t, []string{"log in"}, list(audit.Query{Before: start.Add(time.Second)}))
	require.Equal(t, []string{"POST /incidents/7/note"}, list(audit.Query{Before: late, Incident: 7}))
}

// whatIsOpen reads the same again and again: what changed between is seen.
func whatIsOpen(t *testing.T, p place) {
	s := p.store(t)
	require.NoError(t, s.Update(t.Context(), fire("shop")))
	require.NoError(t, s.Update(t.Context(), fire("mail")))
	first, err := s.Current(t.Context())
	require.NoError(t, err)
	again, err := s.Current(t.Context())
	require.NoError(t, err)
	require.Len(t, first, 2)
	require.Equal(t, first, again)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		changed := first[1]
		changed.Owner, changed.Sequence = "asha", changed.Sequence+1
		return tx.Save(incident.State{Incidents: []incident.Incident{changed}}, []incident.Event{{Incident: changed.ID, Kind: incident.KindAcknowledged, At: start}})
	}))
	again, err = s.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, first[0], again[0])
	require.Equal(t, "asha", again[1].Owner)
	require.Empty(t, first[1].Owner)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		closed := again[1]
		closed.Closed, closed.Sequence = start.Add(time.Minute), closed.Sequence+1
		return tx.Save(incident.State{Incidents: []incident.Incident{closed}}, []incident.Event{{Incident: closed.ID, Kind: incident.KindClosed, At: closed.Closed}})
	}))
	again, err = s.Current(t.Context())
	require.NoError(t, err)
	require.Len(t, again, 1)
}

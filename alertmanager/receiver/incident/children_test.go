package incident_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// shared has services s0, s1 … that cannot work without a database.
func shared(t *testing.T) *history {
	h := newHistory(t)
	h.policy.Terms = func(service, _ string) incident.Terms {
		terms := h.terms
		terms.ProductManager = false
		if service != "database" {
			terms.Dependencies = []string{"database"}
		}
		return terms
	}
	return h
}

func outage(service string, options ...option) incident.Alert {
	options = append([]option{label("service", service)}, options...)
	a := down(options...)
	a.Fingerprint = service
	return a
}

// pages counts the pages so far, by incident, and forgets other messages.
func (h *history) pages() map[incident.ID]int {
	found := map[incident.ID]int{}
	for _, e := range h.events {
		if e.Kind == incident.KindMessageQueued {
			h.read++
			if e.Message.Kind == incident.MessagePage {
				found[e.Incident]++
			}
		}
	}
	h.events, h.read = nil, 0
	return found
}

func (h *history) service(name string) incident.Incident {
	h.t.Helper()
	for _, i := range h.state.Incidents {
		if i.Service == name {
			return i
		}
	}
	h.t.Fatalf("there is no incident of %s", name)
	return incident.Incident{}
}

func TestADatabaseTakesItsServicesWithIt(t *testing.T) {
	for name, order := range map[string]func(h *history, database func()){
		"the database is seen first": func(h *history, database func()) {
			database()
			for n := range 20 {
				h.after(time.Second).report(outage(fmt.Sprintf("s%d", n)))
			}
		},
		"the database is seen last": func(h *history, database func()) {
			for n := range 20 {
				h.after(time.Second).report(outage(fmt.Sprintf("s%d", n)))
			}
			database()
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := shared(t)
			order(h, func() { h.report(outage("database")) })
			cause := h.service("database").ID
			for n := range 20 {
				require.Equal(t, cause, h.service(fmt.Sprintf("s%d", n)).Parent)
			}
			h.passes(9 * time.Minute)
			require.Equal(t, map[incident.ID]int{cause: 1}, h.pages(), "one cause is one page")

			h.play(incident.Acknowledge{Incident: cause, Person: "asha", Via: "a link"})
			h.passes(3 * time.Hour)
			require.Empty(t, h.pages(), "somebody has the cause in hand")

			h.report(outage("database", ended(h.now)))
			h.report(outage("s7", ended(h.now)))
			h.passes(2*time.Minute - time.Second)
			require.Empty(t, h.pages())
			h.passes(time.Second)
			require.Len(t, h.pages(), 19, "what is not back two minutes after its cause rings by itself")
			require.False(t, h.service("s7").Open())
		})
	}
}

func TestAChildRingsByItselfWhenNobodyAnswersForItsCause(t *testing.T) {
	h := shared(t)
	h.report(outage("database"))
	h.report(outage("s1"))
	h.passes(10*time.Minute - time.Second)
	require.Len(t, h.pages(), 1)
	h.passes(time.Second)
	require.Equal(t, map[incident.ID]int{h.service("s1").ID: 1}, h.pages())
}

func TestAChildRingsAtOnceWhenItsCauseRingsNobody(t *testing.T) {
	t.Run("because it pages never", func(t *testing.T) {
		h := shared(t)
		of := h.policy.Terms
		h.policy.Terms = func(service, team string) incident.Terms {
			terms := of(service, team)
			if service == "database" {
				terms.PagesFrom = func(time.Time) (time.Time, bool) { return time.Time{}, false }
			}
			return terms
		}
		h.report(outage("database"))
		h.report(outage("s1"))
		h.passes(time.Minute)
		require.Equal(t, map[incident.ID]int{h.service("s1").ID: 1}, h.pages())
	})
	t.Run("because it is less than critical", func(t *testing.T) {
		h := shared(t)
		h.report(alert("DatabaseSlow", "warning", "users", label("service", "database")))
		h.report(outage("s1"))
		h.passes(time.Minute)
		require.Equal(t, map[incident.ID]int{h.service("s1").ID: 1}, h.pages())
	})
	t.Run("because what it rang reached nobody", func(t *testing.T) {
		h := shared(t)
		h.terms.Steps = h.terms.Steps[:1]
		h.report(outage("database"))
		h.passes(50 * time.Second)
		i := h.service("database")
		page := i.Messages[len(i.Messages)-1]
		require.Equal(t, incident.MessagePage, page.Kind)
		h.play(incident.Unreached{Incident: i.ID, Message: page.Number, Whom: "on_call", Why: "nobody is on call"})
		h.pages()
		h.report(outage("s1"))
		h.passes(time.Minute)
		require.Equal(t, 1, h.pages()[h.service("s1").ID])
	})
	t.Run("because its acknowledgement has ended", func(t *testing.T) {
		h := shared(t)
		h.terms.AcknowledgedFor = 4 * time.Hour
		h.report(outage("database"))
		h.report(outage("s1"))
		h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
		h.pages()
		h.passes(4*time.Hour - time.Second)
		require.Empty(t, h.pages())
		h.passes(time.Second)
		require.Len(t, h.pages(), 2)
	})
}

func TestAChainOfDependenciesHasOneRoot(t *testing.T) {
	h := shared(t)
	h.policy.Terms = func(service, _ string) incident.Terms {
		terms := h.terms
		terms.ProductManager = false
		terms.Dependencies = map[string][]string{"web": {"api", "database"}, "api": {"database"}, "database": {"web"}}[service]
		return terms
	}
	h.report(outage("web"))
	h.report(outage("api"))
	h.report(outage("database"))
	root := 0
	for _, i := range h.state.Incidents {
		if i.Parent == 0 {
			root++
		}
		require.NotEqual(t, i.ID, i.Parent)
	}
	require.Equal(t, 1, root, "even in a circle somebody is the first")
	h.passes(9 * time.Minute)
	require.Len(t, h.pages(), 1)
}

func TestMerging(t *testing.T) {
	h := shared(t)
	h.report(outage("a", label("service", "a")))
	h.report(outage("b", label("service", "b")))
	h.pages()
	h.play(incident.Merge{Incident: 2, Into: 1, Person: "asha"})
	require.Equal(t, incident.ID(1), h.service("b").Parent)
	require.Empty(t, h.play(incident.Merge{Incident: 1, Into: 2, Person: "asha"}), "nothing is its own ancestor")
	h.passes(9 * time.Minute)
	require.Equal(t, map[incident.ID]int{1: 1}, h.pages())
	h.play(incident.Merge{Incident: 2, Person: "asha"})
	h.passes(time.Second)
	require.Equal(t, map[incident.ID]int{2: 1}, h.pages())
}

// An exercise stands beside what is real: it joins no incident, has no cause,
// and takes nothing under it.
func TestADrillStandsApart(t *testing.T) {
	h := shared(t)
	h.report(outage("database"))
	h.report(outage("s1", label(incident.LabelDrill, "d1")))
	exercise := h.state.Incidents[1]
	require.True(t, exercise.Drill)
	require.Zero(t, exercise.Parent)
	h.report(outage("s1"))
	require.Len(t, h.state.Incidents, 3, "a real outage during a drill is an incident of its own")
	require.Equal(t, h.service("database").ID, h.state.Incidents[2].Parent)
	h.report(outage("database", label(incident.LabelDrill, "d2")))
	h.report(outage("s2"))
	require.Equal(t, h.service("database").ID, h.service("s2").Parent)
	h.passes(9 * time.Minute)
	pages := h.pages()
	require.Equal(t, 1, pages[exercise.ID], "a drill rings as what is real does")
}

// A service is down because of a cause that ends before it; while it is still down
// the next cause comes. That one has the page, and the service waits for it.
func TestTheNextCauseTakesWhatAnEarlierOneLeft(t *testing.T) {
	h := shared(t)
	h.policy.Terms = func(service, _ string) incident.Terms {
		terms := h.terms
		terms.ProductManager = false
		terms.Dependencies = map[string][]string{"web": {"cache", "database"}}[service]
		return terms
	}
	h.report(outage("cache"))
	h.report(outage("web"))
	h.passes(2 * time.Minute)
	h.play(incident.Acknowledge{Incident: 1, Person: "asha"})
	h.report(outage("cache", ended(h.now)))
	h.pages()
	h.after(time.Minute).report(outage("database", from(h.now)))
	web, database := h.service("web"), h.service("database")
	require.Equal(t, database.ID, web.Parent)
	h.passes(9 * time.Minute)
	require.Equal(t, map[incident.ID]int{database.ID: 1}, h.pages(), "one cause is one page")
	h.passes(time.Minute)
	require.Equal(t, map[incident.ID]int{web.ID: 1}, h.pages(), "nobody has answered for ten minutes")
}

// What went on beside the cause that has ended is no new one: it would have rung
// for the service at once.
func TestWhatWentOnBesideACauseTakesNothingOver(t *testing.T) {
	h := shared(t)
	h.policy.Terms = func(service, _ string) incident.Terms {
		terms := h.terms
		terms.ProductManager = false
		terms.Dependencies = map[string][]string{"web": {"cache", "database"}}[service]
		return terms
	}
	h.report(outage("cache"))
	h.report(outage("database"))
	h.report(outage("web"))
	h.passes(20 * time.Minute)
	h.pages()
	h.report(outage("cache", ended(h.now)))
	h.report(outage("database", from(h.now)))
	h.pages()
	require.Equal(t, h.service("cache").ID, h.service("web").Parent)
}

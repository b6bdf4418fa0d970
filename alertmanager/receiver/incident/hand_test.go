package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// neighbourhood has a database of one team, and services of it and of another
// team, "pay-…", that cannot work without it. onCall is who has the turn of each.
func neighbourhood(t *testing.T, onCall map[string]string) *history {
	h := newHistory(t)
	h.policy.Terms = func(service, _ string) incident.Terms {
		terms := h.terms
		terms.ProductManager, terms.AcknowledgedFor, terms.Team = false, 4*time.Hour, "platform"
		if strings.HasPrefix(service, "pay-") {
			terms.Team = "payments"
		}
		if service != "database" {
			terms.Dependencies = []string{"database"}
		}
		if person := onCall[terms.Team]; person != "" {
			terms.Turn = func(incident.Role, time.Time) (string, time.Time) { return person, time.Time{} }
		}
		return terms
	}
	return h
}

// acknowledged has dee take the database on after its page.
func (h *history) acknowledged() *history {
	h.report(outage("database"))
	h.passes(time.Minute)
	h.deliver()
	h.play(incident.Acknowledge{Incident: h.service("database").ID, Person: "dee", Via: "a link"})
	h.pages()
	return h
}

// urgent lists whom messages may wake that are no pages, and forgets the others.
func (h *history) urgent() (people []string) {
	for _, e := range h.events {
		if e.Kind == incident.KindMessageQueued && e.Message.Urgent && e.Message.Kind != incident.MessagePage {
			people = append(people, e.Message.To[0].Person()+" of "+e.Message.News)
		}
	}
	return people
}

// A database is in the hands of one team. Hours later a service of another is
// down because of it: its people must hear, and whoever has the database.
func TestAnotherTeamsOutageRingsThemAlthoughItsCauseIsInHand(t *testing.T) {
	h := neighbourhood(t, nil).acknowledged()
	h.after(2 * time.Hour)
	h.report(outage("pay-web"))
	paying := h.service("pay-web")
	require.Equal(t, h.service("database").ID, paying.Parent)
	require.Equal(t, []string{"dee of it comes from incident 1, which you have; ServiceDown"}, h.urgent(), "what dee has in hand has grown")
	require.Equal(t, "dee", paying.Messages[1].Except, "who is told already")
	h.passes(10*time.Minute - time.Second)
	require.Empty(t, h.pages(), "whoever has the cause may end it first")
	h.passes(time.Second)
	require.Equal(t, map[incident.ID]int{paying.ID: 1}, h.pages())
	h.play(incident.Acknowledge{Incident: paying.ID, Person: "pam", Via: "a link"})
	h.passes(time.Hour)
	require.Empty(t, h.pages())
}

// What was down before somebody took the cause on waits as long.
func TestTheTeamsBelowACauseRingAfterTheirPatienceToo(t *testing.T) {
	h := neighbourhood(t, nil)
	h.report(outage("database"))
	h.report(outage("pay-web"))
	h.report(outage("web"))
	h.passes(time.Minute)
	h.play(incident.Acknowledge{Incident: 1, Person: "dee"})
	h.pages()
	h.passes(9*time.Minute - time.Second)
	require.Empty(t, h.pages())
	h.passes(time.Second)
	require.Equal(t, map[incident.ID]int{h.service("pay-web").ID: 1}, h.pages())
	require.Empty(t, h.pages())
}

func TestACauseIsInHandForWhomItRang(t *testing.T) {
	for name, c := range map[string]struct {
		service string
		onCall  map[string]string
	}{
		"of the same team":                      {service: "web"},
		"whose turn is that of who has it":      {service: "pay-web", onCall: map[string]string{"payments": "dee"}},
		"whom the page about the cause rang":    {service: "pay-web", onCall: map[string]string{"payments": "on_call"}}, // as deliver names them
		"of the same team whose turn it is not": {service: "web", onCall: map[string]string{"platform": "kim"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := neighbourhood(t, c.onCall).acknowledged()
			h.after(time.Hour).report(outage(c.service))
			require.Len(t, h.urgent(), 1, "but who has it hears of it at once")
			h.pages()
			h.passes(time.Hour)
			require.Empty(t, h.pages())
		})
	}
}

// Somebody took on that the database was slow, and sleeps. That is no answer to
// an outage.
func TestAnAnsweredWarningIsNoAnswerToAnOutageBelow(t *testing.T) {
	h := neighbourhood(t, nil)
	h.report(alert("DatabaseSlow", "warning", "users", label("service", "database")))
	h.play(incident.Acknowledge{Incident: 1, Person: "dee"})
	h.after(time.Hour).report(outage("web", from(h.now)))
	h.pages()
	h.passes(time.Minute)
	require.Equal(t, map[incident.ID]int{h.service("web").ID: 1}, h.pages())
}

// One page of a cause is enough for a team: whoever answered has its other
// services too, until it is given back.
func TestOneOfATeamHasAllThatItsCauseTook(t *testing.T) {
	h := neighbourhood(t, nil).acknowledged()
	h.report(outage("pay-web", from(h.now)))
	web := h.service("pay-web").ID
	h.passes(10 * time.Minute)
	require.Equal(t, map[incident.ID]int{web: 1}, h.pages())
	h.play(incident.Acknowledge{Incident: web, Person: "pam"})
	h.pages()
	h.report(outage("pay-api", from(h.now)))
	api := h.service("pay-api").ID
	require.Equal(t, []string{
		"dee of it comes from incident 1, which you have; ServiceDown",
		"pam of it comes from incident 1 as what you have does, so nobody else is rung; ServiceDown",
	}, h.urgent())
	h.pages()
	h.passes(time.Hour)
	require.Empty(t, h.pages())
	h.play(incident.Reassign{Incident: web, Person: "pam", Via: "the board"})
	h.passes(time.Second)
	require.Equal(t, map[incident.ID]int{web: 1, api: 1}, h.pages())
}

func TestWhatSomebodyPutsUnderACauseIsInHandWithIt(t *testing.T) {
	h := neighbourhood(t, nil).acknowledged()
	h.policy.Terms = func(string, string) incident.Terms {
		terms := h.terms
		terms.ProductManager = false
		return terms
	}
	h.report(outage("pay-web"))
	h.play(incident.Merge{Incident: h.service("pay-web").ID, Into: 1, Person: "pam"})
	h.pages()
	h.passes(time.Hour)
	require.Empty(t, h.pages())
}

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/inbox"
	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// One fault after the other in one service: each is told, by its name, to
// those it concerns, in one incident that ends when all is well.
func TestFaultsAreToldToTheRightPeople(t *testing.T) {
	e := start(t)
	require.Empty(t, mailboxes(e), "all is well")

	began := turn(t, e, "login/on")
	login := told(t, e, began, developers, "shop", "POST /login")
	told(t, e, began, product, "POST /login")
	told(t, e, began, pat, "shop")
	called := onCall(t, e)
	require.Subset(t, []string{developers, product, pat, called, "push:" + name(called)}, mailboxes(e), "nobody else is told")
	first := incident(t, e)
	t.Logf("the first message:\n%s\n%s", login.Subject, login.Text)

	began = turn(t, e, "down/on")
	down := told(t, e, began, developers, "shop is down")
	t.Logf("the second message:\n%s\n%s", down.Subject, down.Text)
	require.Contains(t, down.Text, `Probe home fails in 1 of 1 location (local), mostly for the reason "status".`)
	require.Contains(t, down.Text, "A service is down when a probe fails in most of the locations that can see.")
	require.NotContains(t, down.Text, "Likely cause")
	require.Equal(t, first.ID, incident(t, e).ID, "one incident, not two")
	// Not held back until the next interval of a group, a minute, because another
	// alert of the service was told before.
	toProduct := told(t, e, began, product, "shop is down")
	toPat := told(t, e, began, pat, "shop is down")
	for _, message := range []*inbox.Message{down, toProduct, toPat} {
		require.Less(t, waited(t, e, "ServiceDown", "shop", message.Received), 30*time.Second, "to %s", message.To)
	}
	told(t, e, began, called, "shop is down")
	told(t, e, began, "push:"+name(called), "shop is down")

	began = turn(t, e, "dependency/on")
	told(t, e, began, platform, "payments is down")
	third := told(t, e, began, developers, "payments, on which shop depends, is down")
	require.Less(t, waited(t, e, "DependencyDown", "shop", third.Received), 40*time.Second)
	eventually(t, "the shop's alert names payments as the likely cause", func() error {
		return described(t, e, "ServiceDown", "shop", "Likely cause: payments")
	})
	require.Equal(t, first.ID, incident(t, e).ID)

	began = turn(t, e, "reset")
	for _, mailbox := range []string{developers, product, platform} { // by Alertmanager
		told(t, e, began, mailbox, "Over", "it lasted")
	}
	for _, mailbox := range []string{pat, called} { // by the receiver
		told(t, e, began, mailbox, "RESOLVED after", "shop")
	}
	eventually(t, "every incident is closed", func() error { return open(t, e, 0) })
	require.Subset(t, []string{developers, product, pat, "push:pat", platform, called, "push:" + name(called)}, mailboxes(e),
		"the manager, and who is not on call, heard nothing")
}

func turn(t *testing.T, e *estate.Estate, what string) time.Time {
	t.Helper()
	at := time.Now()
	require.NoError(t, e.Turn(t.Context(), what))
	return at
}

// onCall is the mailbox of whoever of the rota the incident was given to.
func onCall(t *testing.T, e *estate.Estate) string {
	t.Helper()
	var mailbox string
	eventually(t, "the person on call is told", func() error {
		for _, one := range mailboxes(e) {
			if one == "asha@example.org" || one == "ben@example.org" {
				mailbox = one
				return nil
			}
		}
		return fmt.Errorf("nobody of %v is on call", mailboxes(e))
	})
	return mailbox
}

// name is who a person's mailbox belongs to.
func name(mailbox string) string {
	person, _, _ := strings.Cut(mailbox, "@")
	return person
}

// incident wants exactly one incident of the shop's users.
func incident(t *testing.T, e *estate.Estate) estate.Incident {
	t.Helper()
	var found []estate.Incident
	eventually(t, "there is one incident of the shop", func() error {
		all, err := e.Incidents(t.Context())
		if err != nil {
			return err
		}
		found = nil
		for _, one := range all {
			if one.Service == "shop" && one.Audience == "users" {
				found = append(found, one)
			}
		}
		if len(found) != 1 {
			return fmt.Errorf("%d incidents: %+v", len(found), all)
		}
		return nil
	})
	return found[0]
}

// open wants that many incidents that are not closed.
func open(t *testing.T, e *estate.Estate, want int) error {
	t.Helper()
	all, err := e.Incidents(t.Context())
	if err != nil {
		return err
	}
	n := 0
	for _, one := range all {
		if one.Open() {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("%d incidents are open, want %d: %+v", n, want, all)
	}
	return nil
}

// waited is how long a message came after its rule began to fire.
func waited(t *testing.T, e *estate.Estate, alert, service string, received time.Time) time.Duration {
	t.Helper()
	series, err := e.Query(t.Context(), fmt.Sprintf("ALERTS{alertname=%q,service=%q,alertstate=\"firing\"}[10m]", alert, service))
	require.NoError(t, err)
	require.NotEmpty(t, series)
	return received.Sub(series[0].Samples[0].At)
}

// described wants the text in the description of an alert that Alertmanager
// has.
func described(t *testing.T, e *estate.Estate, alert, service, text string) error {
	t.Helper()
	alerts, err := active(t, e)
	if err != nil {
		return err
	}
	for _, one := range alerts {
		if one.Labels["alertname"] == alert && one.Labels["service"] == service {
			if contains(one.Annotations["description"], text) {
				return nil
			}
			err = fmt.Errorf("the description is %q", one.Annotations["description"])
		}
	}
	if err == nil {
		err = fmt.Errorf("no %s of the %s", alert, service)
	}
	return err
}

// alert is one of Alertmanager's active alerts.
type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    json.RawMessage   `json:"startsAt"`
}

func active(t *testing.T, e *estate.Estate) ([]alert, error) {
	t.Helper()
	var alerts []alert
	err := e.Get(t.Context(), e.URL(estate.Alertmanager)+"/api/v2/alerts?active=true", &alerts)
	return alerts, err
}

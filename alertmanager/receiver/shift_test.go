package receiver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// standsIn has ben stand in for eight hours.
func (h *house) standsIn() {
	h.t.Helper()
	_, err := h.receiver.Enter(h.t.Context(), oncall.Request{Kind: oncall.Override, Rota: "shop", Instead: "ben", Duration: "8h"}, maintenance.Who{Name: "asha"})
	require.NoError(h.t, err)
}

// seen waits until the receiver has written down whose turn it is.
func (h *house) seen() {
	h.t.Helper()
	h.later(0)
	require.Eventually(h.t, func() bool { return h.turn("shop") != "" }, 20*time.Second, 20*time.Millisecond)
}

func TestWhoComesOnCallIsTold(t *testing.T) {
	h := newHouse(t)
	h.seen()
	require.Empty(t, h.inbox.Messages(""), "a turn that began before is not told")
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Note{Incident: 1, Person: "asha", Text: "The database is full."}))
	h.standsIn()
	begin := h.mail("ben@example.org", 1)
	require.Contains(t, begin.Subject, "You are on call for shop until ")
	for _, want := range []string{
		"Your turn has begun. 1 incident is open.", "#1 critical: shop has ServiceDown (since ", "nobody has it); Asha Rao noted: The database is full",
		"Before you: Asha Rao", "http://board.example.org",
	} {
		require.Contains(t, begin.Text, want)
	}
	h.mail("push:ben", 1)
	over := h.mail("asha@example.org", 2)
	require.Equal(t, "Your turn for shop is over: Ben Carter has it", over.Subject)

	// Another life says nothing again.
	h.stop()
	h.open()
	h.seen()
	require.Len(t, h.inbox.Messages("ben@example.org"), 1)
}

// Somebody who cannot be reached at first is told later.
func TestWhoComesOnCallIsToldLater(t *testing.T) {
	h := newHouse(t)
	h.seen()
	h.catalog(strings.ReplaceAll(strings.ReplaceAll(estate, "SMTP", "127.0.0.1:1"), "PUSH", "http://127.0.0.1:1"))
	h.reload()
	h.standsIn()
	require.Eventually(t, func() bool { return h.turn("shop") == "ben" }, 20*time.Second, 20*time.Millisecond)
	h.catalog(estate)
	h.reload()
	require.Empty(t, h.inbox.Messages(""))
	h.later(2 * time.Minute)
	require.Contains(t, h.mail("ben@example.org", 1).Text, "Nothing is open.")
	require.Empty(t, h.inbox.Messages("asha@example.org"))
}

// turn is the person whose turn was seen last.
func (h *house) turn(rota string) string {
	h.t.Helper()
	person := ""
	require.NoError(h.t, h.store.Update(h.t.Context(), func(tx *store.Tx) error {
		turn, err := tx.Turn(rota)
		if err == nil {
			person = turn.Person
		}
		return nil
	}))
	return person
}

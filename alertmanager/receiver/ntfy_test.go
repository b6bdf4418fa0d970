package receiver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// button is the address behind the newest push message's button.
func (h *house) button(mailbox string, count int) string {
	h.t.Helper()
	var pushed struct {
		Actions []struct{ Action, Label, Method, URL string }
	}
	require.NoError(h.t, json.Unmarshal([]byte(h.mail(mailbox, count).Raw), &pushed))
	require.Equal(h.t, "http Acknowledge POST", pushed.Actions[0].Action+" "+pushed.Actions[0].Label+" "+pushed.Actions[0].Method)
	return strings.TrimPrefix(pushed.Actions[0].URL, "http://board.example.org")
}

// TestTheButtonOfAPushMessage: only a POST acts, for the person and the incident
// that it was made for, and not for ever.
func TestTheButtonOfAPushMessage(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	button := h.button("push:asha", 1)
	owner := func() string { return h.settled(1, whatever).Owner }
	h.request(http.MethodGet, button, "", 200, "Acknowledge as Asha Rao")
	h.request(http.MethodGet, button, "", 200, "Acknowledge as Asha Rao")
	require.Empty(t, owner(), "a scanner that opens links acknowledges nothing")
	payload, signature, _ := strings.Cut(button, ".")
	for _, forged := range []string{payload, payload + ".", payload + "A." + signature, payload + "." + signature[:len(signature)-2], "/acknowledge/MSA5OTk5OTk5OTk5IGJlbg." + signature} {
		h.request(http.MethodPost, forged, "", 403, "not valid")
	}
	require.Empty(t, owner(), "nobody makes a button for somebody else")

	h.later(3 * 24 * time.Hour)
	h.request(http.MethodPost, button, "", 403, "It was good for 48 hours. Acknowledge on the incident&#39;s page, by the link in a newer message, or by replying ACK 1 to a text message.")
	h.request(http.MethodGet, button, "", 403, `<a class="button" href="/incidents/1">Open the incident</a>`)
	require.Empty(t, owner())
}

// TestAButtonThatIsPressedTwice says again whose it is, and when it is over that
// it is.
func TestAButtonThatIsPressedTwice(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	button := h.button("push:asha", 1)
	h.request(http.MethodPost, button, "", 200, "it is yours")
	acknowledged := h.settled(1, whatever).Acknowledged
	h.later(time.Minute)
	h.request(http.MethodPost, button, "", 200, "it is yours")
	i := h.settled(1, whatever)
	require.Equal(t, "asha", i.Owner)
	require.Equal(t, acknowledged, i.Acknowledged, "nothing happened again")
	h.request(http.MethodGet, "/incidents/1", "", 200, "Asha Rao took it on, by the link in a message")

	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(h.ended(down)))
	h.settled(1, func(i incident.Incident) bool { return !i.Open() })
	h.request(http.MethodPost, button, "", 200, "It is over")
}

// TestALinkThatIsPressedAgainMovesNoEnd: not of an acknowledgement, and not of a
// snooze. Whoever is asked whether they go on answers by it, once.
func TestALinkThatIsPressedAgainMovesNoEnd(t *testing.T) {
	h := newHouse(t)
	h.catalog(estate + "defaults: {acknowledgement_timeout: 1h}\n")
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	button := h.button("push:asha", 1)
	press := func() (incident.Incident, int) {
		h.request(http.MethodPost, button, "", 200, "it is yours")
		i := h.settled(1, whatever)
		return i, strings.Count(h.request(http.MethodGet, "/incidents/1", "", 200, ""), "Asha Rao took it on")
	}
	first, times := press()
	require.Equal(t, 1, times)
	h.later(10 * time.Minute)
	again, times := press()
	require.Equal(t, first.OwnedUntil, again.OwnedUntil)
	require.Equal(t, 1, times)

	h.later(36 * time.Minute)
	h.settled(1, func(i incident.Incident) bool { return i.OwnerAsked })
	renewed, _ := press()
	require.True(t, renewed.OwnedUntil.After(first.OwnedUntil.Add(30*time.Minute)), "whoever is asked may go on")
	again, _ = press()
	require.Equal(t, renewed.OwnedUntil, again.OwnedUntil)

	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Acknowledge{Incident: 1, Person: "asha", Via: "board", Until: h.now().Add(3 * time.Hour)}))
	snoozed := h.settled(1, whatever)
	again, _ = press()
	require.True(t, again.Snoozed)
	require.Equal(t, snoozed.OwnedUntil, again.OwnedUntil)
}

// TestALinkOfWhoHasHandedItOver asks before it takes the incident back.
func TestALinkOfWhoHasHandedItOver(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	button := h.button("push:asha", 1)
	h.request(http.MethodPost, button, "", 200, "it is yours")
	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Reassign{Incident: 1, Person: "asha", To: "ben", Via: "board"}))
	h.request(http.MethodPost, button, "", 409, "Take it over as Asha Rao")
	require.Equal(t, "ben", h.settled(1, whatever).Owner)
	require.NoError(t, h.receiver.Act(t.Context(), 1, incident.Reassign{Incident: 1, Person: "ben", Via: "board"}))
	require.Empty(t, h.settled(1, whatever).Owner)
	h.request(http.MethodPost, button, "", 200, "it is yours")
	require.Equal(t, "asha", h.settled(1, whatever).Owner, "nobody had it")
}

// TestALinkOfSomebodyWhoHasLeft does nothing, and says who can.
func TestALinkOfSomebodyWhoHasLeft(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	button := h.button("push:asha", 1)
	h.catalog(withoutAsha())
	h.reload()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		h.request(method, button, "", 403, "It was made for somebody who is not in the catalogue any more.")
	}
	require.Empty(t, h.settled(1, whatever).Owner)
}

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
	h.request(http.MethodPost, button, "", 403, "not valid, or not any more")
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

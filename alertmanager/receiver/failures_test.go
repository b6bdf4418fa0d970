package receiver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

func TestAMailServerThatIsAwayIsTriedAgain(t *testing.T) {
	h := newHouse(t)
	h.catalog(strings.Replace(estate, "SMTP", "127.0.0.1:1", 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("MemoryHigh", "warning", "developers")))
	h.settled(1, func(i incident.Incident) bool { return len(i.Messages[0].Deliveries) == 2 })
	h.catalog(estate)
	h.reload()
	h.mail("asha@example.org", 1)
	h.mail("ben@example.org", 1)
	i := h.settled(1, sent("ben", "email"))
	require.Len(t, i.Messages, 1)
}

func TestAWayThatFailsIsFollowedByTheNext(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refusing.Close()
	h := newHouse(t)
	h.catalog(strings.Replace(estate, "PUSH", refusing.URL, 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.later(time.Minute)
	page := h.mail("asha@example.org", 2)
	require.Contains(t, page.Subject, "PLEASE ACKNOWLEDGE", "push was refused, so the page came by mail")
	h.request(http.MethodGet, "/incidents/1", "", 200, "Could not tell Asha Rao by push")
}

func TestSomebodyWithoutAnAddressIsADeadEndThatIsSaid(t *testing.T) {
	h := newHouse(t)
	h.write("asha.yml", "{}\n")
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.settled(1, func(i incident.Incident) bool { return len(i.Messages) > 0 && len(i.Messages[0].Unreached) == 1 })
	h.request(http.MethodGet, "/incidents/1", "", 200, "Reached nobody for Asha Rao")
	h.later(time.Minute)
	h.mail("ben@example.org", 1) // the page moves on to the backup at once
}

func TestNothingIsAnsweredWithSuccessThatIsNotStored(t *testing.T) {
	h := newHouse(t)
	down := h.firing("ServiceDown", "critical", "users")
	require.NoError(t, h.store.Close())
	require.Equal(t, 503, h.post(down))
	require.Empty(t, h.inbox.Messages(""))
	h.stop()
	h.open()
	require.Equal(t, 200, h.post(down))
	h.mail("asha@example.org", 1)
}

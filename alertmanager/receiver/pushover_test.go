package receiver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// TestAnAnswerOnThePhoneIsAnAcknowledgement: Pushover is asked, and what its
// button says is said by the person whose phone it is.
func TestAnAnswerOnThePhoneIsAnAcknowledgement(t *testing.T) {
	h := newHouse(t)
	answered := atomic.Bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = fmt.Fprintf(w, `{"status":1,"acknowledged":%d}`, map[bool]int{true: 1}[answered.Load()])
			return
		}
		_, _ = fmt.Fprint(w, `{"status":1,"receipt":"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"}`)
	}))
	t.Cleanup(server.Close)
	h.write("asha.yml", "pushover: uQiRzpo4DXghDmr9QzzfQu27cmVRsG\n")
	h.catalog(strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n  pushover: {token_file: token, url: '"+server.URL+"'}\n", 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(time.Minute)
	h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() && sent("asha", "push")(i) })
	h.quiet()
	h.receiver.AskReceipts(t.Context(), map[string]bool{})
	require.Empty(t, h.settled(1, func(incident.Incident) bool { return true }).Owner)
	answered.Store(true)
	h.receiver.AskReceipts(t.Context(), map[string]bool{})
	require.Equal(t, "asha", h.settled(1, func(i incident.Incident) bool { return i.Owner != "" }).Owner)
}

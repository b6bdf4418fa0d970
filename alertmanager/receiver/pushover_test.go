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

// TestAnEmergencyOnThePhoneTheWholeWay: it rings by its receipt until somebody
// has the incident, and one that reached no device says so.
func TestAnEmergencyOnThePhoneTheWholeWay(t *testing.T) {
	for name, c := range map[string]struct {
		answer string // of the receipt, when it is asked about
		state  incident.DeliveryState
		says   string
	}{
		"it rings on":           {`{"status":1,"acknowledged":0,"expired":0,"last_delivered_at":1795471900}`, incident.DeliverySent, "Told Asha Rao by push (page)"},
		"nobody answered":       {`{"status":1,"acknowledged":0,"expired":1,"last_delivered_at":1795471900}`, incident.DeliveryDelivered, "It arrived: Asha Rao has it by push (page)"},
		"it reached no device":  {`{"status":1,"acknowledged":0,"expired":1,"last_delivered_at":0}`, incident.DeliveryUndelivered, "Pushover reached none of the person&#39;s devices"},
		"Pushover answers junk": {`<html>`, incident.DeliverySent, "Told Asha Rao by push (page)"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			posts := make(chan string, 100)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					_, _ = fmt.Fprint(w, c.answer)
					return
				}
				_ = r.ParseForm()
				posts <- r.URL.Path + " " + r.PostForm.Get("priority") + r.PostForm.Get("retry")
				if r.PostForm.Get("priority") == "2" {
					_, _ = fmt.Fprint(w, `{"status":1,"receipt":"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"}`)
					return
				}
				_, _ = fmt.Fprint(w, `{"status":1}`)
			}))
			t.Cleanup(server.Close)
			h.write("asha.yml", "pushover: uQiRzpo4DXghDmr9QzzfQu27cmVRsG\n")
			h.catalog(strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n  pushover: {token_file: token, url: '"+server.URL+"'}\n", 1))
			h.reload()
			require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
			require.Equal(t, "/1/messages.json 1", <-posts, "what opened")
			h.later(time.Minute)
			require.Equal(t, "/1/messages.json 260", <-posts, "the page is an emergency")
			h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() && sent("asha", "push")(i) })
			h.quiet()
			h.receiver.AskReceipts(t.Context(), map[string]bool{})
			i := h.settled(1, whatever)
			require.Empty(t, i.Owner, "that is no answer")
			states := ""
			for _, m := range i.Messages {
				for _, d := range m.Deliveries {
					if m.Kind == incident.MessagePage && d.Recipient == "asha" {
						states += string(d.State)
					}
				}
			}
			require.Equal(t, string(c.state), states)
			h.request(http.MethodGet, "/incidents/1", "", 200, c.says)
			if c.state != incident.DeliverySent {
				return
			}
			require.NoError(t, h.receiver.Acknowledge(t.Context(), 1, "ben", "board"))
			h.receiver.AskReceipts(t.Context(), map[string]bool{})
			for post := ""; !strings.Contains(post, "/cancel"); post = <-posts {
			}
		})
	}
}

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

// TestAnEmergencyThatReachesNoDeviceIsFollowedByACall of the same person, at
// once, as a text that is lost; the next step waits for its time. Whoever answers
// on the phone after all has it.
func TestAnEmergencyThatReachesNoDeviceIsFollowedByACall(t *testing.T) {
	const taken, lost = `{"status":1,"receipt":"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"}`, `{"status":1,"last_delivered_at":0,"expired":0}`
	for name, c := range map[string]struct {
		taken, receipt string
		after          time.Duration
		why            string
	}{
		"there is none":      {`{"status":1,"info":"no active devices to send to"}`, lost, 0, "the person has no device at Pushover that is active"},
		"it expired":         {taken, `{"status":1,"last_delivered_at":0,"expired":1}`, 0, "Pushover reached none of the person&#39;s devices"},
		"nothing is heard":   {taken, lost, incident.ReceiptWithin, "no receipt within 2 minutes"},
		"nothing can be had": {taken, `<html>`, incident.ReceiptWithin, "no receipt within 2 minutes"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			p := newPhones(h)
			receipt := atomic.Value{}
			receipt.Store(c.receipt)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := `{"status":1}`
				switch {
				case r.Method == http.MethodGet:
					answer = receipt.Load().(string)
				case r.FormValue("priority") == "2":
					answer = c.taken
				}
				_, _ = fmt.Fprint(w, answer)
			}))
			t.Cleanup(server.Close)
			h.write("asha.yml", "pushover: uQiRzpo4DXghDmr9QzzfQu27cmVRsG\nphone: +44 7700 900123\n")
			h.catalog(strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n  pushover: {token_file: token, url: '"+server.URL+"'}\n"+
				strings.Replace(strings.Replace(twilio, "URL", p.url, 1), "sms_from: '+447700900000', ", "", 1), 1))
			h.reload()
			require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
			h.later(2 * time.Minute)
			h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() })
			h.quiet()
			over := map[string]bool{}
			h.receiver.AskReceipts(t.Context(), over)
			if c.after > 0 {
				require.Empty(t, p.taken, "it may still ring")
				h.later(c.after)
			}
			call := <-p.taken
			require.Equal(t, "+447700900123", call.Get("To"))
			i := h.settled(1, sent("asha", "voice"))
			require.Zero(t, i.Paging.Current, "the first step goes on")
			require.WithinDuration(t, i.Paging.Last.Add(15*time.Minute), i.Paging.Due, time.Second)
			h.request(http.MethodGet, "/incidents/1", "", 200, c.why)
			if c.after == 0 {
				return
			}
			receipt.Store(`{"status":1,"acknowledged":1,"last_delivered_at":1795471900}`)
			h.receiver.AskReceipts(t.Context(), over)
			i = h.settled(1, func(i incident.Incident) bool { return i.Owner != "" })
			require.Equal(t, "asha push", i.Owner+" "+i.Via)
			h.request(http.MethodGet, "/incidents/1", "", 200, "It arrived after all: Asha Rao has it by push (page)")
		})
	}
}

// TestAnEmergencyThatRingsIsWaitedFor as long as it rings: no receipt is missing.
func TestAnEmergencyThatRingsIsWaitedFor(t *testing.T) {
	h := newHouse(t)
	p := newPhones(h)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = fmt.Fprint(w, `{"status":1,"last_delivered_at":1795471900}`)
			return
		}
		_, _ = fmt.Fprint(w, map[bool]string{true: `{"status":1,"receipt":"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"}`, false: `{"status":1}`}[r.FormValue("priority") == "2"])
	}))
	t.Cleanup(server.Close)
	h.write("asha.yml", "pushover: uQiRzpo4DXghDmr9QzzfQu27cmVRsG\nphone: +44 7700 900123\n")
	h.catalog(strings.Replace(estate, "  ntfy: {url: PUSH}\n", "  ntfy: {url: PUSH}\n  pushover: {token_file: token, url: '"+server.URL+"'}\n"+strings.Replace(twilio, "URL", p.url, 1), 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.later(2 * time.Minute)
	h.settled(1, func(i incident.Incident) bool { return !i.Paging.Last.IsZero() })
	h.quiet()
	h.receiver.AskReceipts(t.Context(), map[string]bool{})
	h.request(http.MethodGet, "/incidents/1", "", 200, "Pushover: it rings")
	h.later(10 * time.Minute)
	h.quiet()
	require.Empty(t, p.taken)
	require.NoError(t, h.receiver.Acknowledge(t.Context(), 1, "ben", "board"))
	h.receiver.AskReceipts(t.Context(), map[string]bool{})
	h.settled(1, func(i incident.Incident) bool {
		for _, m := range i.Messages {
			for _, d := range m.Deliveries {
				if m.Kind == incident.MessagePage && d.State != incident.DeliveryDelivered {
					return false
				}
			}
		}
		return true
	})
}

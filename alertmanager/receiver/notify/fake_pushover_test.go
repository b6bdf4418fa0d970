package notify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const (
	pushoverUser    = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"
	pushoverReceipt = "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"
)

// pushoverServer is Pushover as far as we use it.
type pushoverServer struct {
	*fake
	url    string
	form   url.Values
	status string   // of a receipt, behind "status"
	ended  []string // what was cancelled
}

func newPushoverServer(t *testing.T) *pushoverServer {
	t.Helper()
	p := &pushoverServer{status: `"acknowledged":0`}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /1/messages.json", p.take)
	mux.HandleFunc("GET /1/receipts/{receipt}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") != secret || r.PathValue("receipt") != pushoverReceipt+".json" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = fmt.Fprintf(w, `{"status":1,%s}`, p.status)
	})
	mux.HandleFunc("POST /1/receipts/{what}/{how}", func(w http.ResponseWriter, r *http.Request) { // a receipt and cancel.json, or cancel_by_tag and a tag
		if p.replies() == http.StatusTeapot {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.PostFormValue("token") != secret || p.replies() != http.StatusOK {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		p.ended = append(p.ended, r.PathValue("what")+"/"+r.PathValue("how"))
		_, _ = fmt.Fprint(w, `{"status":1}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.fake, p.url = newFake(t), server.URL
	return p
}

func (p *pushoverServer) catalogue() string {
	return fmt.Sprintf("pushover: {token_file: secret, url: %q}", p.url)
}

func (p *pushoverServer) code(meaning string) int {
	return map[string]int{"success": 200, "temporary": 500, "permanent": 400}[meaning]
}

func (p *pushoverServer) says() []string {
	return []string{
		"CRITICAL: shop is down", "Users cannot use shop.", "Mon 23 Nov 22:10:00 UTC", "Probe home fails in 1 of 1 locations.", "payments",
		"https://board.example.org/acknowledge/abc.def",
	}
}

func (p *pushoverServer) take(w http.ResponseWriter, r *http.Request) {
	if p.misbehaves(w, r, http.StatusOK) {
		return
	}
	code := p.replies()
	if r.ParseForm() != nil || r.PostForm.Get("token") != secret || r.PostForm.Get("user") != pushoverUser {
		code = http.StatusTeapot
	}
	p.form = r.PostForm
	priority, err := strconv.Atoi(r.PostForm.Get("priority"))
	retry, _ := strconv.Atoi(r.PostForm.Get("retry"))
	expire, _ := strconv.Atoi(r.PostForm.Get("expire"))
	emergency := priority == 2
	if err != nil || emergency && (retry < 30 || expire > 10_800 || expire < retry) || r.PostForm.Has("html") ||
		len([]rune(r.PostForm.Get("title"))) > 250 || len([]rune(r.PostForm.Get("message"))) > 1024 || r.PostForm.Get("message") == "" || len(r.PostForm.Get("url")) > 512 {
		code = http.StatusTeapot
	}
	p.keep(r.PostForm.Get("title")+"\n\n"+r.PostForm.Get("message")+"\n"+r.PostForm.Get("url"), "")
	w.WriteHeader(code)
	receipt := ""
	if emergency {
		receipt = fmt.Sprintf(`,"receipt":%q`, pushoverReceipt)
	}
	_, _ = fmt.Fprintf(w, `{"status":1,"request":"%s %s"%s}`, secret, pushoverUser, receipt)
}

func pushoverMessage(t *testing.T, k incident.MessageKind) notify.Message {
	t.Helper()
	m := message(kind(t, incident.WayPush))
	m.To.Contacts = notify.Contacts{Pushover: pushoverUser}
	m.Kind, m.Urgent = k, k == incident.MessagePage
	return m
}

// A page rings until somebody has it: the answer on the phone is found by its
// receipt, and what is told of an answer or the end stops it first.
func TestAnEmergencyRingsUntilItIsAnswered(t *testing.T) {
	p := newPushoverServer(t)
	p.answer(http.StatusOK)
	all := channels(t, p)
	push := all[incident.WayPush]
	receipt, err := push.Send(t.Context(), pushoverMessage(t, incident.MessagePage))
	require.NoError(t, err)
	require.Equal(t, "pushover:"+pushoverReceipt, receipt.Thread)
	require.Equal(t, "2", p.form.Get("priority"))
	key := fmt.Sprintf("tocsin-7-%d", suiteStart.Add(time.Minute).Unix())
	require.Equal(t, key, p.form.Get("tags"))

	follower, thread, ok := all.Follower(incident.WayPush, receipt.Thread)
	require.True(t, ok)
	for _, c := range []struct {
		status string
		want   notify.Fate
	}{
		{`"acknowledged":0,"last_delivered_at":1,"expired":0`, notify.Fate{State: incident.DeliverySent, Progress: incident.Progress{Words: "Pushover: it rings", Rank: 1, Arrived: true}}},
		{`"acknowledged":0,"last_delivered_at":0,"expired":0`, notify.Fate{}},
		{`"acknowledged":1,"acknowledged_by":"` + pushoverUser + `"`, notify.Fate{State: incident.DeliveryDelivered, Acknowledged: true}},
		{`"acknowledged":0,"last_delivered_at":1,"expired":1`, notify.Fate{State: incident.DeliveryDelivered}},
		{`"acknowledged":0,"last_delivered_at":0,"expired":1`, notify.Fate{State: incident.DeliveryUndelivered, Problem: "Pushover reached none of the person's devices"}},
	} {
		p.status = c.status
		fate, err := follower.Follow(t.Context(), thread, false)
		require.NoError(t, err)
		require.Equal(t, c.want, fate, c.status)
	}
	_, err = follower.Follow(t.Context(), thread, true)
	require.NoError(t, err)
	require.Equal(t, []string{pushoverReceipt + "/cancel.json"}, p.ended, "somebody answered elsewhere")
	fate, err := follower.Follow(t.Context(), "", false)
	require.NoError(t, err)
	require.Zero(t, fate)

	m := pushoverMessage(t, incident.MessageUpdate)
	m.Thread = receipt.Thread
	later, err := push.Send(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, receipt.Thread, later.Thread, "the receipt is not forgotten")
	require.Len(t, p.ended, 1)
	m.Kind = incident.MessageResolved
	_, err = push.Send(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "cancel_by_tag/"+key+".json", p.ended[1])
	require.Equal(t, "-1", p.form.Get("priority"))
	require.Equal(t, m.Board, p.form.Get("url"))
}

func TestPushoverThatDoesNotAnswer(t *testing.T) {
	p := newPushoverServer(t)
	p.answer(http.StatusOK)
	follower, _, _ := channels(t, p).Follower(incident.WayPush, "pushover:"+pushoverReceipt)
	_, err := follower.Follow(t.Context(), "another", false)
	require.Error(t, err)
	require.NotContains(t, err.Error(), secret)
	p.status = `"acknowledged":`
	_, err = follower.Follow(t.Context(), pushoverReceipt, false)
	require.Error(t, err)
	p.answer(http.StatusServiceUnavailable)
	_, err = follower.Follow(t.Context(), pushoverReceipt, true)
	require.Error(t, err)
	m := pushoverMessage(t, incident.MessageResolved)
	m.Thread = "pushover:" + pushoverReceipt
	_, err = channels(t, p)[incident.WayPush].Send(t.Context(), m)
	require.Error(t, err, "an emergency that cannot be ended is tried again")
	p.answer(http.StatusTeapot)
	_, err = channels(t, p)[incident.WayPush].Send(t.Context(), m)
	require.ErrorContains(t, err, "418", "one that is not there any more holds nothing up")
}

// What does not fit is cut; Pushover would refuse it.
func TestALongPushFits(t *testing.T) {
	p := newPushoverServer(t)
	p.answer(http.StatusOK)
	m := pushoverMessage(t, incident.MessagePage)
	m.Incident.Alerts[0].Annotations["summary"] = strings.Repeat("ж", 10_000)
	m.Incident.Alerts[0].Annotations["description"] = strings.Repeat("ж", 10_000)
	m.AcknowledgeURL = "https://board.example.org/" + strings.Repeat("x", 600)
	_, err := channels(t, p)[incident.WayPush].Send(t.Context(), m)
	require.NoError(t, err)
	require.Empty(t, p.form.Get("url"))
}

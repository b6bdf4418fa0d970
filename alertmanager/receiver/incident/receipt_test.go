package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// texted is a history in which asha was sent a text message that waits for its
// receipt, with a call as the next way.
func texted(t *testing.T) *history {
	h := newHistory(t)
	h.report(down())
	h.expect(openedOnCall, openedPM)
	h.text(incident.Delivery{Message: 1, Recipient: "asha", Way: incident.WaySMS})
	return h
}

func (h *history) text(d incident.Delivery) {
	h.t.Helper()
	h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{d}})
	h.taken(d)
}

func (h *history) taken(d incident.Delivery) {
	h.t.Helper()
	d.ReceiptBy, d.Reachable = h.now.Add(incident.ReceiptWithin), []string{incident.WaySMS, incident.WayVoice}
	h.play(incident.Sent{Incident: 1, Delivery: d})
}

func receipt(state incident.DeliveryState, problem string) incident.Receipted {
	return incident.Receipted{Incident: 1, Message: 1, Recipient: "asha", Way: incident.WaySMS, State: state, Problem: problem}
}

func (h *history) delivered() incident.Delivery {
	h.t.Helper()
	m, _ := h.only().Message(1)
	require.Len(h.t, m.Deliveries, 1)
	return m.Deliveries[0]
}

func TestABadReceiptMovesToTheNextWayAtOnce(t *testing.T) {
	h := texted(t)
	h.after(time.Second).play(receipt(incident.DeliveryUndelivered, "the handset is off"))
	h.expect("opened to person:asha")
	next := h.only().Messages[2]
	require.Equal(t, []string{incident.WayVoice}, next.Ways)
	require.Equal(t, incident.DeliveryUndelivered, h.delivered().State)
	require.Equal(t, "the handset is off", h.delivered().Problem)
	require.NotContains(t, h.only().Told(), "asha")

	require.Empty(t, h.play(receipt(incident.DeliveryUndelivered, "the handset is off")), "a repeated receipt says nothing new")
	h.play(receipt(incident.DeliveryDelivered, ""))
	require.Equal(t, incident.DeliveryDelivered, h.delivered().State, "it came after all")
	require.Empty(t, h.play(receipt(incident.DeliveryUndelivered, "late and out of order")))
}

func TestNoReceiptInTimeIsABadOne(t *testing.T) {
	h := texted(t)
	require.Equal(t, start.Add(time.Minute-10*time.Second), h.only().Due(), "the page comes first")
	h.play(incident.Acknowledge{Incident: 1, Person: "ben", Via: "board"})
	h.expect("acknowledged to told")
	require.Equal(t, start.Add(2*time.Minute), h.only().Due())
	h.after(2*time.Minute - time.Second).play(incident.Tick{Incident: 1})
	require.Equal(t, incident.DeliverySent, h.delivered().State)
	h.after(time.Second).play(incident.Tick{Incident: 1})
	require.Equal(t, "no receipt within 2 minutes", h.delivered().Problem)
	h.expect("opened to person:asha")
	require.Empty(t, h.play(incident.Tick{Incident: 1}))
}

func TestAGoodReceiptEndsTheWait(t *testing.T) {
	h := texted(t)
	h.after(time.Second).play(receipt(incident.DeliveryDelivered, ""))
	require.True(t, h.delivered().ReceiptBy.IsZero())
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "sms"})
	h.passes(10 * time.Minute)
	require.Equal(t, incident.DeliveryDelivered, h.delivered().State)
}

func TestAReceiptMayOvertakeTheAnswer(t *testing.T) {
	for _, state := range []incident.DeliveryState{incident.DeliveryDelivered, incident.DeliveryUndelivered} {
		t.Run(string(state), func(t *testing.T) {
			h := newHistory(t)
			h.report(down())
			h.expect(openedOnCall, openedPM)
			d := incident.Delivery{Message: 1, Recipient: "asha", Way: incident.WaySMS}
			h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{d}})
			h.play(receipt(state, ""))
			h.expect()
			h.taken(d)
			require.Equal(t, state, h.delivered().State)
			if state == incident.DeliveryUndelivered {
				h.expect("opened to person:asha")
			}
		})
	}
}

func TestAReceiptOfNothingIsIgnored(t *testing.T) {
	h := texted(t)
	for _, stray := range []incident.Receipted{
		{Incident: 2, Message: 1, Recipient: "asha", Way: incident.WaySMS, State: incident.DeliveryDelivered},
		{Incident: 1, Message: 9, Recipient: "asha", Way: incident.WaySMS, State: incident.DeliveryDelivered},
		{Incident: 1, Message: 1, Recipient: "ben", Way: incident.WaySMS, State: incident.DeliveryDelivered},
		{Incident: 1, Message: 1, Recipient: "asha", Way: incident.WayVoice, State: incident.DeliveryDelivered},
	} {
		require.Empty(t, h.play(stray))
	}
	h.play(incident.Failed{Incident: 1, Delivery: incident.Delivery{Message: 2, Recipient: "pat", Way: incident.WaySMS}})
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "board"})
	h.expect()
	require.Empty(t, h.play(incident.Receipted{Incident: 1, Message: 2, Recipient: "pat", Way: incident.WaySMS, State: incident.DeliveryUndelivered}))
}

// TestHowFarAMessageIs: what is told late, twice or after the end changes
// nothing, and what arrives after it was given up is told as that.
func TestHowFarAMessageIs(t *testing.T) {
	on := func(rank int) incident.Receipted {
		r := receipt(incident.DeliverySent, "")
		r.Progress = incident.Progress{Words: "step", Rank: rank}
		return r
	}
	h := texted(t)
	due := h.delivered().ReceiptBy
	require.Len(t, h.after(time.Second).play(on(2)), 1)
	require.Empty(t, h.play(on(2)), "again")
	require.Empty(t, h.play(on(1)), "out of order")
	require.Len(t, h.play(on(4)), 1)
	require.Equal(t, due, h.delivered().ReceiptBy, "it is waited for no longer")
	require.Equal(t, "step sent", h.delivered().Progress.Words+" "+string(h.delivered().State))

	h.play(receipt(incident.DeliveryUndelivered, "the handset is off"))
	h.expect("opened to person:asha")
	require.Empty(t, h.play(on(9)), "after its end")
	events := h.play(receipt(incident.DeliveryDelivered, ""))
	require.Len(t, events, 1)
	require.Equal(t, "after all", events[0].Text)
	require.Empty(t, h.play(on(9)))

	h = texted(t)
	last := on(9)
	last.Progress.Last = true
	h.play(last)
	require.True(t, h.delivered().ReceiptBy.IsZero(), "nothing more comes")
	h.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "sms"})
	h.passes(5 * time.Minute)
	require.Equal(t, incident.DeliverySent, h.delivered().State)

	h = texted(t)
	listening := on(9)
	listening.Progress.Within = time.Hour
	h.after(time.Second).play(listening)
	require.Equal(t, h.now.Add(time.Hour), h.delivered().ReceiptBy)
}

// TestAMessageIsOnItsWayBeforeItWasNoted as sent: providers are fast.
func TestAMessageIsOnItsWayBeforeItWasNoted(t *testing.T) {
	h := newHistory(t)
	h.report(down())
	h.expect(openedOnCall, openedPM)
	d := incident.Delivery{Message: 1, Recipient: "asha", Way: incident.WaySMS}
	h.play(incident.Claimed{Incident: 1, Deliveries: []incident.Delivery{d}})
	early := receipt(incident.DeliverySent, "")
	early.Progress = incident.Progress{Words: "abroad", Rank: 9, Last: true}
	h.play(early)
	h.taken(d)
	require.Equal(t, "abroad", h.delivered().Progress.Words)
	require.True(t, h.delivered().ReceiptBy.IsZero())
}

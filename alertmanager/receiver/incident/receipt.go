package incident

import (
	"cmp"
	"fmt"
	"time"
)

// ReceiptWithin is how long a way that gives receipts may take to say that a
// message has arrived. After that the message counts as undelivered.
const ReceiptWithin = 2 * time.Minute

// Progress is how far a message is on its way, as its provider says. Rank is
// higher for what comes later, 0 for nothing said.
type Progress struct {
	Words   string        `json:"words,omitempty"`
	Rank    int           `json:"rank,omitempty"`
	Last    bool          `json:"last,omitempty"` // nothing more will be said: no receipt is waited for
	Arrived bool          `json:"-"`              // it is there: an answer may come, and no receipt is waited for
	Within  time.Duration `json:"-"`              // the end may take so long from now; 0 changes nothing
}

// Receipted is what a provider says later of a message it took. State is
// DeliveryDelivered or DeliveryUndelivered, and Problem says why not; it is
// DeliverySent while the message is on its way, and Progress says where.
type Receipted struct {
	Incident  ID
	Message   int
	Recipient string
	Way       string
	State     DeliveryState
	Problem   string
	Progress  Progress
	Thread    string // what the provider calls it from now on; empty when that is as before
}

func (Receipted) input() {}

// receipted notes a receipt. One that says nothing new, or that a message was
// lost which has arrived, changes nothing: providers repeat themselves and
// mix up the order.
func (d *decision) receipted(in Receipted) {
	delivery, ok := d.delivery(in)
	if ok && in.State == DeliverySent && !delivery.State.lost() {
		d.progressed(in, delivery)
		return
	}
	if !ok || in.State == DeliverySent || in.State == delivery.State || delivery.State == DeliveryDelivered {
		return
	}
	taken, late := delivery.State != DeliverySending, delivery.State == DeliveryUndelivered
	delivery.State, delivery.At, delivery.Problem, delivery.ReceiptBy = in.State, d.now, in.Problem, time.Time{}
	delivery.Thread = cmp.Or(in.Thread, delivery.Thread)
	e := Event{Incident: in.Incident, Kind: KindReceipt, Delivery: &delivery}
	if late {
		e.Text = afterAll
	}
	d.emit(e)
	if in.State == DeliveryUndelivered && taken {
		d.nextWay(in.Incident, delivery, delivery.Reachable)
	}
}

// afterAll is the text of a receipt by which something has arrived that was
// given up.
const afterAll = "after all"

// progressed notes how far a message is that has no end yet. What was so before,
// told late, is passed over.
func (d *decision) progressed(in Receipted, delivery Delivery) {
	if delivery.State == DeliveryDelivered || in.Progress.Rank <= delivery.Progress.Rank {
		return
	}
	delivery.Progress = in.Progress
	switch {
	case in.Progress.Last, in.Progress.Arrived:
		delivery.ReceiptBy = time.Time{}
	case in.Progress.Within > 0 && !delivery.ReceiptBy.IsZero():
		delivery.ReceiptBy = d.now.Add(in.Progress.Within)
	}
	d.emit(Event{Incident: in.Incident, Kind: KindReceipt, Delivery: &delivery})
}

// early is the receipt that came before its message was noted as sent; nil
// for none. The next way is not known before that.
func early(in Sent, known Delivery) *Receipted {
	r := receiptOf(in)
	if known.State != DeliveryDelivered && known.State != DeliveryUndelivered {
		return nil
	}
	r.State, r.Problem, r.Thread = known.State, known.Problem, known.Thread
	return &r
}

// receiptOf is a receipt, without a state yet, of a message that was sent.
func receiptOf(in Sent) Receipted {
	return Receipted{Incident: in.Incident, Message: in.Delivery.Message, Recipient: in.Delivery.Recipient, Way: in.Delivery.Way}
}

// delivery finds what a receipt is about; false when it is of no message of
// ours, or of one that was never taken.
func (d *decision) delivery(in Receipted) (Delivery, bool) {
	i, _ := d.state.Incident(in.Incident)
	m, _ := i.Message(in.Message)
	for _, delivery := range m.Deliveries {
		if delivery.Recipient == in.Recipient && delivery.Way == in.Way {
			return delivery, delivery.State != DeliveryFailed
		}
	}
	return Delivery{}, false
}

// overdue gives up the deliveries whose receipt has not come in time.
func (d *decision) overdue(id ID) {
	i, _ := d.state.Incident(id)
	for _, delivery := range i.unconfirmed() {
		if delivery.ReceiptBy.After(d.now) {
			continue
		}
		d.receipted(Receipted{
			Incident: id, Message: delivery.Message, Recipient: delivery.Recipient, Way: delivery.Way,
			State: DeliveryUndelivered, Problem: fmt.Sprintf("no receipt within %d minutes", ReceiptWithin/time.Minute),
		})
	}
}

// unconfirmed lists the deliveries that wait for a receipt.
func (i Incident) unconfirmed() []Delivery {
	var waiting []Delivery
	for _, m := range i.Messages {
		for _, delivery := range m.Deliveries {
			if delivery.State == DeliverySent && !delivery.ReceiptBy.IsZero() {
				waiting = append(waiting, delivery)
			}
		}
	}
	return waiting
}

// receiptDue is when the first of them has waited too long; zero when none
// waits.
func (i Incident) receiptDue() time.Time {
	due := time.Time{}
	for _, delivery := range i.unconfirmed() {
		due = earliest(due, delivery.ReceiptBy)
	}
	return due
}

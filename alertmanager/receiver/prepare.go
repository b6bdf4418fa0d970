package receiver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// about is the alert that a message is about, or the zero alert.
func about(i incident.Incident, m incident.Message) incident.Alert {
	var newest incident.Alert
	for _, a := range i.Alerts {
		if m.About != "" && a.Fingerprint == m.About && !a.StartsAt.Before(newest.StartsAt) {
			newest = a
		}
	}
	return newest
}

// prepare puts one delivery together.
func (r *Receiver) prepare(d *directory, i incident.Incident, m incident.Message, e store.Entry) (sending, error) {
	channel := d.channels[e.Way]
	if channel == nil {
		return sending{}, fmt.Errorf("the catalogue configures no channel for %s", e.Way)
	}
	n := notify.Message{
		ID: notify.MessageID(i.ID, m.Number, e.Recipient, e.Way), Number: m.Number, Kind: m.Kind, Urgent: m.Urgent, News: m.News, At: m.At,
		To: notify.Recipient{ID: e.Recipient, Name: d.name(e.Recipient)}, Thread: i.Thread(e.Recipient, e.Way),
		Incident: i, About: about(i, m), Zone: d.zones[i.Team], Board: d.page(i.ID), Callback: d.callback(), Attempt: e.Attempts,
	}
	if i.Owner != "" {
		n.Owner = d.name(i.Owner)
	}
	if m.Kind == incident.MessageNote {
		n.News = d.name(m.By) + ": " + m.News
	}
	if incident.IsPlace(e.Recipient) {
		return sending{entry: e, message: n, channel: channel}, nil
	}
	next, contacts, err := d.reach(e.Recipient, slices.Concat(m.Ways, d.sorted(e.Recipient, m.Fallback)))
	if err != nil {
		return sending{}, err
	}
	n.To.Contacts = contacts
	if !d.channels.Reach(e.Way, contacts) {
		return sending{}, fmt.Errorf("no address for %s any more", e.Way)
	}
	if i.Open() && i.Owner == "" && !slices.Equal(m.To, []incident.Role{incident.RoleProductManager}) && n.Board != "" {
		n.AcknowledgeURL = d.board() + "/acknowledge/" + r.signer.sign(i.ID, e.Recipient, r.now().Add(tokenLife))
	}
	return sending{entry: e, message: n, channel: channel, next: next, urgent: m.Urgent}, nil
}

// board is the address of the board without a slash at the end, or "".
func (d *directory) board() string { return strings.TrimRight(d.catalog.Links.Board, "/") }

// callback is the address below which providers reach the receiver, or "".
func (d *directory) callback() string {
	if d.board() == "" {
		return ""
	}
	return d.board() + strings.TrimSuffix(callback.Prefix, "/")
}

func (d *directory) page(id incident.ID) string {
	if d.board() == "" {
		return ""
	}
	return fmt.Sprintf("%s/incidents/%d", d.board(), id)
}

// Package audit is the record of who did what on the board, when and from
// where.
//
// The board makes an [Entry] of every request that changes something and of
// every login, the store keeps them, and the board shows them to whoever may
// administer it.
//
// An entry is about a request, not about what came of it in an incident: that
// is on the incident's timeline, with the same person.
package audit

import (
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Entry is one thing that somebody did or tried.
type Entry struct {
	At       time.Time   `json:"at"`
	Person   string      `json:"person,omitempty"` // of the catalogue; "" for nobody in it
	By       string      `json:"by,omitempty"`     // how they logged in; "" when they had not
	Login    string      `json:"login,omitempty"`
	Address  string      `json:"address"`            // where the request came from
	What     string      `json:"what"`               // method and path, without a link's secret
	Incident incident.ID `json:"incident,omitempty"` // that it was about
	Details  string      `json:"details,omitempty"`  // the fields of the form, in short
	Code     int         `json:"code"`               // status of the answer
}

// Done says whether it was done, not only tried.
func (e Entry) Done() bool { return e.Code < 400 }

// Query says which entries are wanted, the newest first.
type Query struct {
	Before   time.Time
	Incident incident.ID // 0 for all
	Most     int
}

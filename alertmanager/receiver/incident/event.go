package incident

import "time"

// Kind says what happened.
type Kind string

// The kinds of events, and the fields of [Event] that each one uses.
const (
	KindOpened         Kind = "opened"           // Key, Team, Catalogued
	KindReopened       Kind = "reopened"         //
	KindAlertFired     Kind = "alert_fired"      // Alert; Text when it replaces an earlier occurrence; By is how it became known when no notification said so
	KindAlertChanged   Kind = "alert_changed"    // Alert: its texts changed
	KindAlertConfirmed Kind = "alert_confirmed"  // Alert: no longer in doubt
	KindAlertResolved  Kind = "alert_resolved"   // Alert; Text is why when it was not said positively
	KindAlertEnded     Kind = "alert_ended"      // Alert: resolved, but of no incident; Incident is 0
	KindHidden         Kind = "hidden"           // Group, Count
	KindSeverity       Kind = "severity_changed" // Severity
	KindAcknowledged   Kind = "acknowledged"     // Person, Text is the way
	KindClosed         Kind = "closed"           // Text is why
	KindPagePlanned    Kind = "page_planned"     // Due, Step
	KindPageCancelled  Kind = "page_cancelled"   // Text is why
	KindPaged          Kind = "paged"            // Step; Due, NextStep and Paging are what follows
	KindAlarmPlanned   Kind = "alarm_planned"    // Due; zero when the tools need not ring by themselves
	KindAlarmSilent    Kind = "alarm_silent"     // Person is the tool that cannot be told, Text is why: people are paged in its place

	// Of the owner; Due is when the ownership ends, Foreign that the catalogue does not have them.
	KindSnoozed        Kind = "snoozed"         // Person, Text is the way
	KindReassigned     Kind = "reassigned"      // Person is the new owner or nobody, By handed over, Text is the way
	KindOwnerAsked     Kind = "owner_asked"     // Person
	KindOwnershipEnded Kind = "ownership_ended" // Person; Text is why when it was not the time
	KindNote           Kind = "note"            // Person, Text; By is the way

	KindJoined Kind = "joined" // Parent; Person when somebody says so
	KindLeft   Kind = "left"   // Parent, Person

	KindAlertSilenced   Kind = "alert_silenced"   // Alert, Text is by whom
	KindAlertUnsilenced Kind = "alert_unsilenced" // Alert
	KindSightLost       Kind = "sight_lost"       // Text is why
	KindSightRegained   Kind = "sight_regained"   //
	// Window; Person is who changed the windows, if somebody did.
	KindMaintenanceBegan   Kind = "maintenance_began"
	KindMaintenanceChanged Kind = "maintenance_changed"
	KindMaintenanceEnded   Kind = "maintenance_ended"  // Due is when messages go again
	KindMaintenanceLifted  Kind = "maintenance_lifted" // messages go again

	KindMessageQueued   Kind = "message_queued"   // Message
	KindDeliveryStarted Kind = "delivery_started" // Delivery
	KindDelivered       Kind = "delivered"        // Delivery
	KindDeliveryFailed  Kind = "delivery_failed"  // Delivery
	KindReceipt         Kind = "receipt"          // Delivery: the provider says what became of it
	KindNobodyReached   Kind = "nobody_reached"   // Delivery.Message, Person is the role or person, Text is why
)

// Event is one line of an incident's timeline.
type Event struct {
	Incident ID        `json:"incident"`
	At       time.Time `json:"at"`
	Kind     Kind      `json:"kind"`

	Key        Key       `json:"key,omitzero"`
	Team       string    `json:"team,omitempty"`
	Catalogued bool      `json:"catalogued,omitempty"`
	Alert      *Alert    `json:"alert,omitempty"`
	Severity   Severity  `json:"severity,omitempty"`
	Group      string    `json:"group,omitempty"`
	Count      int       `json:"count,omitempty"`
	Person     string    `json:"person,omitempty"`
	Text       string    `json:"text,omitempty"`
	Step       int       `json:"step,omitempty"`
	NextStep   int       `json:"next_step,omitempty"`
	Due        time.Time `json:"due,omitzero"`
	Paging     *Paging   `json:"paging,omitempty"`
	By         string    `json:"by,omitempty"`
	Foreign    bool      `json:"foreign,omitempty"`
	Parent     ID        `json:"parent,omitempty"`
	Window     *Window   `json:"window,omitempty"`
	Message    *Message  `json:"message,omitempty"`
	Delivery   *Delivery `json:"delivery,omitempty"`
}

package incident

import (
	"slices"
	"strings"
	"time"
)

// Role is to whom a message goes, before anybody knows who that is.
type Role string

// The roles. RolePerson is a person's id behind "person:"; see [PersonRole].
const (
	RoleOnCall         Role = "on_call"
	RoleBackup         Role = "backup"
	RoleManager        Role = "manager"
	RoleTeam           Role = "team" // every member
	RoleProductManager Role = "product_manager"
	RoleOwner          Role = "owner"  // who acknowledged
	RoleTold           Role = "told"   // who heard of this incident before
	RoleGitHub         Role = "github" // the pull request behind a failed pipeline
	RoleTools          Role = "tools"  // what the team uses beside us: PagerDuty, a Slack bot, its own webhook
)

const personPrefix = "person:"

// PersonRole is the role of one named person.
func PersonRole(id string) Role { return Role(personPrefix + id) }

// Person is the id in a role of [PersonRole], or "".
func (r Role) Person() string {
	if len(r) > len(personPrefix) && r[:len(personPrefix)] == personPrefix {
		return string(r[len(personPrefix):])
	}
	return ""
}

// MessageKind is why a message is sent.
type MessageKind string

// The kinds of messages.
const (
	MessageOpened       MessageKind = "opened"
	MessageReopened     MessageKind = "reopened"
	MessageUpdate       MessageKind = "update"
	MessagePage         MessageKind = "page"
	MessageReminder     MessageKind = "reminder"
	MessageAcknowledged MessageKind = "acknowledged"
	MessageResolved     MessageKind = "resolved"
	MessageAssigned     MessageKind = "assigned"   // to who has it from now on
	MessageDisowned     MessageKind = "given_back" // to tools: nobody has it any longer
	MessageNote         MessageKind = "note"       // to tools: what somebody wrote
	MessageTest         MessageKind = "test"       // of no incident: somebody tries out whether a person is reached
	MessageShift        MessageKind = "shift"      // of no incident: a turn on call begins
)

// Message is something to tell, and what became of it.
type Message struct {
	Number   int         `json:"number"` // within the incident, from 1
	Kind     MessageKind `json:"kind"`
	At       time.Time   `json:"at"`
	To       []Role      `json:"to"`
	Except   string      `json:"except,omitempty"`   // a person who need not be told
	By       string      `json:"by,omitempty"`       // who wrote a note
	From     string      `json:"from,omitempty"`     // the way by which it came to us: a tool of that way knows
	Ways     []string    `json:"ways"`               // used at once, as far as the person can be reached by them
	Fallback []string    `json:"fallback,omitempty"` // tried in order where the ways fail
	Urgent   bool        `json:"urgent,omitempty"`   // may ring in the night
	Step     int         `json:"step,omitempty"`     // of the escalation, for a page
	News     string      `json:"news,omitempty"`     // what is new, in a sentence
	Digest   ID          `json:"digest,omitempty"`   // the cause; what one person hears of it by one way goes in one message
	Again    bool        `json:"again,omitempty"`    // one by another way came to nothing: it is not gathered with what comes later
	About    string      `json:"about,omitempty"`    // fingerprint of the one alert it is about
	Next     time.Time   `json:"next,omitzero"`      // when the product manager hears again

	Deliveries []Delivery `json:"deliveries,omitempty"`
	Unreached  []string   `json:"unreached,omitempty"` // roles or people whom nothing reached
}

// DeliveryState is how far one delivery has come.
type DeliveryState string

// The states of a delivery. Sent means that the provider took it; delivered
// and undelivered are what it said later, where it says so at all.
const (
	DeliverySending     DeliveryState = "sending"
	DeliverySent        DeliveryState = "sent"
	DeliveryFailed      DeliveryState = "failed"
	DeliveryDelivered   DeliveryState = "delivered"
	DeliveryUndelivered DeliveryState = "undelivered"
)

// lost says that the message did not get there.
func (s DeliveryState) lost() bool { return s == DeliveryFailed || s == DeliveryUndelivered }

// Delivery is one message to one recipient by one way.
type Delivery struct {
	Message   int           `json:"message"`
	Recipient string        `json:"recipient"` // a person's id, or a place: "pipeline/NAME" for GitHub, "WAY/TEAM" for a team's tool
	Way       string        `json:"way"`
	State     DeliveryState `json:"state"`
	At        time.Time     `json:"at"`
	Attempts  int           `json:"attempts,omitempty"`
	Problem   string        `json:"problem,omitempty"`
	Progress  Progress      `json:"progress,omitzero"`
	Thread    string        `json:"thread,omitempty"` // the provider's name of what was sent, for the next to follow

	HeldUntil time.Time `json:"held_until,omitzero"` // it is gathered until then; see [State.HeldUntil]
	ReceiptBy time.Time `json:"receipt_by,omitzero"` // while a receipt is waited for: the last moment
	Reachable []string  `json:"reachable,omitempty"` // the ways to go on with if it does not come, or is a bad one
}

// pending says whether a recipient may still be reached by the message.
func (m Message) pending() bool {
	return slices.ContainsFunc(m.Deliveries, func(d Delivery) bool { return !d.State.lost() })
}

// IsPlace says that a recipient is not a person: the id of a place has a slash
// in it, that of a person never.
func IsPlace(recipient string) bool { return strings.Contains(recipient, "/") }

// Told lists the people who were or are being told of the incident since its
// last opening, in the order in which they first heard. Places are left out.
func (i Incident) Told() []string {
	var told []string
	seen := map[string]bool{}
	for _, m := range i.Messages {
		if m.At.Before(i.Since) {
			continue
		}
		for _, d := range m.Deliveries {
			if !d.State.lost() && !IsPlace(d.Recipient) && !seen[d.Recipient] {
				seen[d.Recipient] = true
				told = append(told, d.Recipient)
			}
		}
	}
	return told
}

// WaysTo lists the ways by which a person heard of the incident, or would
// have, since its last opening.
func (i Incident) WaysTo(person string) []string {
	var ways []string
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if !m.At.Before(i.Since) && d.Recipient == person && !slices.Contains(ways, d.Way) {
				ways = append(ways, d.Way)
			}
		}
	}
	return ways
}

// PagedBy lists the ways of the last page to a person since the incident's last
// opening.
func (i Incident) PagedBy(person string) []string {
	var last []string
	for _, m := range i.Messages {
		if m.Kind != MessagePage || m.At.Before(i.Since) {
			continue
		}
		var ways []string
		for _, d := range m.Deliveries {
			if d.Recipient == person {
				ways = append(ways, d.Way)
			}
		}
		if len(ways) > 0 {
			last = ways
		}
	}
	return last
}

// Thread is the provider's name of the last thing sent to a recipient by a
// way, or "".
func (i Incident) Thread(recipient, way string) string {
	thread := ""
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if d.Recipient == recipient && d.Way == way && d.Thread != "" {
				thread = d.Thread
			}
		}
	}
	return thread
}

// The ways of reaching somebody, as escalation steps name them.
const (
	WayEmail  = "email"
	WayPush   = "push"
	WaySMS    = "sms"
	WayVoice  = "voice"
	WayGitHub = "github"
)

// The ways to a team's tools; see [RoleTools].
const (
	WayPagerDuty = "pagerduty"
	WayVictorOps = "victorops"
	WayWebhook   = "webhook"
	WaySlack     = "slack"
	WayIssue     = "issue"
)

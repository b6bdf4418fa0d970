package incident

import (
	"slices"
	"strings"
	"time"
)

// ID numbers incidents from 1; people say it aloud.
type ID int64

// Key is what makes two alerts one incident.
type Key struct {
	Service  string   `json:"service"`
	Audience Audience `json:"audience"`
	Drill    bool     `json:"drill,omitempty"` // an exercise never joins what is real
}

// LabelDrill marks the alerts of an exercise; its value tells one exercise from
// another.
const LabelDrill = "tocsin_drill"

// Audience is who is affected.
type Audience string

// The audiences. Alerts without a known one belong to AudiencePlatform, so
// that somebody looks at them.
const (
	AudienceUsers      Audience = "users"
	AudienceDevelopers Audience = "developers"
	AudiencePlatform   Audience = "platform"
)

// Severity is how bad it is.
type Severity string

// The severities. An unknown one counts as SeverityWarning.
const (
	SeverityCritical Severity = "critical"
	SeverityWarning  Severity = "warning"
	SeverityInfo     Severity = "info"
)

// Rank orders severities, the worst first; no severity is last.
func (s Severity) Rank() int {
	switch s {
	case SeverityCritical:
		return 0
	case SeverityWarning:
		return 1
	case SeverityInfo:
		return 2
	}
	return 3
}

// Occurrence identifies one firing of one alert. The same alert firing again
// has the same fingerprint and another start.
type Occurrence struct {
	Source      string
	Fingerprint string
	StartsAt    time.Time
}

// Alert is one occurrence as Alertmanager told it.
type Alert struct {
	Source       string            `json:"source"` // the cluster of Alertmanagers
	Fingerprint  string            `json:"fingerprint"`
	StartsAt     time.Time         `json:"starts_at"`
	EndsAt       time.Time         `json:"ends_at,omitzero"` // zero while it fires
	ReceivedAt   time.Time         `json:"received_at,omitzero"`
	DoubtedUntil time.Time         `json:"doubted_until,omitzero"` // counts from then on; see Policy.DoubtFor
	Labels       map[string]string `json:"labels,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	GeneratorURL string            `json:"generator_url,omitempty"`
	Resolved     bool              `json:"resolved,omitempty"`
	SilencedBy   string            `json:"silenced_by,omitempty"` // in Alertmanager, in words
}

// Occurrence is the alert's identity.
func (a Alert) Occurrence() Occurrence {
	return Occurrence{a.Source, a.Fingerprint, a.StartsAt.UTC()}
}

// Key is the incident that the alert belongs to.
func (a Alert) Key() Key {
	k := Key{Service: a.Labels["service"], Audience: AudiencePlatform, Drill: a.Labels[LabelDrill] != ""}
	switch known := Audience(a.Labels["audience"]); known {
	case AudienceUsers, AudienceDevelopers, AudiencePlatform:
		k.Audience = known
	}
	if k.Service == "" {
		k.Service = "unassigned"
	}
	return k
}

// Name is the name of the rule that fires.
func (a Alert) Name() string { return a.Labels["alertname"] }

// Severity is that of the labels.
func (a Alert) Severity() Severity {
	s := Severity(a.Labels["severity"])
	if s.Rank() > SeverityInfo.Rank() {
		return SeverityWarning
	}
	return s
}

// Summary says in one line what is wrong.
func (a Alert) Summary() string {
	for _, text := range []string{a.Annotations["summary"], a.Annotations["description"], a.Name()} {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			return text
		}
	}
	return "an alert without a name fires"
}

// counts says whether the alert fires and is not in doubt at now.
func (a Alert) counts(now time.Time) bool { return !a.Resolved && !a.DoubtedUntil.After(now) }

// Incident is what one audience of one service is going through. It is open
// until Closed is set.
type Incident struct {
	ID         ID        `json:"id"`
	Key                  // service and audience
	Team       string    `json:"team"`
	Catalogued bool      `json:"catalogued"` // the service stood in the catalogue when the incident opened
	Severity   Severity  `json:"severity"`   // the worst since the last opening while closed; of what fires while open
	Opened     time.Time `json:"opened"`
	Since      time.Time `json:"since"` // the start of this outage: Opened, or the last reopening
	Closed     time.Time `json:"closed,omitzero"`
	ClosedBy   string    `json:"closed_by,omitempty"`
	Reopened   int       `json:"reopened,omitempty"`
	Alerts     []Alert   `json:"alerts"`

	// Hidden counts, by group of Alertmanager, alerts that a truncated
	// notification did not show. While it is not empty nothing closes.
	Hidden map[string]int `json:"hidden,omitempty"`

	Ownership

	Parent    ID        `json:"parent,omitempty"`   // the incident of what it comes from
	Merged    bool      `json:"merged,omitempty"`   // because somebody said so
	Unsighted time.Time `json:"unsighted,omitzero"` // since when nobody can see whether it goes on

	Paging     Paging    `json:"paging,omitzero"`
	AlarmAt    time.Time `json:"alarm_at,omitzero"`    // when the team's tools ring although our hours hold the page back
	Silent     time.Time `json:"silent,omitzero"`      // when they could not be told to; until the next outage our hours hold nothing back
	ReminderAt time.Time `json:"reminder_at,omitzero"` // when the product manager hears of it again

	Maintenance Maintenance `json:"maintenance,omitzero"` // the last windows over it; see Withheld

	Messages []Message `json:"messages,omitempty"`
	Sequence int       `json:"sequence"` // events so far
}

// Open says whether the incident goes on.
func (i Incident) Open() bool { return i.Closed.IsZero() }

// Firing lists the alerts that fire, the worst and oldest first.
func (i Incident) Firing() []Alert {
	var firing []Alert
	for _, a := range i.Alerts {
		if !a.Resolved {
			firing = append(firing, a)
		}
	}
	slices.SortStableFunc(firing, func(a, b Alert) int {
		if by := a.Severity().Rank() - b.Severity().Rank(); by != 0 {
			return by
		}
		return a.StartsAt.Compare(b.StartsAt)
	})
	return firing
}

// Lead is the alert that the incident is named after: the worst that fires, or
// the worst that did.
func (i Incident) Lead() Alert {
	if firing := i.Firing(); len(firing) > 0 {
		return firing[0]
	}
	lead := Alert{}
	for n, a := range i.Alerts {
		if n == 0 || a.Severity().Rank() < lead.Severity().Rank() {
			lead = a
		}
	}
	return lead
}

// Began is when the fault of this outage began: with the oldest start of the
// alerts in it, which lies before the receiver heard of it.
func (i Incident) Began() time.Time {
	began := i.Since
	for _, a := range i.Alerts {
		if !a.ReceivedAt.Before(i.Since) && a.StartsAt.Before(began) {
			began = a.StartsAt
		}
	}
	return began
}

// Unseen is the number of alerts that truncated notifications did not show.
func (i Incident) Unseen() int {
	sum := 0
	for _, n := range i.Hidden {
		sum += n
	}
	return sum
}

// Due is the next instant at which a [Tick] may change the incident; zero
// when none will.
func (i Incident) Due() time.Time {
	if !i.Open() {
		return i.receiptDue()
	}
	due := earliest(earliest(i.Paging.Due, i.Paging.Until), i.ReminderAt)
	if i.Withheld() {
		due = i.Maintenance.Until
		if !i.Maintenance.Ended.IsZero() {
			due = i.Maintenance.LiftAt
		}
	}
	if i.rings() {
		due = earliest(due, i.AlarmAt)
	}
	due = earliest(earliest(due, i.ownershipDue()), i.receiptDue())
	for _, a := range i.Alerts {
		if !a.Resolved {
			due = earliest(due, a.DoubtedUntil)
		}
	}
	return due
}

// Message finds a message by its number.
func (i Incident) Message(number int) (Message, bool) {
	if number < 1 || number > len(i.Messages) {
		return Message{}, false
	}
	return i.Messages[number-1], true
}

// find gives the position of the newest occurrence of an alert, or -1.
func (i Incident) find(source, fingerprint string) int {
	newest := -1
	for n, a := range i.Alerts {
		if a.Source == source && a.Fingerprint == fingerprint && (newest < 0 || !a.StartsAt.Before(i.Alerts[newest].StartsAt)) {
			newest = n
		}
	}
	return newest
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

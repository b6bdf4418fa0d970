package incident

import "time"

// Policy is what the catalogue and the house say. It is pure: the same
// question has the same answer for as long as the catalogue is the same.
type Policy struct {
	ReopenWithin time.Duration // a fault this soon after the end is the same incident
	ProductEvery time.Duration // how often the product manager hears of a lasting fault

	// An occurrence that fires within DoubtWithin of its own resolution is
	// most likely a notification that came late. It counts after DoubtFor,
	// unless it is resolved again by then.
	DoubtWithin, DoubtFor time.Duration

	// What has come back several times counts when it has stayed for FlapFor.
	FlapFor time.Duration

	// What outlasts a maintenance window is told this long after its end at
	// most, and sooner when the service pages sooner.
	LiftWithin time.Duration

	// Known says whether a person is in the catalogue; nil for everybody.
	Known func(person string) bool

	// Terms says what holds for a service; team is the one that an alert
	// names, for services that are not in the catalogue.
	Terms func(service, team string) Terms
}

// DefaultPolicy has the durations of the design and no terms.
func DefaultPolicy() Policy {
	return Policy{
		ReopenWithin: 30 * time.Minute,
		ProductEvery: time.Hour,
		DoubtWithin:  time.Minute,
		DoubtFor:     30 * time.Second,
		FlapFor:      time.Minute,
		LiftWithin:   time.Minute,
	}
}

// Terms is what holds for one service.
type Terms struct {
	Catalogued     bool
	Team           string
	ProductManager bool // there is one
	Tools          bool // the team has tools of its own that hear of every change; see [RoleTools]
	PageAfter      time.Duration
	PageOn         Severity        // the mildest that pages; empty for critical
	Steps          []Step          // of the escalation; the last repeats
	Comments       map[string]bool // pipelines whose failures are told on GitHub

	// AcknowledgedFor is how long an acknowledgement holds while it still fires;
	// zero for ever.
	AcknowledgedFor time.Duration

	// Dependencies are the services without which this one cannot work, directly
	// or by others.
	Dependencies []string

	// Maintenance is the window over the service at t, the one that ends
	// last; false when none is open. Nil for a service that has none.
	Maintenance func(t time.Time) (Window, bool)

	// Turn says who has a role at t, and until when; nobody where the role does
	// not change hands. Nil for a team without a rota.
	Turn func(role Role, t time.Time) (person string, until time.Time)

	// PagesFrom is the first instant at or after t at which a page may go
	// out; false when there is none.
	PagesFrom func(t time.Time) (time.Time, bool)
}

// Step is one step of an escalation. By are the ways used at once, Then those
// that follow; Every is how often all of that is repeated, zero when it is not;
// For is how long the step waits for an acknowledgement.
type Step struct {
	Notify Role
	By     []string
	Then   []Later
	Every  time.Duration
	For    time.Duration

	// The step is left out for incidents milder than Severity, and while Within
	// is false; nil is always. The last step has neither.
	Severity Severity
	Within   func(time.Time) bool
}

// Later is one more way of a step, After its begin or its repetition.
type Later struct {
	Way   string
	After time.Duration
}

// class is what the severity and the audience of an incident ask for.
type class struct {
	told    []Role
	ways    []string // tried in order where the first fails, except for pages
	product bool
	pages   bool
}

// classes is who is told of what. What is missing is told to nobody: it is on
// the board and the dashboards.
func classOf(a Audience, s Severity) class {
	onCall, team := []Role{RoleOnCall, RoleOwner}, []Role{RoleTeam}
	switch {
	case a == AudienceUsers && s == SeverityCritical:
		return class{told: onCall, ways: []string{WayEmail, WayPush}, product: true, pages: true}
	case a == AudienceUsers && s == SeverityWarning:
		return class{told: onCall, ways: []string{WayEmail, WayPush}, product: true}
	case a == AudienceDevelopers && s == SeverityCritical:
		return class{told: team, ways: []string{WayEmail}, pages: true}
	case a == AudienceDevelopers && s == SeverityWarning:
		return class{told: team, ways: []string{WayEmail}}
	case a == AudiencePlatform && s == SeverityCritical:
		return class{told: []Role{RoleOnCall, RoleOwner, RoleTeam}, ways: []string{WayEmail, WayPush}, pages: true}
	case a == AudiencePlatform && s == SeverityWarning:
		return class{told: team, ways: []string{WayEmail}}
	}
	return class{}
}

func (c class) tells() bool { return len(c.told) > 0 }

package incident

import "time"

// Input is something that happened outside: one of [Reported], [Seen],
// [Sight], [Tick], [Acknowledge], [Reassign], [Note], [Resolve], [Merge],
// [CatalogChanged], [WindowsChanged], [Claimed], [Sent], [Failed],
// [Receipted], [Uncovered] and [Unreached].
type Input interface{ input() }

// Reported is one notification of Alertmanager, as far as it concerns one
// incident key. Group is Alertmanager's name of the group; Truncated counts
// the alerts that it left out. Why is how the state of the alerts became known
// when no notification said so.
type Reported struct {
	Group     string
	Why       string
	Truncated int
	Alerts    []Alert
}

// Tick says that time has passed for an incident.
type Tick struct{ Incident ID }

// Acknowledge says that a person takes the incident on; Via is how. With Until
// it is a snooze: the person is asked again then.
type Acknowledge struct {
	Incident    ID
	Person, Via string
	Until       time.Time
}

// Reassign says that Person hands the incident to another, or back to the
// escalation when To is empty.
type Reassign struct {
	Incident        ID
	Person, To, Via string
}

// Note is what a person writes on the timeline, open or closed.
type Note struct {
	Incident          ID
	Person, Text, Via string
}

// Resolve says that a person declares the incident over.
type Resolve struct {
	Incident    ID
	Person, Via string
}

// Merge says that a person puts the incident under another, its cause, or
// takes it from there when Into is nothing.
type Merge struct {
	Incident, Into ID
	Person         string
}

// Seen is what Alertmanager says of alerts that it keeps quiet about: by whom
// each is silenced or inhibited, in words; empty for one that is not.
type Seen struct {
	Incident   ID
	SilencedBy map[Occurrence]string
}

// Sight says that nobody can see whether the incident goes on, and why; or
// that it can be seen again when Lost is empty.
type Sight struct {
	Incident ID
	Lost     string
}

// CatalogChanged says that the policy is a new one.
type CatalogChanged struct{ Incident ID }

// WindowsChanged says that a maintenance window was opened, moved or ended by
// somebody, who may be empty.
type WindowsChanged struct {
	Incident ID
	By       string
}

// Claimed says who was found to receive a message, by which ways.
type Claimed struct {
	Incident   ID
	Deliveries []Delivery
}

// Sent is the good end of one delivery. A ReceiptBy in it says that a receipt
// will follow.
type Sent struct {
	Incident ID
	Delivery Delivery
}

// Failed is the bad end of one delivery, after all its attempts. Reachable
// are further ways of the recipient that could be tried.
type Failed struct {
	Incident  ID
	Delivery  Delivery
	Reachable []string
}

// Delayed says that a delivery has come to nothing several times, and that it is
// tried on.
type Delayed struct {
	Incident ID
	Delivery Delivery
}

// Unreached says that a message has no way to a role or a person.
type Unreached struct {
	Incident ID
	Message  int
	Whom     string
	Why      string
}

// Uncovered says that nothing fires any more of what truncated notifications did
// not show.
type Uncovered struct{ Incident ID }

func (Reported) input()       {}
func (Uncovered) input()      {}
func (Tick) input()           {}
func (Reassign) input()       {}
func (Note) input()           {}
func (Resolve) input()        {}
func (Merge) input()          {}
func (Seen) input()           {}
func (Sight) input()          {}
func (Acknowledge) input()    {}
func (CatalogChanged) input() {}
func (WindowsChanged) input() {}
func (Claimed) input()        {}
func (Sent) input()           {}
func (Failed) input()         {}
func (Delayed) input()        {}
func (Unreached) input()      {}

// State is what the engine must know for one input: the incidents that the
// input may concern (of a key: the open one, or else the last), those above and
// below them, the open ones of related services, and the ends of the occurrences
// it names.
type State struct {
	NextID    ID
	Incidents []Incident
	Ended     map[Occurrence]Ended
}

// Ended is how an occurrence came to its end. One that ended with its service
// does not come back.
type Ended struct {
	At      time.Time
	Removed bool
}

// Incident finds an incident by its id.
func (s State) Incident(id ID) (Incident, bool) {
	for _, i := range s.Incidents {
		if i.ID == id {
			return i, true
		}
	}
	return Incident{}, false
}

// latest finds the open incident of a key, or else the last one.
func (s State) latest(k Key) (Incident, bool) {
	var found Incident
	for _, i := range s.Incidents {
		if i.Key == k && i.ID > found.ID {
			found = i
		}
	}
	return found, found.ID != 0
}

package catalog

import (
	"fmt"
	"strings"
	"time"
)

// Rota says whose turn it is. Handover is a weekday (or "daily") and a
// wall-clock time in Timezone; shifts of Shift length, whole weeks or whole days, follow one another
// through People from Start (a Monday long ago by default, so that the order
// never moves by itself). Backup is called after the person on call.
type Rota struct {
	Name     string   `yaml:"-"`
	Timezone string   `yaml:"timezone"`
	Handover string   `yaml:"handover"`
	Shift    Duration `yaml:"shift,omitempty"` // one week, or one day, by default
	Start    string   `yaml:"start,omitempty"` // YYYY-MM-DD
	People   []string `yaml:"people"`
	Backup   []string `yaml:"backup,omitempty"`
}

// Escalation is the list of steps taken until somebody acknowledges; the last
// repeats.
type Escalation struct {
	Name  string `yaml:"-"`
	Steps []Step `yaml:"-"`
}

// Step reaches one role. Notify is on_call, backup, manager, team (everybody)
// or a person's id. By lists the ways used at once (push, sms, voice, email);
// Then lists later ones ("voice after 3m"); Every repeats the step's ways;
// For is how long to wait for an acknowledgement before the next step. A step
// is left out while it is not within Hours, or not Outside them, and for
// incidents milder than Severity.
type Step struct {
	Notify string   `yaml:"notify"`
	By     []string `yaml:"by"`
	Then   []Later  `yaml:"then,omitempty"`
	Every  Duration `yaml:"every,omitempty"`
	For    Duration `yaml:"for,omitempty"`

	Hours    string `yaml:"hours,omitempty"`
	Outside  string `yaml:"outside,omitempty"`
	Severity PageOn `yaml:"severity,omitempty"`
}

// The roles that Step.Notify may name; anything else is a person's id.
const (
	RoleOnCall  = "on_call"
	RoleBackup  = "backup"
	RoleManager = "manager"
	RoleTeam    = "team"
)

// Ways are the ways of reaching a person.
func Ways() []string { return []string{"push", "sms", "voice", "email"} }

// Later is one way of reaching somebody, some time into a step.
type Later struct {
	Way   string
	After Duration
}

func (l *Later) parse(text string) error {
	way, after, found := strings.Cut(text, " after ")
	if !found {
		return fmt.Errorf("malformed later way (got %s, want one such as \"voice after 3m\")", clipped(text))
	}
	l.Way = strings.TrimSpace(way)
	return l.After.parse(strings.TrimSpace(after))
}

// turn is a rota's handover: a time of every day, or of one day of the week.
type turn struct {
	weekday time.Weekday // meaningful when cycle is a week
	minute  int          // of the day
	cycle   Duration     // a day or a week
}

// parseHandover reads "monday 09:30" or "daily 09:30".
func parseHandover(text string) (turn, error) {
	malformed := fmt.Errorf("malformed handover (got %s, want one such as \"monday 09:30\" or \"daily 09:30\")", clipped(text))
	when, clock, found := strings.Cut(text, " ")
	minute, err := parseClock(strings.TrimSpace(clock))
	if !found || err != nil || minute == minutesOfDay {
		return turn{}, malformed
	}
	if strings.EqualFold(when, "daily") {
		return turn{minute: minute, cycle: day}, nil
	}
	weekday, err := parseWeekday(when)
	if err != nil {
		return turn{}, malformed
	}
	return turn{weekday: weekday, minute: minute, cycle: 7 * day}, nil
}

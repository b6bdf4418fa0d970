package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rota says whose turn it is. A simple one has Handover and People: Handover is
// a weekday (or "daily") and a wall-clock time in Timezone; shifts of Shift
// length follow one another through People from Start (a Monday long ago by
// default, so that the order never moves by itself). Any other has Layers
// instead, of which the last that is on duty says who is on call. Backup is
// called after the person on call.
type Rota struct {
	Name     string     `yaml:"-"`
	Timezone string     `yaml:"timezone"`
	Handover string     `yaml:"handover,omitempty"`
	Shift    Duration   `yaml:"shift,omitempty"` // one week, or one day, by default
	Start    string     `yaml:"start,omitempty"` // YYYY-MM-DD
	People   []string   `yaml:"people,omitempty"`
	Layers   []Layer    `yaml:"layers,omitempty"`
	Backup   []string   `yaml:"backup,omitempty"`
	Absences []Absences `yaml:"absences,omitempty"` // calendars of who is away: whoever is next takes their turns
	Gaps     Gaps       `yaml:"gaps,omitempty"`     // allowed says that times with nobody on call are meant
}

// Layer is a rotation of its own: the keys of a simple rota, and the times at
// which it is on duty.
type Layer struct {
	Timezone string   `yaml:"timezone,omitempty"` // that of the rota by default
	Handover string   `yaml:"handover"`
	Shift    Duration `yaml:"shift,omitempty"` // one week, or one day, by default
	Start    string   `yaml:"start,omitempty"` // YYYY-MM-DD
	People   []string `yaml:"people"`
	Only     *Only    `yaml:"only,omitempty"` // always on duty by default
}

// Only are the times at which a layer is on duty, on the clock of its zone.
// Times are written like those of [Hours].
type Only struct {
	Days     string     `yaml:"days,omitempty"`     // every day by default
	Times    string     `yaml:"times,omitempty"`    // all day by default
	Holidays []Holidays `yaml:"holidays,omitempty"` // on days of these only
	Except   []Holidays `yaml:"except,omitempty"`   // not on days of these
}

// Holidays are days without work: a shipped calendar by its name
// ([Calendars]), or an iCal calendar, whose events are they.
type Holidays struct {
	Calendar string `yaml:"-"`
	ICal
}

// Absences is an iCal calendar of when people are away. Its events are those of
// Person, or else of whomever their summaries name.
type Absences struct {
	ICal
	Person string `yaml:"person,omitempty"`
}

// Gaps says whether a rota may have times with nobody on call.
type Gaps string

// GapsAllowed is the value of Gaps that allows them.
const GapsAllowed Gaps = "allowed"

// Rotations are the layers of a rota, of which a simple one has one.
func (r *Rota) Rotations() []Layer {
	if len(r.Layers) > 0 {
		return r.Layers
	}
	return []Layer{{Timezone: r.Timezone, Handover: r.Handover, Shift: r.Shift, Start: r.Start, People: r.People}}
}

// Everybody lists who takes turns, each once, in the order of the catalogue.
func (r *Rota) Everybody() []string {
	var all []string
	for _, layer := range r.Rotations() {
		for _, person := range layer.People {
			if !slices.Contains(all, person) {
				all = append(all, person)
			}
		}
	}
	return all
}

// Escalation is the list of steps taken until somebody acknowledges; the last
// repeats.
type Escalation struct {
	Name  string `yaml:"-"`
	Steps []Step `yaml:"-"`
}

// Step reaches one role. Notify is on_call, backup, manager, team (everybody)
// or a person's id. By lists the ways used at once (push, sms, voice, email, preferred);
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

// WayPreferred in a step is the first way of the person's own order by which
// they can be reached; the others follow while it fails.
const WayPreferred = "preferred"

// StepWays are what a step of an escalation may name.
func StepWays() []string { return append(Ways(), WayPreferred) }

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

// parse reads "allowed".
func (g *Gaps) parse(text string) error {
	if text != string(GapsAllowed) {
		return fmt.Errorf("got %s, want allowed (or remove the key: then gaps are reported)", clipped(text))
	}
	*g = GapsAllowed
	return nil
}

// Times tells when spans of a day begin and end.
type Times struct{ spans []span }

// ParseTimes reads times as [Hours] has them; "" is all day.
func ParseTimes(text string) (Times, error) {
	if text == "" {
		return Times{[]span{{0, minutesOfDay}}}, nil
	}
	spans, err := parseTimes(text)
	return Times{spans}, err
}

// Spans gives the beginnings and ends in minutes of the day on which they
// begin; an end over a day's minutes is on the day after.
func (t Times) Spans(each func(from, to int)) {
	for _, s := range t.spans {
		each(s.from, s.to)
	}
}

// ParseWeekdays reads days as [Hours] has them; "" is every day.
func ParseWeekdays(text string) ([7]bool, error) {
	if text == "" {
		text = "monday-sunday"
	}
	return parseDays(text)
}

// Handover is a parsed Rota.Handover: a minute of each day, or of one day of
// the week.
type Handover struct {
	Weekday time.Weekday  // meaningful when Cycle is a week
	Minute  int           // of the day
	Cycle   time.Duration // a day or a week
}

// ParseHandover reads "monday 09:30" or "daily 09:30".
func ParseHandover(text string) (Handover, error) {
	t, err := parseHandover(text)
	return Handover{t.weekday, t.minute, t.cycle.Std()}, err
}

package maintenance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// longestName bounds who somebody says to be.
const longestName = 100

// farthest is how far ahead a window may be opened.
const farthest = 366 * 24 * time.Hour

// Request asks for a window. It is the body of the API.
type Request struct {
	Service  string    `json:"service,omitempty"` // for a single one; in Scope there may be several
	Scope              // services, teams, or all
	From     time.Time `json:"from,omitzero"`      // now by default
	Until    time.Time `json:"until,omitzero"`     // this, or
	Duration string    `json:"duration,omitempty"` // that, as the catalogue writes it: 30m, 2h
	Reason   string    `json:"reason"`
	By       string    `json:"by,omitempty"` // who asks; the name of the token by default
}

// Once is a window that somebody opened, with the record of who did what. The
// last of its acts says how things stand.
type Once struct {
	ID     int64     `json:"id"`
	Scope            // services, teams, or all
	Reason string    `json:"reason"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Acts   []Act     `json:"acts"` // the first opened it
}

// Act is what somebody did to a window. Until is the end that it gave to it.
type Act struct {
	At    time.Time `json:"at"`
	What  Deed      `json:"what"`
	By    string    `json:"by"`
	Via   string    `json:"via"` // the board, the API …
	Until time.Time `json:"until"`
}

// Deed is a kind of act.
type Deed string

// The deeds.
const (
	Opened   Deed = "opened"
	Extended Deed = "extended"
	Ended    Deed = "ended"
)

// Who is somebody, and the way by which they act.
type Who struct{ Name, Via string }

// ErrOver says that a window is over, so that nothing can be done with it.
var ErrOver = errors.New("the window is over")

// Window is the window as a plan has them.
func (o Once) Window() Window {
	return Window{ID: o.ID, Scope: o.Scope, Reason: o.Reason, By: o.Acts[0].By, From: o.From, Until: o.Until}
}

// Open makes a window out of a request, without a number. The error says
// everything that is wrong with it, and how to mend it.
func (r Request) Open(c *catalog.Catalog, who Who, now time.Time) (Once, error) {
	now = now.UTC().Truncate(time.Second) // people read it
	o := Once{Scope: r.Scope, Reason: strings.Join(strings.Fields(r.Reason), " "), From: now}
	if r.Service != "" && !slices.Contains(o.Services, r.Service) {
		o.Services = append([]string{r.Service}, o.Services...)
	}
	if !r.From.IsZero() {
		o.From = r.From
	}
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	note(checkScope(c, o.Scope))
	note(checkReason(o.Reason))
	until, err := r.until(o.From)
	note(err)
	if err == nil {
		note(checkTime(c, o.From, until, now))
	}
	name, err := checkName(r.By, who.Name)
	note(err)
	if len(problems) > 0 {
		return Once{}, joined(problems)
	}
	o.From, o.Until = o.From.UTC(), until.UTC()
	o.Acts = []Act{{At: now, What: Opened, By: name, Via: who.Via, Until: o.Until}}
	return o, nil
}

func (r Request) until(from time.Time) (time.Time, error) {
	switch {
	case r.Duration == "" && r.Until.IsZero():
		return time.Time{}, errors.New(`the end is missing: give a duration such as "30m", or until`)
	case r.Duration != "" && !r.Until.IsZero():
		return time.Time{}, errors.New("the end is given twice: give duration or until")
	case r.Duration != "":
		length, err := catalog.ParseDuration(r.Duration)
		if err != nil {
			return time.Time{}, fmt.Errorf("duration: %w", err)
		}
		return from.Add(length.Std()), nil
	}
	return r.Until, nil
}

func checkScope(c *catalog.Catalog, s Scope) error {
	if s.All && len(s.Services)+len(s.Teams) > 0 {
		return errors.New("all is every service: leave out services and teams")
	}
	if !s.All && len(s.Services)+len(s.Teams) == 0 {
		return errors.New("no service is named: give service, services or teams, or all")
	}
	var problems []error
	known := names(c.Services)
	for _, name := range s.Services {
		if c.Services[name] == nil {
			problems = append(problems, fmt.Errorf("unknown service %q%s", name, catalog.Hint(name, known)))
		}
	}
	for _, name := range s.Teams {
		if c.Teams[name] == nil {
			problems = append(problems, fmt.Errorf("unknown team %q%s", name, catalog.Hint(name, names(c.Teams))))
		}
	}
	return joined(problems)
}

func checkReason(reason string) error {
	if reason == "" {
		return errors.New(`the reason is missing: say what is done, such as "release 1.4.2"`)
	}
	if n := utf8.RuneCountInString(reason); n > catalog.LongestReason || !utf8.ValidString(reason) {
		return fmt.Errorf("the reason is too long (got %d characters, want at most %d)", n, catalog.LongestReason)
	}
	return nil
}

// checkTime wants a window that ends, and that is not over.
func checkTime(c *catalog.Catalog, from, until, now time.Time) error {
	longest := c.Defaults.LongestMaintenance
	switch {
	case !until.After(from):
		return fmt.Errorf("the window ends before it begins (from %s until %s)", from.Format(time.RFC3339), until.Format(time.RFC3339))
	case from.Before(now.Add(-time.Minute)):
		return fmt.Errorf("the window begins in the past (got %s; leave from out for now)", from.Format(time.RFC3339))
	case from.Sub(now) > farthest:
		return fmt.Errorf("the window begins in more than a year (got %s)", from.Format(time.RFC3339))
	case until.Sub(from) > longest.Std():
		return fmt.Errorf("the window is too long (got %s, want at most %s: open it for less and extend it, or raise defaults.longest_maintenance in the catalogue)", spell(until.Sub(from)), longest)
	}
	return nil
}

func checkName(given, usual string) (string, error) {
	name := strings.Join(strings.Fields(given), " ")
	if name == "" {
		name = usual
	}
	if name == "" {
		return "", errors.New("nobody is named: say who opens it")
	}
	if utf8.RuneCountInString(name) > longestName || !utf8.ValidString(name) {
		return "", fmt.Errorf("by is too long (want at most %d characters)", longestName)
	}
	return name, nil
}

// Extend gives the window another end, at most the longest duration from now.
func (o Once) Extend(c *catalog.Catalog, who Who, until, now time.Time) (Once, error) {
	if !o.Until.After(now) {
		return o, ErrOver
	}
	begins := o.From
	if now.After(begins) {
		begins = now
	}
	if err := checkTime(c, begins, until, now); err != nil {
		return o, err
	}
	return o.act(Act{At: now.UTC(), What: Extended, By: who.Name, Via: who.Via, Until: until.UTC()}), nil
}

// End ends the window now; one that has not begun never will. It does nothing
// to a window that is over.
func (o Once) End(who Who, now time.Time) Once {
	if !o.Until.After(now) {
		return o
	}
	until := now.UTC()
	if until.Before(o.From) {
		until = o.From
	}
	return o.act(Act{At: now.UTC(), What: Ended, By: who.Name, Via: who.Via, Until: until})
}

func (o Once) act(a Act) Once {
	o.Until = a.Until
	o.Acts = append(slices.Clone(o.Acts), a)
	return o
}

// spell writes a length of time as the catalogue does.
func spell(d time.Duration) string { return catalog.Duration(d.Round(time.Second)).String() }

// joined is all problems on one line, or nil.
func joined(problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	texts := make([]string, len(problems))
	for n, problem := range problems {
		texts[n] = problem.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// Or is the name that somebody gives, or else the usual one.
func (w Who) Or(given string) (string, error) { return checkName(given, w.Name) }

package oncall

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// Kind is what an entry does.
type Kind string

// The kinds of entries.
const (
	Override Kind = "override" // Instead is on call, whoever's turn it is
	Swap     Kind = "swap"     // Instead is on call when Person would be, and in Return the other way round
	Absent   Kind = "absent"   // Person is passed over
)

const (
	// longestEntry is how long an entry may last.
	longestEntry = 366 * 24 * time.Hour
	// farthestEntry is how far ahead an entry may begin.
	farthestEntry = 2 * 366 * 24 * time.Hour
)

// Entry is what somebody entered, keyed to time: it stays where it is when the
// rota changes around it. Rota is "" for an absence from all of them. The
// last of its acts says how things stand; the first entered it.
type Entry struct {
	ID      int64             `json:"id"`
	Kind    Kind              `json:"kind"`
	Rota    string            `json:"rota,omitempty"`
	Person  string            `json:"person,omitempty"`
	Instead string            `json:"instead,omitempty"`
	From    time.Time         `json:"from"`
	Until   time.Time         `json:"until"`
	Return  *Span             `json:"return,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Acts    []maintenance.Act `json:"acts"`
}

// Span is a time of which Until is not a part.
type Span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Last is when nothing of the entry is left.
func (e Entry) Last() time.Time {
	if e.Return != nil && e.Return.Until.After(e.Until) {
		return e.Return.Until
	}
	return e.Until
}

func (e Entry) concerns(rota string) bool {
	return e.Rota == rota || e.Kind == Absent && e.Rota == ""
}

// change is one effect of an entry. person is "" for whoever it is.
type change struct {
	span
	entry           int64
	person, instead string
	away            bool // person entered that they are away; it changes nothing by itself
}

// changes are what the entry does, one for each of its times.
func (e Entry) changes() []change {
	c := change{span: span{e.From, e.Until}, entry: e.ID, person: e.Person, instead: e.Instead}
	switch e.Kind {
	case Override:
		c.person = ""
	case Absent:
		c.away, c.instead = true, ""
	case Swap:
		if e.Return != nil {
			return []change{c, {span: span{e.Return.From, e.Return.Until}, entry: e.ID, person: e.Instead, instead: e.Person}}
		}
	}
	return []change{c}
}

// Request asks for an entry. It is the body of the API.
type Request struct {
	Kind     Kind      `json:"kind"`
	Rota     string    `json:"rota,omitempty"`
	Person   string    `json:"person,omitempty"`
	Instead  string    `json:"instead,omitempty"`
	From     time.Time `json:"from,omitzero"`      // now by default
	Until    time.Time `json:"until,omitzero"`     // this, or
	Duration string    `json:"duration,omitempty"` // that, as the catalogue writes it: 8h, 1w
	Return   *Span     `json:"return,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	By       string    `json:"by,omitempty"` // who asks; the name of the token by default
}

// Enter makes an entry out of a request, without a number. The error says
// everything that is wrong with it.
func (r Request) Enter(c *catalog.Catalog, who maintenance.Who, now time.Time) (Entry, error) {
	now = now.UTC().Truncate(time.Second) // people read it
	e := Entry{
		Kind: r.Kind, Rota: r.Rota, Person: r.Person, Instead: r.Instead, From: now, Return: r.Return,
		Reason: strings.Join(strings.Fields(r.Reason), " "),
	}
	if !r.From.IsZero() {
		e.From = r.From.UTC()
	}
	var problems []string
	note := func(err error) {
		if err != nil {
			problems = append(problems, err.Error())
		}
	}
	until, err := r.until(e.From)
	note(err)
	e.Until = until.UTC()
	note(e.checkNames(c))
	if err == nil {
		note(checkSpan(Span{e.From, e.Until}, now))
	}
	if e.Return != nil {
		note(checkSpan(*e.Return, now))
	}
	if !utf8.ValidString(e.Reason) || utf8.RuneCountInString(e.Reason) > catalog.LongestReason {
		note(fmt.Errorf("the reason is too long (want at most %d characters)", catalog.LongestReason))
	}
	name, err := who.Or(r.By)
	note(err)
	if len(problems) > 0 {
		return Entry{}, errors.New(strings.Join(problems, "; "))
	}
	e.Acts = []maintenance.Act{{At: now, What: maintenance.Opened, By: name, Via: who.Via, Until: e.Until}}
	return e, nil
}

func (r Request) until(from time.Time) (time.Time, error) {
	if r.Duration == "" {
		if r.Until.IsZero() {
			return time.Time{}, errors.New(`the end is missing: give a duration such as "8h", or until`)
		}
		return r.Until, nil
	}
	length, err := catalog.ParseDuration(r.Duration)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("duration: %w", err)
	case !r.Until.IsZero():
		return time.Time{}, errors.New("the end is given twice: give duration or until")
	}
	return from.Add(length.Std()), nil
}

// checkNames wants the people and the rota that the kind of entry needs, and
// no others.
func (e Entry) checkNames(c *catalog.Catalog) error {
	wants := map[Kind][3]bool{Override: {true, false, true}, Swap: {true, true, true}, Absent: {false, true, false}}
	want, known := wants[e.Kind]
	if !known {
		return fmt.Errorf("kind is %q, want override, swap or absent", e.Kind)
	}
	var problems []string
	for n, field := range []struct{ key, value string }{{"rota", e.Rota}, {"person", e.Person}, {"instead", e.Instead}} {
		if problem := wrongName(c, e.Kind, field.key, field.value, want[n]); problem != "" {
			problems = append(problems, problem)
		}
	}
	if e.Kind == Swap && e.Person != "" && e.Person == e.Instead {
		problems = append(problems, "person and instead are the same")
	}
	if e.Return != nil && e.Kind != Swap {
		problems = append(problems, "only a swap has a return")
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

func wrongName(c *catalog.Catalog, kind Kind, key, value string, wanted bool) string {
	optional := kind == Absent && key == "rota"
	switch {
	case value == "" && wanted:
		return key + " is missing"
	case value == "":
		return ""
	case !wanted && !optional:
		return fmt.Sprintf("%s is given, but %s has none", key, kind)
	case key == "rota" && c.Rotas[value] == nil:
		return fmt.Sprintf("unknown rota %q%s", value, catalog.Hint(value, keys(c.Rotas)))
	case key != "rota" && c.People[value] == nil:
		return fmt.Sprintf("unknown person %q%s", value, catalog.Hint(value, keys(c.People)))
	}
	return ""
}

func keys[V any](of map[string]V) []string {
	var list []string
	for name := range of {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func checkSpan(s Span, now time.Time) error {
	switch {
	case !s.Until.After(s.From):
		return fmt.Errorf("it ends before it begins (from %s until %s)", s.From.Format(time.RFC3339), s.Until.Format(time.RFC3339))
	case !s.Until.After(now):
		return fmt.Errorf("it is over already (until %s)", s.Until.Format(time.RFC3339))
	case s.From.Sub(now) > farthestEntry:
		return fmt.Errorf("it begins in more than two years (got %s)", s.From.Format(time.RFC3339))
	case s.Until.Sub(s.From) > longestEntry:
		return fmt.Errorf("it is too long (want at most a year, from %s until %s)", s.From.Format(time.RFC3339), s.Until.Format(time.RFC3339))
	}
	return nil
}

// End ends the entry now; what has not begun never will. It does nothing to
// one that is over.
func (e Entry) End(who maintenance.Who, now time.Time) Entry {
	if !e.Last().After(now) {
		return e
	}
	now = now.UTC()
	if e.Return != nil {
		back := *e.Return
		back.Until = earlier(back.Until, later(now, back.From))
		e.Return = &back
	}
	e.Until = earlier(e.Until, later(now, e.From))
	e.Acts = append(slices.Clone(e.Acts), maintenance.Act{At: now, What: maintenance.Ended, By: who.Name, Via: who.Via, Until: e.Until})
	return e
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

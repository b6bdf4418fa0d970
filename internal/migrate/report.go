package migrate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// Category says what became of something in the input.
type Category int

// The categories in the order of the report.
const (
	ToDo       Category = iota // carried over, and somebody has to add what the input does not hold
	LeftOut                    // a whole check, or a way of telling somebody, is not in the catalogue
	NotCarried                 // a setting of something that was carried over has no counterpart
	Changed                    // carried over with another value or another meaning
	Nothing                    // nothing to carry over: identities, states, what is switched off
	categories
)

// title is the heading of a category, and what it means.
func (c Category) title() (heading, meaning string) {
	switch c {
	case ToDo:
		return "To do", "The catalogue is whole without these, but nobody is told, or a check cannot log in, until they are done."
	case LeftOut:
		return "Left out", "These are not in the catalogue."
	case NotCarried:
		return "Settings that were not carried over", "The check itself is in the catalogue."
	case Changed:
		return "Changed", "In the catalogue, with another value or another meaning."
	}
	return "Nothing to carry over", "Identities, states, defaults and what is switched off."
}

// Entry is one thing that a reader of the report should know.
type Entry struct {
	Category Category
	At       tree.Position
	Subject  string // the check, team or file
	Key      string // of the input; empty when it is about the subject itself
	Reason   string
}

// Report is everything that did not simply arrive in the catalogue.
type Report struct {
	Entries []Entry
}

func (r *Report) add(c Category, at tree.Position, subject, key, reason string, args ...any) {
	if len(args) > 0 {
		reason = fmt.Sprintf(reason, args...)
	}
	r.Entries = append(r.Entries, Entry{c, at, clean(subject), clean(key), clean(reason)})
}

// clean takes credentials out of the addresses in a text.
func clean(text string) string {
	text = regexp.MustCompile(`://[^/\s@]*@`).ReplaceAllString(text, "://")
	return regexp.MustCompile(`([?&][^=&\s]*(?i:token|secret|password|key|auth|sig|code)[^=&\s]*=)[^&\s#]*`).ReplaceAllString(text, "$1…")
}

// Count is how many entries a category has.
func (r *Report) Count(c Category) int {
	n := 0
	for _, e := range r.Entries {
		if e.Category == c {
			n++
		}
	}
	return n
}

// Complete says that nothing was left behind.
func (r *Report) Complete() bool { return r.Count(LeftOut) == 0 && r.Count(NotCarried) == 0 }

// group are entries that say the same of several subjects.
type group struct {
	Entry
	places []string
}

// groups puts together what is said of several subjects, in the order in which
// it is first said.
func (r *Report) groups(c Category) []group {
	var found []group
	for _, e := range r.Entries {
		if e.Category != c {
			continue
		}
		place := e.Subject
		if at := e.At.String(); at != "" {
			place = strings.TrimSpace(place + " (" + at + ")")
		}
		i := slices.IndexFunc(found, func(g group) bool { return g.Key == e.Key && g.Reason == e.Reason })
		if i < 0 {
			found = append(found, group{Entry: e})
			i = len(found) - 1
		}
		if !slices.Contains(found[i].places, place) {
			found[i].places = append(found[i].places, place)
		}
	}
	return found
}

// Summary is a line for each category, and the lines of what matters most,
// each with at most a few of its places.
func (r *Report) Summary() string {
	const few = 3
	var b strings.Builder
	for c := range categories {
		groups := r.groups(c)
		if len(groups) == 0 {
			continue
		}
		heading, _ := c.title()
		fmt.Fprintf(&b, "%s: %d\n", heading, r.Count(c))
		if c == Nothing {
			continue
		}
		for _, g := range groups {
			places := strings.Join(g.places[:min(few, len(g.places))], ", ")
			if more := len(g.places) - few; more > 0 {
				places += fmt.Sprintf(" and %d more", more)
			}
			fmt.Fprintf(&b, "  %s%s: %s\n", keyPrefix(g.Key), places, g.Reason)
		}
	}
	return b.String()
}

func keyPrefix(key string) string {
	if key == "" {
		return ""
	}
	return key + " of "
}

// fewest is how many places of what there is nothing to carry over of are named:
// of a hundred monitors each has the same dozen of defaults.
const fewest = 3

// Markdown is the whole report as a page.
func (r *Report) Markdown(title string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", title)
	if len(r.Entries) == 0 {
		b.WriteString("Everything was carried over.\n")
		return b.String()
	}
	b.WriteString("| | entries |\n|---|---|\n")
	for c := range categories {
		if n := r.Count(c); n > 0 {
			heading, _ := c.title()
			fmt.Fprintf(&b, "| %s | %d |\n", heading, n)
		}
	}
	for c := range categories {
		groups := r.groups(c)
		if len(groups) == 0 {
			continue
		}
		heading, meaning := c.title()
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", heading, meaning)
		for _, g := range groups {
			key := ""
			if g.Key != "" {
				key = "`" + escaped(g.Key) + "`: "
			}
			fmt.Fprintf(&b, "- %s%s\n", key, escaped(g.Reason))
			places := g.places
			if c == Nothing && len(places) > fewest {
				places = append(slices.Clone(places[:fewest]), fmt.Sprintf("and %d more", len(places)-fewest))
			}
			for _, place := range places {
				fmt.Fprintf(&b, "  - %s\n", escaped(place))
			}
		}
	}
	return b.String()
}

// escaped keeps what a file says from becoming markup.
func escaped(text string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "<", "&lt;", "|", "\\|", "[", "\\[", "*", "\\*").Replace(text)
}

// sort brings the entries into the order of the files, so that two runs over
// the same files say the same.
func (r *Report) sort() {
	slices.SortStableFunc(r.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.At.File, b.At.File),
			cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.Key, b.Key))
	})
}

package ical

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	// deepest bounds how deeply components stand in one another.
	deepest = 8
	// longestLine bounds what is put together of folded lines.
	longestLine = 64 << 10
)

// property is a line of a calendar: NAME;PARAMETERS:VALUE.
type property struct{ name, parameters, value string }

// component is what stands between BEGIN and END.
type component struct {
	name       string
	properties []property
	parts      []*component
}

// get is the first property of a name; its name is "" when there is none.
func (c *component) get(name string) property {
	for _, p := range c.properties {
		if p.name == name {
			return p
		}
	}
	return property{}
}

func (c *component) all(name string) []property {
	return slices.DeleteFunc(slices.Clone(c.properties), func(p property) bool { return p.name != name })
}

// scan finds the calendars of a file, of which some hold several. It keeps what
// was whole of one that breaks off, with [ErrCut], and passes over lines that
// are none: people paste text with line breaks into calendars, and not every
// program folds it.
func scan(text []byte) ([]*component, error) {
	root := &component{}
	stack := []*component{root}
	for line := range unfolded(utf8Of(text)) {
		p, ok := parseLine(line)
		switch top := stack[len(stack)-1]; {
		case !ok:
		case p.name == "BEGIN":
			if len(stack) > deepest {
				return nil, errors.New("this is no iCal file: its parts stand too deeply in one another")
			}
			stack = append(stack, &component{name: strings.ToUpper(strings.TrimSpace(p.value))})
		case p.name == "END":
			if len(stack) > 1 && strings.EqualFold(strings.TrimSpace(p.value), top.name) {
				stack = stack[:len(stack)-1]
				stack[len(stack)-1].parts = append(stack[len(stack)-1].parts, top)
			}
		default:
			top.properties = append(top.properties, p)
		}
	}
	if len(stack) > 1 && stack[1].name == "VCALENDAR" {
		return append(root.parts, stack[1]), ErrCut
	}
	return root.parts, nil
}

// utf8Of gives text without a byte order mark. What is not UTF-8 is taken for
// the character set of Windows, in which such files are.
func utf8Of(text []byte) string {
	if !utf8.Valid(text) {
		if decoded, err := charmap.Windows1252.NewDecoder().Bytes(text); err == nil {
			text = decoded
		}
	}
	return strings.TrimPrefix(string(text), "\ufeff")
}

// unfolded gives the lines with what was folded put together again.
func unfolded(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		line := ""
		for raw := range strings.Lines(text) {
			raw = strings.TrimRight(raw, "\r\n")
			if raw != "" && (raw[0] == ' ' || raw[0] == '\t') {
				if len(line) < longestLine && isRead(nameOf(line)) {
					line += raw[1:]
				}
				continue
			}
			if !yield(line) {
				return
			}
			line = raw
		}
		yield(line)
	}
}

func nameOf(line string) string {
	if end := strings.IndexAny(line, ":;"); end >= 0 {
		line = line[:end]
	}
	return strings.ToUpper(strings.TrimSpace(line))
}

// isRead says whether anything here asks for a property.
func isRead(name string) bool {
	switch name {
	case "BEGIN", "END",
		"UID", "SUMMARY", "STATUS", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "X-MICROSOFT-CDO-BUSYSTATUS",
		"X-WR-TIMEZONE", "TZID", "X-LIC-LOCATION", "TZOFFSETTO":
		return true
	}
	return false
}

// isTime says whether a property's value holds times, and so no colon: what
// stands before the last colon are parameters. Exchange writes zones such as
// (UTC+01:00) Amsterdam, Berlin without quotes.
func isTime(name string) bool {
	switch name {
	case "DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID":
		return true
	}
	return false
}

// parseLine is false for a line of which nothing is read.
func parseLine(line string) (property, bool) {
	p := property{name: nameOf(line)}
	if !isRead(p.name) {
		return p, false
	}
	rest := line[strings.IndexAny(line+":", ":;"):]
	colon := unquoted(rest, ':')
	if isTime(p.name) {
		colon = strings.LastIndexByte(rest, ':')
	}
	if colon < 0 {
		return p, false
	}
	p.parameters, p.value = strings.TrimPrefix(rest[:colon], ";"), rest[colon+1:]
	return p, true
}

// unquoted finds the first of a character that does not stand in quotes, or
// gives -1.
func unquoted(text string, want byte) int {
	quoted := false
	for n := range len(text) {
		switch c := text[n]; {
		case c == '"':
			quoted = !quoted
		case c == want && !quoted:
			return n
		}
	}
	return -1
}

// parameter is the value of a parameter, "" if there is none.
func (p property) parameter(name string) string {
	for rest := p.parameters; rest != ""; {
		one := rest
		if end := unquoted(rest, ';'); end >= 0 {
			one, rest = rest[:end], rest[end+1:]
		} else {
			rest = ""
		}
		if key, value, _ := strings.Cut(one, "="); strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

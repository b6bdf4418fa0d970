package catalog

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	lowestStatus  = 100
	highestStatus = 599
)

// StatusSet is a set of HTTP status codes, written 2xx, 200, 200-204, a list
// of these, or with a leading ! for what is excluded. Empty means not given.
type StatusSet struct {
	text string
	in   codes
}

// codes has a bit for each code: thousands of probes have a set each.
type codes [highestStatus/64 + 1]uint64

func (c *codes) has(code int) bool { return c[code/64]&(1<<(code%64)) != 0 }

func (c *codes) add(code int) { c[code/64] |= 1 << (code % 64) }

// ParseStatusSet reads one or several parts with commas between them. When
// every part excludes, all other codes are in the set.
func ParseStatusSet(text string) (StatusSet, error) {
	var set StatusSet
	err := set.parse(text)
	return set, err
}

// Has says whether code is in the set.
func (s StatusSet) Has(code int) bool {
	return code >= lowestStatus && code <= highestStatus && s.in.has(code)
}

// String is the set as it was written.
func (s StatusSet) String() string { return s.text }

// IsZero says that no set was given.
func (s StatusSet) IsZero() bool { return s.text == "" }

func (s *StatusSet) parse(text string) error {
	parts := strings.Split(text, ",")
	included, excluded := codes{}, codes{}
	includes := false
	for i, part := range parts {
		part = strings.TrimSpace(part)
		parts[i] = part
		rest, excludes := strings.CutPrefix(part, "!")
		first, last, err := statusRange(rest)
		if err != nil {
			return err
		}
		includes = includes || !excludes
		target := &included
		if excludes {
			target = &excluded
		}
		for code := first; code <= last; code++ {
			target.add(code)
		}
	}
	s.text, s.in = strings.Join(parts, ", "), codes{}
	for code := lowestStatus; code <= highestStatus; code++ {
		if (included.has(code) || !includes) && !excluded.has(code) {
			s.in.add(code)
		}
	}
	return nil
}

// statusRange reads 2xx, 200 or 200-204.
func statusRange(text string) (first, last int, err error) {
	malformed := fmt.Errorf("malformed status (got %s, want one such as 2xx, 200, 200-204 or !404)", clipped(text))
	if class, found := strings.CutSuffix(strings.ToLower(text), "xx"); found {
		n, err := strconv.Atoi(class)
		if err != nil || n < 1 || n > 5 || len(class) != 1 {
			return 0, 0, malformed
		}
		return n * 100, n*100 + 99, nil
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, errFirst := strconv.Atoi(strings.TrimSpace(from))
	last, errLast := strconv.Atoi(strings.TrimSpace(to))
	if errFirst != nil || errLast != nil || first < lowestStatus || last > highestStatus || first > last {
		return 0, 0, malformed
	}
	return first, last, nil
}

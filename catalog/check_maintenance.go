package catalog

import (
	"time"
	"unicode/utf8"
)

// LongestReason bounds the reason of a window, in characters: it stands on a
// line of the board.
const LongestReason = 200

func (c *checker) checkMaintenance() {
	for name, window := range c.Maintenance {
		path := below("maintenance", name)
		c.exactlyOne(path, "which services it is for", "services", "teams", "all")
		allKnown(c, below(path, "services"), "service", window.Services, c.Services)
		allKnown(c, below(path, "teams"), "team", window.Teams, c.Teams)
		if len(window.Services)+len(window.Teams) == 0 && !window.All {
			for _, key := range []string{"services", "teams", "all"} {
				if c.given(below(path, key)) && !c.meant[below(path, key)] {
					c.add(below(path, key), "the window is for no service (name some, or remove the window)")
				}
			}
		}
		c.checkZone(below(path, "timezone"), window.Timezone)
		c.checkLength(below(path, "duration"), window)
		if n := utf8.RuneCountInString(window.Reason); n > LongestReason {
			c.add(below(path, "reason"), "the reason is too long (got %d characters, want at most %d)", n, LongestReason)
		}
	}
}

// checkLength wants windows that end: one that nobody closes hides an outage.
func (c *checker) checkLength(path string, window *Maintenance) {
	longest := c.Defaults.LongestMaintenance
	switch {
	case window.Duration > longest:
		c.add(path, "got %s, want at most %s (raise defaults.longest_maintenance for longer windows)", window.Duration, longest)
	case len(window.Days.list) > 0 && window.Duration >= Duration(window.Days.widest())*day:
		c.add(path, "got %s, but the next window begins before this one ends, for ever: nobody would be paged again", window.Duration)
	}
}

// widest is the greatest number of days from one of the days to the next, of
// those that come again; a year when none does.
func (d Days) widest() int {
	const year = 366
	widest, last := 0, -1
	for n := range 2 * year {
		if !d.recurs(time.Date(2024, time.January, 1+n, 0, 0, 0, 0, time.UTC)) {
			continue
		}
		if last >= 0 {
			widest = max(widest, n-last)
		}
		last = n
	}
	if widest == 0 {
		return year
	}
	return widest
}

func (d Days) recurs(t time.Time) bool {
	for _, rule := range d.list {
		if rule.date == "" && rule.contains(t) {
			return true
		}
	}
	return false
}

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// timeHelp says how times are written.
const timeHelp = `such as 2026-12-05T22:00:00Z, "2026-12-05 22:00 Europe/London", "2026-12-05 22:00", 22:00 or "tomorrow 09:00"; without a zone on this machine's clock`

// instant reads a time as people write it. One without a zone is what the clock
// of here shows; one that comes twice is the first of them, and one that is
// skipped is the instant of the change.
func instant(flag, text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	malformed := fmt.Errorf("%s: got %q, want a time %s", flag, text, timeHelp)
	zone, bare := now.Location(), text
	if space := strings.LastIndexByte(text, ' '); space > 0 && strings.ContainsFunc(text[space:], isLetter) {
		name := text[space+1:]
		if strings.EqualFold(name, "Z") || strings.EqualFold(name, "UTC") {
			name = "UTC"
		}
		location, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			return time.Time{}, fmt.Errorf("%s: got %q, of which %q is no zone (want one such as Europe/London or UTC)", flag, text, name)
		}
		zone, bare = location, strings.TrimSpace(text[:space])
	}
	today := now.In(zone)
	if rest, is := cutWord(bare, "tomorrow"); is {
		today, bare = today.AddDate(0, 0, 1), rest
	} else if rest, is := cutWord(bare, "today"); is {
		bare = rest
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly, "15:04"} {
		t, err := time.Parse(layout, bare)
		if err != nil {
			continue
		}
		if layout == "15:04" {
			t = time.Date(today.Year(), today.Month(), today.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
		}
		return wallclock.Reading(t.Unix()).In(zone), nil
	}
	return time.Time{}, malformed
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func cutWord(text, word string) (rest string, found bool) {
	first, rest, _ := strings.Cut(text, " ")
	if !strings.EqualFold(first, word) {
		return text, false
	}
	return strings.TrimSpace(rest), true
}

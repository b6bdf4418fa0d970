package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// closest is the candidate that was most likely meant, or nothing.
func closest(got string, candidates []string) string {
	const longest = 64 // what is longer was not a slip of the finger
	if got == "" || len(got) > longest {
		return ""
	}
	best, allowed := "", max(1, len(got)/3)
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		distance := slips(strings.ToLower(got), strings.ToLower(candidate))
		if distance <= allowed {
			best, allowed = candidate, distance-1
		}
	}
	return best
}

// slips is the edit distance, in which two letters that changed places are one
// slip and not two.
func slips(a, b string) int {
	distance := levenshtein.Distance(a, b, nil)
	if len(a) == len(b) && slices.Equal(slices.Sorted(slices.Values([]byte(a))), slices.Sorted(slices.Values([]byte(b)))) {
		return (distance + 1) / 2
	}
	return distance
}

// Hint is what mends an unknown name: ` (did you mean "postgres"?)`, the known
// names when they are few, or nothing.
func Hint(got string, known []string) string { return hint(got, known) }

// hint is ` (did you mean "postgres"?)`, the names there are when they are few,
// or nothing.
func hint(got string, candidates []string) string {
	const few = 8
	if best := closest(got, candidates); best != "" {
		return suggested(best)
	}
	if len(candidates) == 0 || len(candidates) > few {
		return ""
	}
	return " (want " + oneOf(candidates) + ")"
}

func suggested(best string) string {
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// oneOf is "a, b or c".
func oneOf(names []string) string {
	const readable, some = 12, 6
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	if len(names) > readable {
		return strings.Join(names[:some], ", ") + " or another one of docs/catalogue.md"
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// names are the sorted keys of a section.
func names[V any](section map[string]V) []string { return slices.Sorted(maps.Keys(section)) }

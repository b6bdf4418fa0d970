package lab

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// differs is what differs from one run to another that failed for the same
// reason: numbers, above all ports and times.
var differs = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// Failures says why runs failed, the most frequent reasons first, or "none".
func (e *Exporter) Failures() (string, error) {
	text, err := os.ReadFile(e.log.Name())
	if err != nil {
		return "", err
	}
	return failures(string(text)), nil
}

func failures(log string) string {
	count := make(map[string]int)
	for line := range strings.Lines(log) {
		_, reason, found := strings.Cut(line, `msg="A run did not succeed"`)
		if _, why, ok := strings.Cut(reason, " reason="); found && ok {
			count[differs.ReplaceAllString(strings.TrimSpace(why), "N")]++
		}
	}
	var list []string
	for why, n := range count {
		list = append(list, fmt.Sprintf("%d × %s", n, why))
	}
	if len(list) == 0 {
		return "none"
	}
	slices.SortFunc(list, func(a, b string) int { return leading(b) - leading(a) })
	return strings.Join(list[:min(len(list), 5)], "; ")
}

func leading(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}

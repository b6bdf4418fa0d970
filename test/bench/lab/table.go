package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Table is Markdown of a benchmark's rows.
func Table(rows []Row) string {
	var b strings.Builder
	b.WriteString("| case | measured | wanted | reached |\n|---|---|---|---|\n")
	for _, r := range rows {
		reached := map[bool]string{true: "yes", false: "**no**"}[r.Reached]
		if r.Untold {
			reached = ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Case, r.Measured, r.Wanted, reached)
	}
	return b.String()
}

// WriteSection puts text between two lines of a document.
func WriteSection(path, begins, ends, text string) error {
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	before, rest, begun := strings.Cut(string(document), begins)
	_, after, ended := strings.Cut(rest, ends)
	if !begun || !ended {
		return fmt.Errorf("writing into %q: it lacks the lines %q and %q", path, strings.TrimSpace(begins), strings.TrimSpace(ends))
	}
	return os.WriteFile(path, []byte(before+begins+"\n"+text+"\n"+ends+after), 0o644) // a document for everybody
}

// Median is the middle of some numbers.
func Median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// MB is bytes in megabytes.
func MB(bytes int) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }

// Micro is a time in microseconds.
func Micro(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d.Nanoseconds())/1e3) }

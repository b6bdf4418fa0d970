package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// goal is what a kind of fault must reach.
type goal struct{ median, p99 time.Duration }

func goals() map[kind]goal {
	return map[kind]goal{
		refused:   {15 * time.Second, 25 * time.Second},
		fiveXX:    {15 * time.Second, 25 * time.Second},
		blackHole: {25 * time.Second, 36 * time.Second},
	}
}

// hop is one part of the way, and how long a measurement spent in it.
type hop struct {
	name  string
	spent func(measurement) time.Duration
}

func hops() []hop {
	return []hop{
		{"fault → probe confirmed", func(m measurement) time.Duration { return m.confirmed.Sub(m.fault) }},
		{"→ scraped", func(m measurement) time.Duration { return m.scraped.Sub(m.confirmed) }},
		{"→ rule fires", func(m measurement) time.Duration { return m.ruled.Sub(m.scraped) }},
		{"→ receiver has it", func(m measurement) time.Duration { return m.received.Sub(m.ruled) }},
		{"receiver → product manager's message at SMTP", func(m measurement) time.Duration { return m.person.Sub(m.received) }},
		{"rule → team's message at SMTP", func(m measurement) time.Duration { return m.channel.Sub(m.ruled) }},
	}
}

// total is until both have been told: the team and the product manager.
func total(m measurement) time.Duration {
	if m.channel.After(m.person) {
		return m.channel.Sub(m.fault)
	}
	return m.person.Sub(m.fault)
}

// report is Markdown: the whole time by kind of fault, then each hop.
func report(all []measurement, s settings, at time.Time, cores int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Measured on %s on %d shared cores: %d faults of each kind at random instants, in %d estates side by side, "+
		"with the committed intervals (probe 15 s, timeout 5 s, confirm 2; scrape and evaluation 5 s). Seconds.\n\n",
		at.Format("2 January 2006"), cores, s.runs, s.estates)
	out.WriteString("| from the fault until both messages are at SMTP | min | median | p90 | p99 | max | wanted: median, p99 | reached |\n|-|-|-|-|-|-|-|-|\n")
	for _, k := range kinds() {
		times := spent(all, k, total)
		want := goals()[k]
		reached := "yes"
		if quantile(times, 0.5) > want.median || quantile(times, 0.99) > want.p99 {
			reached = "no"
		}
		fmt.Fprintf(&out, "| %s | %s | %.0f, %.0f | %s |\n", k, row(times, 0, 0.5, 0.9, 0.99, 1), want.median.Seconds(), want.p99.Seconds(), reached)
	}
	for _, k := range kinds() {
		fmt.Fprintf(&out, "\n| %s: hop | min | median | p90 | max |\n|-|-|-|-|-|\n", k)
		for _, h := range hops() {
			fmt.Fprintf(&out, "| %s | %s |\n", h.name, row(spent(all, k, h.spent), 0, 0.5, 0.9, 1))
		}
	}
	return out.String()
}

func row(times []time.Duration, quantiles ...float64) string {
	var cells []string
	for _, q := range quantiles {
		cells = append(cells, fmt.Sprintf("%.2f", quantile(times, q).Seconds()))
	}
	return strings.Join(cells, " | ")
}

// spent is sorted.
func spent(all []measurement, k kind, of func(measurement) time.Duration) []time.Duration {
	var times []time.Duration
	for _, m := range all {
		if m.kind == k {
			times = append(times, of(m))
		}
	}
	slices.Sort(times)
	return times
}

// quantile is by nearest rank: a time that was really measured. With 20 runs
// the 99th percentile is the longest.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// The section of the document that belongs to this program.
const (
	sectionBegins = "<!-- make bench-detection writes from here -->\n"
	sectionEnds   = "<!-- to here -->\n"
)

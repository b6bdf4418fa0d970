package lint

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Input is what the checks look at.
type Input struct {
	Catalog *catalog.Catalog
	Now     time.Time // from which turns are looked at
	Secrets bool      // read every secret and contacts file, not only look for it

	Rendered string         // Alertmanager's configuration; empty when somebody else keeps it
	Options  render.Options // with which it was rendered
	Render   string         // the command that renders it
}

// Verdict is the outcome of a check, in rising gravity.
type Verdict string

// The values of Verdict. A warning is legal and probably not meant.
const (
	Good    Verdict = "good"
	Skipped Verdict = "skipped"
	Warning Verdict = "warning"
	Problem Verdict = "problem"
)

// Finding is one sentence about one thing, its place in front where it has
// one; further lines explain it.
type Finding struct {
	Verdict Verdict
	Text    string
}

// Result is what one check found. A good one says in its only finding what
// was looked at.
type Result struct {
	Check    string
	Findings []Finding
}

// Verdict is that of the gravest finding.
func (r Result) Verdict() Verdict {
	order := []Verdict{Good, Skipped, Warning, Problem}
	gravest := Good
	for _, f := range r.Findings {
		if slices.Index(order, f.Verdict) > slices.Index(order, gravest) {
			gravest = f.Verdict
		}
	}
	return gravest
}

// checks are run and printed in this order.
func checks() []struct {
	name string
	run  func(in Input) []Finding
} {
	return []struct {
		name string
		run  func(in Input) []Finding
	}{
		{"rendered", rendered},
		{"texts", texts},
		{"delivery", delivery},
		{"board", board},
		{"teams", teams},
		{"webhooks", webhooks},
		{"rotas", rotas},
		{"turns", turns},
		{"phones", phones},
		{"contacts", contacts},
		{"cel", conditions},
		{"ldap", filters},
		{"secrets", secrets},
	}
}

// Run runs every check.
func Run(in Input) []Result {
	var results []Result
	for _, check := range checks() {
		results = append(results, Result{Check: check.name, Findings: check.run(in)})
	}
	return results
}

// orGood is the findings, or one that says what was found good.
func orGood(findings []Finding, good string) []Finding {
	if len(findings) == 0 {
		return []Finding{{Good, good}}
	}
	return findings
}

// counted is a number of files in words.
func counted(files int) string { return number(files, "file") }

// number is so many of a thing in words.
func number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

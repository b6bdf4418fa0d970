package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

const (
	// maxChain bounds the certificates of a chain that are shown.
	maxChain = 10
	// maxAddresses bounds the addresses of a name that are shown.
	maxAddresses = 16
	// maxNames bounds the names of a certificate that people see; JSON has all.
	maxNames = 10
	// moment is how a time is written for people.
	moment = "2006-01-02 15:04:05 MST"
	// day is how long people think a certificate's day is.
	day = 24 * time.Hour
)

// certificate is one of a chain.
type certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Names       []string  `json:"names,omitempty"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	Fingerprint string    `json:"sha256"`
}

// measure is a number besides the time, in the unit of its name.
type measure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

type component struct {
	Name string `json:"name"`
	Up   bool   `json:"up"`
}

type performance struct {
	Label string  `json:"label"`
	Unit  string  `json:"unit,omitempty"`
	Value float64 `json:"value"`
}

type stepTime struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// take copies what a kind found besides the time.
func (t *trace) take(r probe.Result) {
	for _, m := range r.Measures {
		t.Measures = append(t.Measures, measure{strings.TrimPrefix(m.Metric(), "tocsin_probe_"), m.Value})
	}
	for _, c := range r.Components {
		t.Components = append(t.Components, component{printable(c.Name), c.Up})
	}
	slices.SortStableFunc(t.Components, func(a, b component) int { return cmp.Compare(a.State(), b.State()) }) // "down" first
	for _, p := range r.Performance {
		t.Performance = append(t.Performance, performance{printable(p.Label), p.Unit, p.Value})
	}
	for _, s := range r.Steps {
		t.Steps = append(t.Steps, stepTime{printable(s.Name), s.Duration.Seconds()})
	}
	d := r.Detail
	if d == nil {
		return
	}
	t.Expected, t.Found, t.Output = printable(d.Expected), printable(d.Found), printable(d.Output)
	t.Addresses = printables(d.Addresses[:min(len(d.Addresses), maxAddresses)])
	for _, c := range d.Chain[:min(len(d.Chain), maxChain)] {
		t.Chain = append(t.Chain, certificate{printable(c.Subject), printable(c.Issuer), printables(c.Names), c.NotBefore.UTC(), c.NotAfter.UTC(), c.Fingerprint})
	}
}

func printables(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, printable(s))
	}
	return out
}

// Bad says that the certificate is not valid now.
func (c certificate) Bad(now time.Time) bool { return now.Before(c.NotBefore) || now.After(c.NotAfter) }

// Left says how long the certificate is valid from now on.
func (c certificate) Left(now time.Time) string {
	if now.Before(c.NotBefore) {
		return "not valid for another " + days(c.NotBefore.Sub(now))
	}
	return left(c.NotAfter, now)
}

// left says how far off the end of something is.
func left(end, now time.Time) string {
	if now.After(end) {
		return "expired " + days(now.Sub(end)) + " ago"
	}
	return days(end.Sub(now)) + " left"
}

// Shortened are the first names, and how many there are besides.
func (c certificate) Shortened() (names []string, more string) {
	if len(c.Names) <= maxNames {
		return c.Names, ""
	}
	return c.Names[:maxNames], fmt.Sprintf(" and %d more", len(c.Names)-maxNames)
}

// ShownNames is Shortened as one text.
func (c certificate) ShownNames() string {
	names, more := c.Shortened()
	return strings.Join(names, ", ") + more
}

// days says a time in days, and in hours where there are few.
func days(d time.Duration) string {
	switch n := int(d / day); {
	case n >= 2:
		return fmt.Sprintf("%d days", n)
	case d >= time.Hour:
		return fmt.Sprintf("%d hours", int(d/time.Hour))
	}
	return d.Round(time.Minute).String()
}

// Words is the measure's name without its unit, as people write it.
func (m measure) Words() string {
	name := m.Name
	for _, unit := range []string{"_timestamp_seconds", "_seconds", "_ratio"} {
		name = strings.TrimSuffix(name, unit)
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Shown is the value with its unit; a time is told by its distance too.
func (m measure) Shown(now time.Time) string {
	switch {
	case strings.HasSuffix(m.Name, "_timestamp_seconds"):
		at := time.Unix(int64(m.Value), 0).UTC()
		distance := days(now.Sub(at)) + " ago"
		if at.After(now) {
			distance = "in " + days(at.Sub(now))
		}
		return at.Format(moment) + ", " + distance
	case strings.HasSuffix(m.Name, "_seconds"):
		return withUnit(m.Value, "seconds")
	case strings.HasSuffix(m.Name, "_ratio"):
		return withUnit(m.Value, "ratio")
	}
	return withUnit(m.Value, "")
}

// State is the word for a component's health.
func (c component) State() string {
	if c.Up {
		return "up"
	}
	return "down"
}

// Shown is the value with its unit.
func (p performance) Shown() string { return withUnit(p.Value, p.Unit) }

func withUnit(v float64, unit string) string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	switch unit {
	case "seconds":
		return number(v) + " s"
	case "ratio":
		return number(v*100) + " %"
	case "bytes":
		return strconv.FormatFloat(v, 'f', -1, 64) + " bytes"
	}
	return number(v)
}

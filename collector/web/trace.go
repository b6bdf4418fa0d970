package web

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// trace is one attempt as JSON, as text and as the pages show it. Durations are
// seconds. Every text in it is printable.
type trace struct {
	Service           string             `json:"service"`
	Probe             string             `json:"probe"`
	At                time.Time          `json:"at"`
	Outcome           string             `json:"outcome"`
	Reason            string             `json:"reason,omitempty"`
	Text              string             `json:"text,omitempty"`
	Step              string             `json:"step,omitempty"`
	Status            int                `json:"status,omitempty"`
	Address           string             `json:"address,omitempty"`
	Duration          float64            `json:"duration_seconds"`
	Phases            map[string]float64 `json:"phases,omitempty"`
	CertificateExpiry *time.Time         `json:"certificate_expiry,omitempty"`
	Expected          string             `json:"expected,omitempty"`
	Found             string             `json:"found,omitempty"`
	Addresses         []string           `json:"addresses,omitempty"`
	Chain             []certificate      `json:"chain,omitempty"`
	Measures          []measure          `json:"measures,omitempty"`
	Components        []component        `json:"components,omitempty"`
	Performance       []performance      `json:"performance,omitempty"`
	Steps             []stepTime         `json:"steps,omitempty"`
	Output            string             `json:"output,omitempty"`
	Screenshot        string             `json:"screenshot,omitempty"` // where the picture is; empty for none
}

// phase is one phase that happened.
type phase struct {
	Name    string
	Seconds float64
}

func newTrace(service, name string, a collector.Attempt) trace {
	t := trace{
		Service: service, Probe: name, At: a.At.UTC(), Outcome: a.Outcome.String(), Reason: a.Reason.String(), Text: printable(a.Text),
		Step: printable(a.Step), Status: a.Status, Address: printable(a.Address), Duration: a.Duration.Seconds(), Phases: make(map[string]float64),
	}
	for i, d := range a.Phases {
		if d > 0 {
			t.Phases[probe.Phase(i).String()] = d.Seconds()
		}
	}
	if !a.CertificateExpiry.IsZero() {
		expiry := a.CertificateExpiry.UTC()
		t.CertificateExpiry = &expiry
	}
	t.take(a.Result)
	return t
}

// PhaseTimes are the phases that happened, in their order.
func (t trace) PhaseTimes() []phase {
	var list []phase
	for i := range len(probe.Phases{}) {
		name := probe.Phase(i).String()
		if d, ok := t.Phases[name]; ok {
			list = append(list, phase{name, d})
		}
	}
	return list
}

// String is a line for each thing that is known.
func (t trace) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s %s\n", name, value)
		}
	}
	line("probe", t.Service+"/"+t.Probe)
	line("at", t.At.Format(time.RFC3339))
	line("outcome", t.Outcome)
	line("reason", t.Reason)
	line("text", t.Text)
	line("expected", t.Expected)
	line("found", t.Found)
	line("step", t.Step)
	if t.Status != 0 {
		line("status", fmt.Sprint(t.Status))
	}
	line("resolved", strings.Join(t.Addresses, ", "))
	line("address", t.Address)
	if t.CertificateExpiry != nil {
		line("certificate", "valid until "+t.CertificateExpiry.Format(time.RFC3339))
	}
	for _, p := range t.PhaseTimes() {
		line(p.Name, fmt.Sprintf("%.6f s", p.Seconds))
	}
	line("total", fmt.Sprintf("%.6f s", t.Duration))
	t.findings(line)
	return strings.TrimSuffix(b.String(), "\n")
}

// findings writes what a kind found besides the time.
func (t trace) findings(line func(name, value string)) {
	now := time.Now()
	for _, s := range t.Steps {
		line("step", fmt.Sprintf("%.6f s %s", s.Seconds, s.Name))
	}
	for _, m := range t.Measures {
		line("measure", m.Words()+" "+m.Shown(now))
	}
	for _, c := range t.Components {
		line("component", c.State()+" "+c.Name)
	}
	for _, p := range t.Performance {
		line("performance", p.Label+" "+p.Shown())
	}
	for i, c := range t.Chain {
		line("chain", fmt.Sprintf("%d subject %s, issuer %s", i+1, c.Subject, c.Issuer))
		line("", fmt.Sprintf("  from %s to %s, %s", c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339), c.Left(now)))
		if names, more := c.Shortened(); len(names) > 0 {
			line("", "  for "+strings.Join(names, ", ")+more)
		}
		line("", "  SHA-256 "+c.Fingerprint)
	}
	for text := range strings.SplitSeq(t.Output, "\n") {
		line("output", text)
	}
}

// printable replaces what could move a terminal's cursor or turn the direction
// of the text around it. The probes do so too; the pages do not rely on it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

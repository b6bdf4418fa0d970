package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// trace is one attempt as JSON and as text. Durations are seconds.
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
}

func newTrace(service, name string, a collector.Attempt) trace {
	t := trace{
		Service: service, Probe: name, At: a.At.UTC(), Outcome: a.Outcome.String(), Reason: a.Reason.String(), Text: a.Text,
		Step: a.Step, Status: a.Status, Address: a.Address, Duration: a.Duration.Seconds(), Phases: make(map[string]float64),
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
	return t
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
	line("step", t.Step)
	if t.Status != 0 {
		line("status", fmt.Sprint(t.Status))
	}
	line("address", t.Address)
	if t.CertificateExpiry != nil {
		line("certificate", "valid until "+t.CertificateExpiry.Format(time.RFC3339))
	}
	for i := range len(probe.Phases{}) {
		if d, ok := t.Phases[probe.Phase(i).String()]; ok {
			line(probe.Phase(i).String(), fmt.Sprintf("%.6f s", d))
		}
	}
	line("total", fmt.Sprintf("%.6f s", t.Duration))
	return strings.TrimSuffix(b.String(), "\n")
}

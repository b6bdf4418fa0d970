package postmortem

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/evidence"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/plot"
)

// justBefore is how long before an incident a deployment may have ended to be
// worth a look.
const justBefore = 2 * time.Hour

// Causes are what the incident may have come from, the likeliest first: what
// somebody or the dependency graph says, what alerts say, which dependencies
// were down, and deployments just before.
func (in Input) Causes() []string {
	said := []string{}
	if p := in.Parent; p != nil {
		said = append(said, fmt.Sprintf("It came from incident #%d: %s.", p.ID, strings.TrimSuffix(notify.OneLine(p.Lead().Summary(), 300), ".")))
	}
	if text := in.alertsSay(); text != "" {
		said = append(said, text)
	}
	said = append(said, in.dependenciesDown()...)
	for _, r := range in.Figures.Runs {
		if before := in.began().Sub(r.At); r.Service == in.Incident.Service && before >= 0 && before <= justBefore && r.Result == "success" {
			said = append(said, fmt.Sprintf("%s/%s was deployed %s before it began, at %s.", r.Service, r.Pipeline, plot.Length(before), in.clock(r.At)))
		}
	}
	return said
}

// alertsSay is the likely cause in the words of the alerts.
func (in Input) alertsSay() string {
	lead := in.Incident.Lead()
	if text := notify.Cause(in.Incident, lead); text != "" {
		return "Likely cause: " + strings.TrimSuffix(notify.OneLine(text, 300), ".") + "."
	}
	for _, a := range slices.Concat([]string{lead.Annotations["description"]}, in.descriptions()) {
		text := notify.OneLine(a, 4000)
		if n := strings.Index(text, "Likely cause:"); n >= 0 {
			sentence, _, _ := strings.Cut(text[n:], ". ")
			return strings.TrimSuffix(sentence, ".") + "."
		}
	}
	return ""
}

func (in Input) descriptions() []string {
	var all []string
	for _, a := range in.Incident.Alerts {
		all = append(all, a.Annotations["description"])
	}
	return all
}

func (in Input) dependenciesDown() []string {
	const early = 10 * time.Minute
	var said []string
	c, _ := in.Figures.Chart("dependencies")
	for _, s := range c.Series {
		down, seen, first := s.Down(in.began().Add(-early), in.ended(), c.Step)
		if down > 0 {
			said = append(said, fmt.Sprintf("%s, on which it depends, was down for %s of the %s around it, from about %s.", s.Name(), plot.Length(down), plot.Length(seen), in.clock(first)))
		}
	}
	return said
}

// Deployments are the runs of the pipelines of the service and of what it
// depends on, from some time before the incident to its end.
func (in Input) Deployments() []string {
	said := []string{}
	for _, r := range in.Figures.Runs {
		if r.At.After(in.ended()) {
			continue
		}
		when := plot.Length(in.began().Sub(r.At)) + " before it began"
		if after := r.At.Sub(in.began()); after > 0 {
			when = plot.Length(after) + " after it began"
		}
		said = append(said, fmt.Sprintf("%s/%s ended with %s at %s, %s", r.Service, r.Pipeline, r.Result, in.stamp(r.At), when))
	}
	return said
}

// failures say what the probes saw.
func (in Input) failures() []string {
	said := []string{}
	for _, t := range in.Traces {
		said = append(said, in.Failure(t))
	}
	return said
}

// pictures are those of the traces, in their order.
func (in Input) pictures() []Picture {
	var taken []Picture
	for _, t := range in.Traces {
		if t.Picture {
			taken = append(taken, Picture{Of: t.Name(), Text: "What the browser saw when " + in.Failure(t)})
		}
	}
	return taken
}

// Failure says what a probe saw, in one line.
func (in Input) Failure(t evidence.Trace) string {
	text := "Probe " + t.Probe
	if t.Location != "" {
		text += " from " + t.Location
	}
	text += fmt.Sprintf(" failed at %s after %s", in.clock(t.At), plot.Value(t.Duration, "seconds"))
	if t.Step != "" {
		text += fmt.Sprintf(", at step %q", t.Step)
	}
	var why []string
	for _, part := range []string{t.Reason, t.Text} {
		if part = notify.OneLine(part, 300); part != "" {
			why = append(why, part)
		}
	}
	if len(why) > 0 {
		text += ": " + strings.Join(why, ", ")
	}
	return text
}

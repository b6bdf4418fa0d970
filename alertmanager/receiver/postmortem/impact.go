package postmortem

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/plot"
)

// impact says what the incident did to users, as far as figures know.
func (in Input) impact() []Fact {
	length := plot.Length(in.ended().Sub(in.began()))
	if in.Incident.Open() {
		length += " so far"
	}
	facts := []Fact{{"Duration", length}}
	if text := notify.OneLine(in.Incident.Lead().Annotations["impact"], 500); text != "" {
		facts = append(facts, Fact{"For users", text})
	}
	facts = append(facts, in.downtime()...)
	if c, ok := in.Figures.Chart("users"); ok {
		for _, s := range c.Series {
			if text := in.usage(c, s); text != "" {
				facts = append(facts, Fact{"Usage: " + s.Name(), text})
			}
		}
	}
	if len(in.Children) > 0 {
		var names []string
		for _, child := range in.Children {
			names = append(names, fmt.Sprintf("%s (incident #%d)", child.Service, child.ID))
		}
		facts = append(facts, Fact{"Other services", strings.Join(names, ", ")})
	}
	return facts
}

// downtime is for how long the service was down, and what of the error budget
// that took.
func (in Input) downtime() []Fact {
	c, ok := in.Figures.Chart("service")
	if !ok || len(c.Series) == 0 {
		return []Fact{{"Error budget spent", "not known: there are no figures of the service's state"}}
	}
	down, seen, _ := c.Series[0].Down(in.began().Add(-c.Step), in.ended().Add(c.Step), c.Step)
	if seen == 0 {
		return []Fact{{"Error budget spent", "not known: nobody could see the service"}}
	}
	facts := []Fact{{"Down", fmt.Sprintf("%s, by the vote of the locations, to %s", plot.Length(down), plot.Length(c.Step))}}
	if down == 0 {
		facts[0].Value = "never, by the vote of the locations: it was degraded at most"
	}
	o := in.Figures.Objective
	budget := time.Duration((1 - o.Availability) * float64(o.Window))
	if o.Window <= 0 || budget <= 0 {
		return facts
	}
	spent := fmt.Sprintf("%s of the %s that an objective of %s leaves in %s", plot.Value(float64(down)/float64(budget), figures.Ratio), plot.Length(budget),
		plot.Value(o.Availability, figures.Ratio), days(o.Window))
	if left, ok := in.Figures.Chart("budget"); ok && len(left.Series) > 0 {
		if st := left.Series[0].Stats(in.began(), in.Figures.Until); st.Points > 0 {
			spent += fmt.Sprintf("; %s was left at the end", plot.Value(st.Last, figures.Ratio))
		}
	}
	return append(facts, Fact{"Error budget spent", spent})
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 && d > 24*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return plot.Length(d)
}

// usage is how many there were before and how few in the incident.
func (in Input) usage(c figures.Chart, s figures.Series) string {
	before, during := s.Stats(time.Time{}, in.began()), s.Stats(in.began(), in.ended())
	switch {
	case before.Points == 0 && during.Points == 0:
		return ""
	case during.Points == 0:
		return plot.Value(before.Mean, c.Unit) + " on average before it"
	case before.Points == 0:
		return plot.Value(during.Lowest, c.Unit) + " at the lowest"
	}
	return fmt.Sprintf("%s on average before it, %s at the lowest", plot.Value(before.Mean, c.Unit), plot.Value(during.Lowest, c.Unit))
}

// times are how long everything took.
func (in Input) times() []Fact {
	opened, sign := in.Incident.Opened, in.firstSign()
	facts := []Fact{{"To detect", fmt.Sprintf("%s, from the first sign at %s to the incident at %s", plot.Length(opened.Sub(sign)), in.clock(sign), in.clock(opened))}}
	if told := in.firstTold(); !told.IsZero() {
		facts = append(facts, Fact{"To tell somebody", plot.Length(told.Sub(opened))})
	} else {
		facts = append(facts, Fact{"To tell somebody", "nobody was told"})
	}
	if at, who := in.firstAcknowledged(); !at.IsZero() {
		facts = append(facts, Fact{"To acknowledge", fmt.Sprintf("%s, by %s", plot.Length(at.Sub(opened)), in.Whom(who))})
	} else {
		facts = append(facts, Fact{"To acknowledge", "nobody acknowledged it"})
	}
	if in.Incident.Open() {
		return append(facts, Fact{"To resolve", "it goes on"})
	}
	return append(facts, Fact{"To resolve", plot.Length(in.Incident.Closed.Sub(opened))})
}

// firstSign is when a probe failed first, if figures know it, or else the start
// of the first alert.
func (in Input) firstSign() time.Time {
	const longBefore = 15 * time.Minute
	sign := in.began()
	c, _ := in.Figures.Chart("probes")
	for _, s := range c.Series {
		_, _, first := s.Down(in.began().Add(-longBefore), in.Incident.Opened, c.Step)
		if seen := first.Add(c.Step); !first.IsZero() && seen.Before(sign) { // it failed at some instant of the step
			sign = seen
		}
	}
	return sign
}

func (in Input) firstTold() (first time.Time) {
	for _, m := range in.Incident.Messages {
		for _, d := range m.Deliveries {
			sent := d.State == incident.DeliverySent || d.State == incident.DeliveryDelivered
			if sent && (first.IsZero() || d.At.Before(first)) {
				first = d.At
			}
		}
	}
	return first
}

func (in Input) firstAcknowledged() (time.Time, string) {
	for _, e := range in.Events {
		switch e.Kind {
		case incident.KindAcknowledged, incident.KindSnoozed:
			return e.At, e.Person
		case incident.KindReassigned:
			if e.Person != "" {
				return e.At, e.Person
			}
		default:
		}
	}
	return time.Time{}, ""
}

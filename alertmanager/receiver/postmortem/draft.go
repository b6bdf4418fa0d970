package postmortem

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/evidence"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/plot"
)

// Input is everything that was kept with an incident.
type Input struct {
	Incident incident.Incident
	Events   []incident.Event // the oldest first
	Figures  figures.Figures
	Traces   []evidence.Trace
	Parent   *incident.Incident  // what it came from; nil for nothing
	Children []incident.Incident // what came from it
	Zone     *time.Location
	Now      time.Time
	Page     string // of the incident on the board; "" for none

	Whom     func(personOrRole string) string  // what people call somebody
	Describe func(event incident.Event) string // an event in words; "" leaves it out
}

// Document is the draft. Texts are plain and of one line, unless they are notes.
type Document struct {
	ID       incident.ID       `json:"id"`
	Title    string            `json:"title"`
	Service  string            `json:"service"`
	Team     string            `json:"team"`
	Severity incident.Severity `json:"severity"`
	Page     string            `json:"page,omitempty"`
	Zone     string            `json:"zone"` // in which the instants are written
	Open     bool              `json:"open"`

	Summary  []string  `json:"summary"`
	Impact   []Fact    `json:"impact"`
	Times    []Fact    `json:"times"`
	Causes   []string  `json:"causes"`
	Runs     []string  `json:"deployments"`
	Failures []string  `json:"failures"`
	Pictures []Picture `json:"pictures,omitempty"`
	Missing  []string  `json:"missing"`
	Timeline []Line    `json:"timeline"`
	Tried    []Line    `json:"tried"`
	Told     []Told    `json:"told"`
	Drawn    Drawn     `json:"drawn"`
}

// Picture is what a browser saw when a probe failed. Whoever made the draft may
// fill in where it is, or the picture itself, before the document is written.
type Picture struct {
	Of      string `json:"of"`   // the name of the trace
	Text    string `json:"text"` // what it shows
	Address string `json:"address,omitempty"`
	PNG     []byte `json:"png,omitempty"`
}

// Fact is a figure and what it is of.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Line is an entry of a timeline.
type Line struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

// Told is one message to one recipient.
type Told struct {
	At    string `json:"at"`
	Who   string `json:"who"`
	Way   string `json:"way"`
	What  string `json:"what"`
	State string `json:"state"`
}

// Drawn is what the plots are made of.
type Drawn struct {
	From   time.Time       `json:"from"`
	Until  time.Time       `json:"until"`
	Began  time.Time       `json:"began"`
	Ended  time.Time       `json:"ended"` // or now
	Charts []figures.Chart `json:"charts"`
	Marks  []plot.Mark     `json:"marks"`
}

// SVG draws a chart of the document. Alone is for a file of its own.
func (d Document) SVG(c figures.Chart, alone bool) string {
	zone, err := time.LoadLocation(d.Zone)
	if err != nil {
		zone = time.UTC
	}
	return plot.SVG(c, plot.Options{ID: "plot-" + c.Name, From: d.Drawn.From, Until: d.Drawn.Until, Zone: zone, Marks: d.Drawn.Marks, Alone: alone})
}

// Rows are the key figures of a chart of the document.
func (d Document) Rows(c figures.Chart) []plot.Row { return plot.Rows(c, d.Drawn.Began, d.Drawn.Ended) }

// Draft makes the document.
func Draft(in Input) Document {
	if in.Zone == nil {
		in.Zone = time.UTC
	}
	i := in.Incident
	d := Document{
		ID: i.ID, Title: notify.OneLine(i.Lead().Summary(), 300), Service: i.Service, Team: i.Team, Severity: worst(in), Page: in.Page,
		Zone: in.Zone.String(), Open: i.Open(), Missing: in.missing(), Causes: in.Causes(), Runs: in.Deployments(), Failures: in.failures(), Pictures: in.pictures(),
		Told: in.told(), Drawn: in.Drawn(),
	}
	d.Summary, d.Impact, d.Times = in.summary(), in.impact(), in.times()
	d.Timeline, d.Tried = in.lines()
	return d
}

// Ended is the incident's end, or now.
func (in Input) ended() time.Time {
	if in.Incident.Open() {
		return in.Now
	}
	return in.Incident.Closed
}

// began is the beginning of the first fault, over all reopenings.
func (in Input) began() time.Time {
	began := in.Incident.Opened
	for _, a := range in.Incident.Alerts {
		if a.StartsAt.Before(began) && began.Sub(a.StartsAt) < 24*time.Hour {
			began = a.StartsAt
		}
	}
	return began
}

// Drawn is what the plots of the incident are made of.
func (in Input) Drawn() Drawn {
	d := Drawn{From: in.Figures.From, Until: in.Figures.Until, Began: in.began(), Ended: in.ended(), Charts: in.Figures.Charts, Marks: in.marks()}
	if d.Charts == nil {
		d.Charts = []figures.Chart{}
	}
	return d
}

// marks are the instants that everybody looks for in a plot.
func (in Input) marks() []plot.Mark {
	marks := []plot.Mark{}
	for _, e := range in.Events {
		switch e.Kind {
		case incident.KindOpened, incident.KindReopened:
			marks = append(marks, plot.Mark{At: e.At, Kind: "opened", Text: map[bool]string{true: "Opened", false: "Opened again"}[e.Kind == incident.KindOpened]})
		case incident.KindAcknowledged:
			marks = append(marks, plot.Mark{At: e.At, Kind: "acknowledged", Text: "Acknowledged by " + in.Whom(e.Person)})
		case incident.KindClosed:
			marks = append(marks, plot.Mark{At: e.At, Kind: "closed", Text: "Closed"})
		default: // stands in the timeline alone
		}
	}
	for _, r := range in.Figures.Runs {
		marks = append(marks, plot.Mark{At: r.At, Kind: "run", Text: fmt.Sprintf("%s/%s ended with %s", r.Service, r.Pipeline, r.Result)})
	}
	slices.SortStableFunc(marks, func(a, b plot.Mark) int { return a.At.Compare(b.At) })
	return marks
}

// worst is the worst severity that the incident has had.
func worst(in Input) incident.Severity {
	worst := in.Incident.Severity
	for _, e := range in.Events {
		if e.Severity != "" && e.Severity.Rank() < worst.Rank() {
			worst = e.Severity
		}
	}
	return worst
}

// stamp writes an instant for a table; day is for prose.
func (in Input) stamp(t time.Time) string { return t.In(in.Zone).Format("2006-01-02 15:04:05 MST") }
func (in Input) clock(t time.Time) string { return t.In(in.Zone).Format("15:04:05 MST") }
func (in Input) day(t time.Time) string {
	return t.In(in.Zone).Format("Monday 2 January 2006, 15:04 MST")
}

func (in Input) summary() []string {
	i := in.Incident
	text := []string{fmt.Sprintf("%s. It began on %s", strings.TrimSuffix(notify.OneLine(i.Lead().Summary(), 300), "."), in.day(in.began()))}
	if i.Open() {
		text[0] += fmt.Sprintf(" and still goes on, for %s so far.", plot.Length(in.Now.Sub(in.began())))
	} else {
		text[0] += fmt.Sprintf(" and lasted %s.", plot.Length(i.Closed.Sub(in.began())))
	}
	names := map[string]bool{}
	var alerts []string
	for _, a := range i.Alerts {
		if name := notify.OneLine(a.Name(), 100); !names[name] {
			names[name] = true
			alerts = append(alerts, name)
		}
	}
	text = append(text, fmt.Sprintf("Incident #%d of team %s, for %s; at its worst %s. Alerts: %s.", i.ID, i.Team, i.Audience, worst(in), strings.Join(alerts, ", ")))
	if i.Reopened > 0 {
		text = append(text, fmt.Sprintf("It came back %s after it had closed.", times(i.Reopened)))
	}
	if i.Owner != "" {
		text = append(text, in.Whom(i.Owner)+" had it in hand.")
	}
	if i.ClosedBy != "" {
		text = append(text, fmt.Sprintf("It closed: %s.", notify.OneLine(i.ClosedBy, 200)))
	}
	return text
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// missing says honestly what was not kept.
func (in Input) missing() []string {
	said := []string{}
	if p := in.Figures.Problem; p != nil {
		text := fmt.Sprintf("Prometheus has not answered since %s (%s)", in.clock(p.Since), notify.OneLine(p.Text, 200))
		if p.Next.IsZero() {
			text += ", and is asked no more"
		}
		said = append(said, text+".")
	}
	switch {
	case in.Figures.ReadAt.IsZero() && in.Figures.Problem == nil:
		said = append(said, "No figures were read from Prometheus.")
	case !in.Figures.ReadAt.IsZero() && len(in.Figures.Charts) == 0:
		said = append(said, "Prometheus had no figures of this service.")
	case !in.Figures.ReadAt.IsZero() && in.Figures.Problem != nil:
		said = append(said, "The figures end at "+in.clock(in.Figures.Until)+".")
	}
	for _, w := range in.Figures.Warnings {
		said = append(said, fmt.Sprintf("The figures may not be complete. Prometheus said: %s.", strings.TrimSuffix(notify.OneLine(w, 200), ".")))
	}
	for _, m := range in.Figures.Missing {
		said = append(said, fmt.Sprintf("Prometheus did not give the figures of %q: %s.", m.Name, strings.TrimSuffix(notify.OneLine(m.Why, 200), ".")))
	}
	return said
}

// lines are the timeline, and what of it people did.
func (in Input) lines() (timeline, tried []Line) {
	timeline, tried = []Line{}, []Line{}
	for _, e := range in.Events {
		switch e.Kind {
		case incident.KindDelivered, incident.KindDeliveryFailed, incident.KindReceipt:
			continue // a table of its own says who was told
		case incident.KindNobodyReached:
			e.Text = "" // may hold an address
		default:
		}
		text := strings.TrimSuffix(in.Describe(e), ": ")
		if text == "" {
			continue
		}
		line := Line{in.stamp(e.At), text}
		timeline = append(timeline, line)
		if did(e) {
			tried = append(tried, line)
		}
	}
	return timeline, tried
}

// did says whether an event is something that a person did.
func did(e incident.Event) bool {
	switch e.Kind {
	case incident.KindAcknowledged, incident.KindSnoozed, incident.KindReassigned, incident.KindNote:
		return true
	case incident.KindJoined, incident.KindLeft, incident.KindClosed:
		return e.Person != ""
	default:
		return false
	}
}

// told lists who was told, the first first.
func (in Input) told() []Told {
	type one struct {
		Told
		at time.Time
	}
	var all []one
	for _, m := range in.Incident.Messages {
		what := string(m.Kind)
		if m.Urgent {
			what += " (rings)"
		}
		for _, d := range m.Deliveries {
			who := in.Whom(d.Recipient)
			if incident.IsPlace(d.Recipient) {
				who = notify.PlaceName(d.Recipient)
			}
			all = append(all, one{Told{in.stamp(d.At), who, d.Way, what, string(d.State)}, d.At})
		}
		for _, whom := range m.Unreached {
			all = append(all, one{Told{in.stamp(m.At), in.Whom(whom), strings.Join(m.Ways, ", "), what, "reached nobody"}, m.At})
		}
	}
	slices.SortStableFunc(all, func(a, b one) int { return a.at.Compare(b.at) })
	list := []Told{}
	for _, o := range all {
		list = append(list, o.Told)
	}
	return list
}

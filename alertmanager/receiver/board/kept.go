package board

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/evidence"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/plot"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/postmortem"
)

// Keeper gives what was kept with an incident.
type Keeper interface {
	// Figures has a zero ReadAt when nothing was read yet.
	Figures(ctx context.Context, id incident.ID) (figures.Figures, error)
	Evidence(ctx context.Context, id incident.ID) ([]evidence.Trace, error)
	// Picture is the picture of the trace of that name, as PNG, or ErrNotFound.
	Picture(ctx context.Context, id incident.ID, name string) ([]byte, error)
	// Address is where people find the board, without a slash at its end; "" where
	// the catalogue does not say it.
	Address() string
}

// keptView is what was kept with an incident, as its page shows it.
type keptView struct {
	Causes, Runs []string
	Traces       []traceView
	Charts       []chartView
	Missing      []string
	Marks        []markView
	Step         string // how exact the figures are
	ReadAt       moment
}

// traceView is what one probe saw.
type traceView struct {
	evidence.Trace
	Text    string
	Taken   moment
	Picture string // address; "" for none
	Alt     string
	Phases  []string
}

// chartView is one plot and its figures.
type chartView struct {
	Title   string
	Drawing template.HTML
	Rows    []plot.Row
	Worst   string
}

// markView says what a letter over a plot means.
type markView struct {
	Letter, Text string
	At           moment
}

func (b *board) mountKept(mux *http.ServeMux) {
	mux.HandleFunc("GET /incidents/{id}/picture", b.picture)
	mux.HandleFunc("GET /incidents/{id}/postmortem", b.postmortem)
	mux.HandleFunc("GET /api/v1/incidents/{id}/postmortem", b.apiPostmortem)
	mux.Handle("GET /assets/plot.css", cached(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write([]byte(plot.Style)) // the reader is gone when this fails
	})))
}

// gathered is what is known of an incident, for its page and its post-mortem.
func (b *board) gathered(ctx context.Context, i incident.Incident, events []incident.Event) (postmortem.Input, error) {
	in := postmortem.Input{
		Incident: i, Events: events, Zone: b.Desk.Zone(i.Team), Now: b.Now(),
		Page: b.page(i.ID), Whom: b.whom, Describe: func(e incident.Event) string { return b.describe(i, e) },
	}
	var err error
	if in.Figures, err = b.Desk.Figures(ctx, i.ID); err != nil {
		return in, err
	}
	if in.Traces, err = b.Desk.Evidence(ctx, i.ID); err != nil {
		return in, err
	}
	if i.Parent == 0 {
		return in, nil
	}
	parent, err := b.Desk.Incident(ctx, i.Parent)
	if errors.Is(err, ErrNotFound) {
		return in, nil
	}
	in.Parent = &parent
	return in, err
}

// page is the address of an incident for a document that leaves the board; ""
// where nobody said what it is.
func (b *board) page(id incident.ID) string {
	base := b.Desk.Address()
	if base == "" {
		return ""
	}
	return fmt.Sprintf("%s/incidents/%d", base, id)
}

// kept adds what was kept to an incident's page. The page does without it when
// it cannot be read: somebody has an incident to mend.
func (b *board) kept(r *http.Request, v *incidentView, i incident.Incident, events []incident.Event) {
	in, err := b.gathered(r.Context(), i, events)
	if err != nil {
		level.Error(b.Logger).Log("msg", "Reading what was kept with an incident", "incident", i.ID, "err", err)
		v.Kept.Missing = []string{"What was kept with this incident cannot be read: " + err.Error()}
		return
	}
	zone := b.Desk.Zone(i.Team)
	d := postmortem.Draft(in)
	v.Kept = keptView{Causes: d.Causes, Runs: d.Runs, Missing: d.Missing, ReadAt: b.moment(in.Figures.ReadAt, zone)}
	if in.Figures.ReadAt.IsZero() && in.Figures.Problem == nil {
		v.Kept.Missing = nil // they are on their way, or nobody asks for them
	}
	for _, t := range slices.Backward(in.Traces) {
		v.Kept.Traces = append(v.Kept.Traces, b.trace(i, in, t))
	}
	for _, c := range d.Drawn.Charts {
		v.Kept.Charts = append(v.Kept.Charts, chartView{c.Title, template.HTML(d.SVG(c, false)), d.Rows(c), postmortem.WorstWord(c)})
	}
	for _, m := range d.Drawn.Marks {
		if !m.At.Before(d.Drawn.From) && !m.At.After(d.Drawn.Until) {
			v.Kept.Marks = append(v.Kept.Marks, markView{plot.Letter(m.Kind), m.Text, b.moment(m.At, zone)})
		}
	}
}

func (b *board) trace(i incident.Incident, in postmortem.Input, t evidence.Trace) traceView {
	v := traceView{Trace: t, Text: in.Failure(t), Taken: b.moment(t.At, b.Desk.Zone(i.Team))}
	for _, s := range t.Steps {
		v.Phases = append(v.Phases, fmt.Sprintf("%s: %s", s.Name, plot.Value(s.Seconds, figures.Seconds)))
	}
	for _, phase := range []string{"resolve", "connect", "tls", "first_byte", "transfer"} {
		if took := t.Phases[phase]; took > 0 {
			v.Phases = append(v.Phases, fmt.Sprintf("%s: %s", phase, plot.Value(took, figures.Seconds)))
		}
	}
	if t.Picture {
		v.Picture = picturePath(i.ID, t.Name())
		v.Alt = "What the browser saw when " + in.Failure(t)
	}
	return v
}

// picturePath is where the picture of a trace is shown.
func picturePath(id incident.ID, of string) string {
	return fmt.Sprintf("/incidents/%d/picture?%s", id, url.Values{"of": {of}}.Encode())
}

// picture shows a picture that was kept.
func (b *board) picture(w http.ResponseWriter, r *http.Request) {
	id, err := number(r)
	var png []byte
	if err == nil {
		png, err = b.Desk.Picture(r.Context(), id, r.URL.Query().Get("of"))
	} else {
		err = ErrNotFound
	}
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	_, _ = w.Write(png) // the reader is gone when this fails
}

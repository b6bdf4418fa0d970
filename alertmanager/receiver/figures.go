package receiver

import (
	"context"
	"errors"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

const (
	// figuresBefore is how much of the time before an incident is read, and
	// figuresAfter how much of the time after it.
	figuresBefore = time.Hour
	figuresAfter  = 5 * time.Minute
	// While an incident is open its figures are read again when it is twice as
	// old, but not more often than the first of these and not less than the second.
	figuresOften  = 20 * time.Second
	figuresSeldom = time.Hour
	// When Prometheus is away it is asked again after the first of these, twice
	// that and so on up to the second; no more when the incident is over for the
	// third.
	figuresRetry     = 10 * time.Second
	figuresMostRetry = 10 * time.Minute
	figuresPatience  = 24 * time.Hour
	mostDependencies = 20
)

// wantsFigures says that figures are read at the beginnings, at the end, and
// when something else has made it better or worse.
func wantsFigures(_ *Receiver, _ incident.Incident, e incident.Event) bool {
	switch e.Kind {
	case incident.KindOpened, incident.KindReopened, incident.KindSeverity, incident.KindClosed:
		return true
	default:
		return false
	}
}

// fetchFigures reads what Prometheus knows of the time around an incident.
func (r *Receiver) fetchFigures(ctx context.Context, e store.Errand, i incident.Incident) (errand, error) {
	d := r.current.Load()
	kept, err := r.Figures(ctx, i.ID)
	if err != nil {
		return errand{}, err
	}
	if d.catalog.Links.Prometheus == "" {
		return errand{}, nil
	}
	now := r.now()
	read, err := r.readFigures(ctx, d, i, now)
	done := errand{}
	if err != nil {
		level.Debug(r.logger).Log("msg", "The figures of an incident could not be read", "incident", i.ID, "attempt", e.Attempts, "err", err)
		done.next, done.attempts = retryFigures(i, e.Attempts, now), e.Attempts
		since := now
		if kept.Problem != nil {
			since = kept.Problem.Since
		}
		kept.Problem = &figures.Problem{Since: since.UTC(), Next: done.next.UTC(), Text: shortError(err)}
	} else {
		kept, done.next = read.Merge(kept), nextFigures(i, now)
	}
	body, err := kept.Encode()
	if err != nil {
		return errand{}, err
	}
	done.keep = []store.Kept{{Incident: i.ID, What: errandFigures, At: now, Body: body}}
	return done, nil
}

func (r *Receiver) readFigures(ctx context.Context, d *directory, i incident.Incident, now time.Time) (figures.Figures, error) {
	reader, err := figures.NewReader(d.catalog.Links.Prometheus, r.http)
	if err != nil {
		return figures.Figures{}, err
	}
	from := i.Opened
	if began := i.Began(); began.Before(from) {
		from = began
	}
	until := now
	if over := i.Closed.Add(2 * figuresAfter); !i.Open() && over.Before(until) {
		until = over
	}
	read, err := reader.Read(ctx, d.subject(i.Service), from.Add(-figuresBefore), until)
	read.ReadAt = now.UTC()
	return read, err
}

// subject is a service as its figures are asked for.
func (d *directory) subject(service string) figures.Subject {
	s := figures.Subject{Service: service}
	below := d.graph.below[service]
	s.Dependencies = below[:min(len(below), mostDependencies)]
	if spec := d.catalog.Services[service]; spec != nil {
		s.Objective = figures.Objective{Availability: float64(spec.Objective.Availability), Window: spec.Objective.Window.Std()}
	}
	return s
}

// nextFigures is when figures are read again; zero for never.
func nextFigures(i incident.Incident, now time.Time) time.Time {
	if i.Open() {
		return now.Add(min(max(now.Sub(i.Since), figuresOften), figuresSeldom))
	}
	if last := i.Closed.Add(figuresAfter); now.Before(last) {
		return last
	}
	return time.Time{}
}

// retryFigures is when Prometheus is asked again that was away; zero for never.
func retryFigures(i incident.Incident, attempts int, now time.Time) time.Time {
	if !i.Open() && now.Sub(i.Closed) > figuresPatience {
		return time.Time{}
	}
	return now.Add(min(figuresRetry<<min(max(attempts-1, 0), 10), figuresMostRetry))
}

// shortError is what a page says of an error.
func shortError(err error) string {
	const most = 300
	text := []rune(err.Error())
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// Figures gives what was kept of an incident's figures; nothing was read yet
// when ReadAt is zero.
func (r *Receiver) Figures(ctx context.Context, id incident.ID) (figures.Figures, error) {
	kept, err := r.store.KeptOne(ctx, id, errandFigures, "")
	if errors.Is(err, store.ErrNotFound) {
		return figures.Figures{}, nil
	}
	if err != nil {
		return figures.Figures{}, err
	}
	return figures.Decode(kept.Body)
}

package drill

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
)

const (
	pollEvery = 500 * time.Millisecond
	// heardWithin is how long the receiver may take to hear of the alert.
	heardWithin = time.Minute
	// takenBackWithin bounds taking the alert back, also after Ctrl-C.
	takenBackWithin = 15 * time.Second
	// closedWithin is how long the incident may stay open after that.
	closedWithin = 2 * time.Minute
)

// Options say what is exercised.
type Options struct {
	Service, Team, By string
	Severity          incident.Severity
	Audience          incident.Audience
	Alertmanager      *amapi.Client
	Members           []string      // base addresses of the members of its cluster
	Within            time.Duration // for somebody to acknowledge, or to be told
	Told              bool          // it is enough that a message was handed over

	// Get reads a path of the receiver's API.
	Get func(ctx context.Context, path string, into any) error
	Out io.Writer // hears each hop
}

// drill is one exercise.
type drill struct {
	Options
	id      string
	began   time.Time
	taken   []string // members that have the alert
	printed int      // lines of the timeline
}

// Run raises the alert and returns nil when somebody acknowledged it in time and
// everything is as it was before. The alert is taken back in any case.
func Run(ctx context.Context, o Options) error {
	d := &drill{Options: o, id: strings.ToLower(rand.Text()[:8]), began: time.Now()}
	if err := d.raise(ctx); err != nil {
		return err
	}
	followed, cancel := context.WithTimeout(ctx, o.Within)
	id, err := d.find(followed)
	if err == nil {
		err = d.answered(followed, id)
	}
	cancel()
	switch {
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%s within %s", map[bool]string{true: "nobody was told", false: "nobody acknowledged"}[o.Told], o.Within)
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), takenBackWithin)
	defer cancel()
	return errors.Join(err, d.takeBack(ending), d.closed(ctx, id, err))
}

// hop says what happened and when.
func (d *drill) hop(at time.Time, format string, args ...any) {
	fmt.Fprintf(d.Out, "%8s  %s\n", fmt.Sprintf("+%.1fs", max(at.Sub(d.began), 0).Seconds()), fmt.Sprintf(format, args...))
}

// heard is an incident as the receiver's API gives it.
type heard struct {
	ID       incident.ID      `json:"id"`
	OpenedAt time.Time        `json:"opened_at"`
	Open     bool             `json:"open"`
	Owner    string           `json:"owner"`
	Alerts   []incident.Alert `json:"alerts"`
	Timeline []struct {
		At   time.Time     `json:"at"`
		Kind incident.Kind `json:"kind"`
		Text string        `json:"text"`
	} `json:"timeline"`
}

// find waits until the receiver has an incident with the alert.
func (d *drill) find(ctx context.Context) (incident.ID, error) {
	limited, cancel := context.WithTimeout(ctx, heardWithin)
	defer cancel()
	for {
		var answer struct {
			Incidents []heard `json:"incidents"`
		}
		err := d.Get(limited, "/api/v1/incidents", &answer)
		if err != nil && limited.Err() == nil {
			return 0, err
		}
		for _, i := range answer.Incidents {
			for _, a := range i.Alerts {
				if a.Labels[incident.LabelDrill] == d.id {
					d.hop(i.OpenedAt, "The receiver has it: incident %d", i.ID)
					return i.ID, nil
				}
			}
		}
		if !pause(limited) {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return 0, fmt.Errorf("the receiver has heard nothing within %s of the alert that Alertmanager has: see Alertmanager's log, and whether its configuration is what tocsin render writes", heardWithin)
		}
	}
}

// answered follows an incident until somebody has it in hand, or is told where
// that is enough.
func (d *drill) answered(ctx context.Context, id incident.ID) error {
	for {
		i, err := d.follow(ctx, id)
		switch {
		case err != nil && ctx.Err() == nil:
			return err
		case i.Owner != "", d.Told && i.told():
			return nil
		case err == nil && !i.Open:
			return errors.New("the incident ended before anybody had acknowledged it")
		}
		if !pause(ctx) {
			return ctx.Err()
		}
	}
}

func (h heard) told() bool {
	for _, line := range h.Timeline {
		if line.Kind == incident.KindDelivered {
			return true
		}
	}
	return false
}

// follow reads the incident and says what is new on its timeline.
func (d *drill) follow(ctx context.Context, id incident.ID) (heard, error) {
	var i heard
	if err := d.Get(ctx, fmt.Sprintf("/api/v1/incidents/%d", id), &i); err != nil {
		return i, err
	}
	for ; d.printed < len(i.Timeline); d.printed++ {
		d.hop(i.Timeline[d.printed].At, "%s", i.Timeline[d.printed].Text)
	}
	return i, nil
}

// closed waits until the incident of an exercise that went well is over.
func (d *drill) closed(ctx context.Context, id incident.ID, before error) error {
	if before != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closedWithin)
	defer cancel()
	for {
		i, err := d.follow(ctx, id)
		if err == nil && !i.Open {
			return nil
		}
		if !pause(ctx) {
			return errors.Join(fmt.Errorf("incident %d did not end within %s of the alert's end", id, closedWithin), err)
		}
	}
}

// pause is false when there is nothing more to wait for.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

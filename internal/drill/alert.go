package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
)

// AlertName is the name of the alert of an exercise.
const AlertName = "TocsinDrill"

const (
	// believed is how long Alertmanager believes the alert if nobody takes it back.
	believed = time.Hour
	// raiseTries and takeBackTries are how often a post is tried, pollEvery apart.
	raiseTries, takeBackTries = 3, 20
)

// alert is that of the exercise with its end.
func (d *drill) alert(end time.Time) amapi.Alert {
	return amapi.Alert{
		Labels: map[string]string{
			"alertname": AlertName, "severity": string(d.Severity), "audience": string(d.Audience), "service": d.Service, "team": d.Team,
			incident.LabelDrill: d.id,
		},
		Annotations: map[string]string{
			"summary":     "Drill: nothing is wrong with " + d.Service,
			"description": d.By + " started an exercise (tocsin drill). Acknowledge it; it ends by itself.",
			"impact":      "Nobody notices anything: this is a drill.",
		},
		StartsAt: d.began.UTC(), EndsAt: end.UTC(),
	}
}

// raise posts the alert to every member; one of them is enough.
func (d *drill) raise(ctx context.Context) error {
	taken, problems := d.post(ctx, d.Members, d.alert(d.began.Add(believed)), "took the alert", raiseTries)
	if d.taken = taken; len(taken) == 0 {
		return errors.Join(problems...)
	}
	for _, problem := range problems {
		d.hop(time.Now(), "%v", problem)
	}
	return nil
}

// takeBack ends the alert wherever it was taken: the members of a cluster do not
// tell each other of alerts.
func (d *drill) takeBack(ctx context.Context) error {
	_, problems := d.post(ctx, d.taken, d.alert(time.Now()), "took its end", takeBackTries)
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the alert was not taken back everywhere and ends at %s by itself: %w", d.began.Add(believed).Format("15:04 MST"), errors.Join(problems...))
}

// post posts to members, and again to those that may yet take it. It gives those
// that did, and why the others did not.
func (d *drill) post(ctx context.Context, members []string, a amapi.Alert, done string, tries int) (taken []string, problems []error) {
	problems = d.Alertmanager.Post(ctx, members, []amapi.Alert{a})
	for ; tries > 1 && slices.ContainsFunc(problems, mayPass) && pause(ctx); tries-- {
		for n, err := range problems {
			if mayPass(err) {
				problems[n] = d.Alertmanager.Post(ctx, members[n:n+1], []amapi.Alert{a})[0]
			}
		}
	}
	var left []error
	for n, err := range problems {
		if err != nil {
			left = append(left, fmt.Errorf("posting to Alertmanager %s: %w", members[n], err))
			continue
		}
		d.hop(time.Now(), "Alertmanager %s %s", members[n], done)
		taken = append(taken, members[n])
	}
	return taken, left
}

func mayPass(err error) bool { return err != nil && !amapi.Final(err) }

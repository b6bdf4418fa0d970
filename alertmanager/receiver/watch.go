package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

const (
	// AlertWatchdogOverdue is the receiver's own alert about a source of alerts
	// whose watchdog is not heard.
	AlertWatchdogOverdue = "TocsinWatchdogOverdue"
	// ownSource is the source of the receiver's own alerts, and ownService the
	// service that they are about.
	ownSource  = "receiver"
	ownService = "tocsin"

	watchEvery = 10 * time.Second
	// beatEvery is how often a cluster's watchdog comes: its route's
	// group_interval. One healthy member of a pair is enough.
	beatEvery   = time.Minute
	missedBeats = 3
	beatGrace   = 30 * time.Second
	// asleep is a gap between two looks after which this program has not been
	// there to hear anything.
	asleep = time.Minute
)

// RunWatch raises an incident, without Alertmanager, when the watchdog of a
// source is not heard any more, until ctx ends.
func (r *Receiver) RunWatch(ctx context.Context) error {
	w := &watch{receiver: r, since: r.now(), looked: r.now()}
	every := time.NewTicker(watchEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			level.Error(r.logger).Log("msg", "The heartbeats of the sources could not be judged; trying again", "err", err)
		}
	}
}

// watch knows since when this program has been able to hear: before that no
// silence counts.
type watch struct {
	receiver      *Receiver
	since, looked time.Time
}

func (w *watch) look(ctx context.Context) error {
	r := w.receiver
	now := r.now()
	if now.Sub(w.looked) > asleep || now.Before(w.looked) {
		w.since = now
	}
	w.looked = now
	if r.current.Load().catalog.Delivery.Receiver == nil || !r.store.Leads() {
		return nil // nobody is to send here, or another receiver looks
	}
	beats, err := r.store.Beats(ctx)
	if err != nil {
		return err
	}
	firing, err := r.ownFiring(ctx)
	if err != nil {
		return err
	}
	sources := r.current.Load().catalog.Sources()
	for source := range sources {
		last, old := beats[source], firing[overdueID(source)]
		heard := later(last, w.since)
		silent := now.Sub(heard) > missedBeats*beatEvery+beatGrace
		recovered := old.Fingerprint != "" && last.After(old.StartsAt) && now.Sub(last) <= missedBeats*beatEvery+beatGrace
		switch {
		case silent && old.Fingerprint == "":
			err = r.own(ctx, r.overdue(source, last, heard))
		case recovered:
			old.Resolved, old.EndsAt = true, last
			err = r.own(ctx, old)
		}
		why := ""
		if silent || old.Fingerprint != "" && !recovered {
			why = "the watchdog of " + source + " stays away: no news would come from there"
		}
		if err = errors.Join(err, r.sight(ctx, source, why)); err != nil {
			return err
		}
	}
	return w.forget(ctx, sources, beats, firing)
}

// forget ends the alarms about clusters that have left the catalogue, and says
// on what they raised that nobody will tell its end.
func (w *watch) forget(ctx context.Context, sources map[string][]string, beats map[string]time.Time, firing map[string]incident.Alert) error {
	r := w.receiver
	var problem error
	for _, old := range firing {
		origin := old.Labels["origin"]
		if _, known := sources[origin]; !known && old.Fingerprint == overdueID(origin) {
			old.Resolved, old.EndsAt = true, r.now().UTC()
			problem = errors.Join(problem, r.own(ctx, old))
		}
	}
	for source := range beats {
		if _, known := sources[source]; !known {
			problem = errors.Join(problem, r.sight(ctx, source, "the cluster "+source+" has left the catalogue: no news would come from there"))
		}
	}
	return problem
}

func overdueID(source string) string { return AlertWatchdogOverdue + "/" + source }

// overdue is the alert about a source; last is zero for one that was never
// heard.
func (r *Receiver) overdue(source string, last, heard time.Time) incident.Alert {
	monitoring := r.current.Load().catalog.Monitoring
	when := "was never heard since the receiver started at " + heard.UTC().Format("15:04 MST")
	if !last.IsZero() {
		when = "was heard last at " + last.UTC().Format("2006-01-02 15:04:05 MST")
	}
	return incident.Alert{
		Source: ownSource, Fingerprint: overdueID(source), StartsAt: heard.UTC(),
		Labels: map[string]string{
			"alertname": AlertWatchdogOverdue, "severity": string(incident.SeverityCritical), "audience": string(incident.AudiencePlatform),
			"service": ownService, "team": monitoring.Team, "origin": source,
		},
		Annotations: map[string]string{
			"summary":     fmt.Sprintf("No alert would arrive from %s: its watchdog stays away", source),
			"description": fmt.Sprintf("TocsinWatchdog of %s %s; it comes each minute. Prometheus, Alertmanager or the way between is broken.", source, when),
			"impact":      "An outage is not told to anybody, and what seems to go on or to be over may be otherwise.",
		},
	}
}

// ownFiring are the receiver's own alerts that fire, by fingerprint.
func (r *Receiver) ownFiring(ctx context.Context) (map[string]incident.Alert, error) {
	firing := map[string]incident.Alert{}
	err := r.store.EachOpenOf(ctx, ownService, func(i incident.Incident) {
		for _, a := range i.Firing() {
			if a.Source == ownSource {
				firing[a.Fingerprint] = a
			}
		}
	})
	return firing, err
}

// own takes an alert of the receiver's own as if it had come from outside.
func (r *Receiver) own(ctx context.Context, a incident.Alert) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		return r.report(tx, incident.Reported{Group: ownSource, Alerts: []incident.Alert{a}}, r.now())
	})
}

package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/evidence"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// evidenceBefore is how long before an incident a failure may have been that
	// belongs to it: an alert takes a while to fire.
	evidenceBefore = 15 * time.Minute
	// mostProbes of a service are asked for; mostTraces and mostPictures are kept
	// with one incident.
	mostProbes   = 12
	mostTraces   = 12
	mostPictures = 6
	// evidenceTries is how often exporters are asked that are away, or have no
	// picture yet.
	evidenceTries = 3
	evidenceRetry = 30 * time.Second
)

// wantsEvidence says that an alert fires because of a probe.
func wantsEvidence(r *Receiver, i incident.Incident, e incident.Event) bool {
	return e.Kind == incident.KindAlertFired && (i.Audience == incident.AudienceUsers || e.Alert.Labels["probe"] != "") &&
		len(r.current.Load().catalog.Links.Exporters) > 0
}

// fetchEvidence asks the exporters of the catalogue what they saw. That they
// say nothing is nobody's concern.
func (r *Receiver) fetchEvidence(ctx context.Context, e store.Errand, i incident.Incident) (errand, error) {
	d := r.current.Load()
	source := evidence.Source{Exporters: d.catalog.Links.Exporters, HTTP: &http.Client{
		Transport: r.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	found, err := source.Newest(ctx, i.Service, d.probesOf(i), i.Began().Add(-evidenceBefore))
	if err != nil {
		level.Debug(r.logger).Log("msg", "What the exporters saw could not be fetched", "incident", i.ID, "attempt", e.Attempts, "err", err)
	}
	done := errand{attempts: e.Attempts}
	if (err != nil && len(found) == 0 || slices.ContainsFunc(found, blind)) && e.Attempts < evidenceTries {
		done.next = r.now().Add(evidenceRetry)
	}
	done.keep, err = r.room(ctx, i.ID, found)
	return done, err
}

// blind says that a browser was too slow to take a picture of its failure; the
// next failure may have one.
func blind(f evidence.Found) bool { return f.Trace.Kind == "browser" && f.PNG == nil }

// probesOf are the probes of an incident's service that may have failed: those
// that its alerts name first.
func (d *directory) probesOf(i incident.Incident) []string {
	var probes []string
	add := func(name string) {
		if name != "" && !slices.Contains(probes, name) && len(probes) < mostProbes {
			probes = append(probes, name)
		}
	}
	for _, a := range i.Alerts {
		add(a.Labels["probe"])
	}
	if spec := d.catalog.Services[i.Service]; spec != nil {
		for _, name := range slices.Sorted(maps.Keys(spec.Probes)) {
			if spec.Probes[name].Means != catalog.MeansInfo {
				add(name)
			}
		}
	}
	return probes
}

// room makes what was found into what is kept, as far as there is room with the
// incident.
func (r *Receiver) room(ctx context.Context, id incident.ID, found []evidence.Found) ([]store.Kept, error) {
	known, err := r.Evidence(ctx, id)
	if err != nil {
		return nil, err
	}
	traces, pictures := len(known), 0
	for _, t := range known {
		if t.Picture {
			pictures++
		}
	}
	var keep []store.Kept
	for _, f := range found {
		name := f.Trace.Name()
		if traces >= mostTraces || slices.ContainsFunc(known, func(t evidence.Trace) bool { return t.Name() == name }) {
			continue
		}
		traces++
		f.Trace.Picture = f.PNG != nil && pictures < mostPictures
		if f.Trace.Picture {
			pictures++
			keep = append(keep, store.Kept{Incident: id, What: keptPicture, Name: name, At: f.Trace.At, Body: f.PNG})
		}
		body, err := json.Marshal(f.Trace)
		if err != nil {
			return nil, fmt.Errorf("keeping a trace: %w", err)
		}
		keep = append(keep, store.Kept{Incident: id, What: errandEvidence, Name: name, At: f.Trace.At, Body: body})
	}
	return keep, nil
}

// Evidence lists the traces that were kept with an incident, the oldest first.
func (r *Receiver) Evidence(ctx context.Context, id incident.ID) ([]evidence.Trace, error) {
	kept, err := r.store.Kept(ctx, id, errandEvidence)
	if err != nil {
		return nil, err
	}
	var traces []evidence.Trace
	for _, k := range kept {
		var t evidence.Trace
		if err := json.Unmarshal(k.Body, &t); err != nil {
			return nil, fmt.Errorf("reading a trace of incident %d: %w", id, err)
		}
		traces = append(traces, t)
	}
	return traces, nil
}

// Picture gives the picture of a trace, as PNG, or board.ErrNotFound.
func (r *Receiver) Picture(ctx context.Context, id incident.ID, name string) ([]byte, error) {
	kept, err := r.store.KeptOne(ctx, id, keptPicture, name)
	return kept.Body, forBoard(err)
}

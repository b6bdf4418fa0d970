package incident

import (
	"maps"
	"slices"
	"time"
)

// Silenced says whether somebody has told Alertmanager not to speak of the
// alert, or another alert makes it keep quiet.
func (a Alert) Silenced() bool { return a.SilencedBy != "" }

// seen keeps in step with what Alertmanager says of alerts that it does not
// notify of. A silence pauses pages, not the incident.
func (d *decision) seen(in Seen) {
	i, ok := d.open(in.Incident)
	if !ok {
		return
	}
	changed := false
	for _, a := range i.Firing() {
		by, known := in.SilencedBy[a.Occurrence()]
		if !known || by == a.SilencedBy {
			continue
		}
		kind := KindAlertSilenced
		if by == "" {
			kind = KindAlertUnsilenced
		}
		a.SilencedBy, changed = by, true
		d.emit(Event{Incident: i.ID, Kind: kind, Alert: &a, Text: by})
	}
	if changed {
		d.plan(i.ID)
	}
}

// sight notes that what an incident rests on is out of sight, or in sight
// again. Losing sight closes nothing.
func (d *decision) sight(in Sight) {
	i, ok := d.open(in.Incident)
	if !ok || (in.Lost == "") == i.Unsighted.IsZero() {
		return
	}
	kind := KindSightLost
	if in.Lost == "" {
		kind = KindSightRegained
	}
	d.emit(Event{Incident: i.ID, Kind: kind, Text: in.Lost})
}

// uncovered forgets what truncated notifications did not show.
func (d *decision) uncovered(in Uncovered) {
	i, ok := d.open(in.Incident)
	if !ok || len(i.Hidden) == 0 {
		return
	}
	for _, group := range slices.Sorted(maps.Keys(i.Hidden)) {
		d.emit(Event{Incident: i.ID, Kind: KindHidden, Group: group})
	}
	d.settle(i.ID, news{severity: i.Severity})
}

func (i Incident) applySight(e Event) Incident {
	i.Unsighted = time.Time{}
	if e.Kind == KindSightLost {
		i.Unsighted = e.At
	}
	return i
}

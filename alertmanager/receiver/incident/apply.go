package incident

import (
	"maps"
	"slices"
	"time"
)

// Apply gives the state after an event. It changes nothing of the state it is
// given, and it never refuses: what was decided has happened.
func Apply(state State, e Event) State {
	switch e.Kind {
	case KindAlertResolved, KindAlertEnded:
		ended := maps.Clone(state.Ended)
		if ended == nil {
			ended = map[Occurrence]Ended{}
		}
		ended[e.Alert.Occurrence()] = Ended{At: e.At, Removed: e.Text == ReasonRemoved}
		state.Ended = ended
	case KindOpened:
		state.Incidents = append(slices.Clone(state.Incidents), Incident{ID: e.Incident})
		state.NextID = max(state.NextID, e.Incident+1)
	}
	for n, i := range state.Incidents {
		if i.ID == e.Incident {
			state.Incidents = slices.Clone(state.Incidents)
			state.Incidents[n] = i.apply(e)
			break
		}
	}
	return state
}

// apply is the fold over one incident's events.
func (i Incident) apply(e Event) Incident {
	i.Sequence++
	switch e.Kind {
	case KindOpened:
		i.Key, i.Team, i.Catalogued = e.Key, e.Team, e.Catalogued
		i.Opened, i.Since = e.At, e.At
	case KindReopened:
		i.Since, i.Closed, i.ClosedBy, i.Severity, i.Parent, i.Merged = e.At, time.Time{}, "", "", 0, false
		i.Ended = ""
		i.Reopened++
	case KindClosed:
		i.Closed, i.ClosedBy, i.ReminderAt = e.At, e.Text, time.Time{}
		i.Paging, i.Unsighted, i.AlarmAt = Paging{Last: i.Paging.Last}, time.Time{}, time.Time{}
		i = i.applyMaintenance(e)
	case KindSeverity:
		i.Severity = e.Severity
	case KindAcknowledged, KindSnoozed, KindReassigned, KindOwnerAsked, KindOwnershipEnded:
		i = i.applyOwnership(e)
	case KindJoined:
		i.Parent, i.Merged = e.Parent, e.Person != ""
	case KindLeft:
		i.Parent, i.Merged = 0, false
	case KindSightLost, KindSightRegained:
		i = i.applySight(e)
	case KindHidden:
		i.Hidden = maps.Clone(i.Hidden)
		if i.Hidden == nil {
			i.Hidden = map[string]int{}
		}
		i.Hidden[e.Group] = e.Count
		if e.Count == 0 {
			delete(i.Hidden, e.Group)
		}
	case KindAlertFired, KindAlertChanged, KindAlertConfirmed, KindAlertResolved, KindAlertSilenced, KindAlertUnsilenced:
		i = i.applyAlert(e)
	case KindMaintenanceBegan, KindMaintenanceChanged, KindMaintenanceEnded, KindMaintenanceLifted:
		i = i.applyMaintenance(e)
	case KindPagePlanned, KindPageCancelled, KindPaged:
		i = i.applyPaging(e)
	case KindAlarmPlanned:
		i.AlarmAt = e.Due
	case KindAlarmSilent:
		i.Silent = e.At
	case KindMessageQueued, KindDeliveryStarted, KindDelivered, KindDeliveryFailed, KindReceipt, KindNobodyReached:
		i = i.applyMessage(e)
	}
	return i
}

// applyAlert puts an alert in the place of its occurrence, of the occurrence
// it replaces, or at the end. A resolved one of an earlier outage stays.
func (i Incident) applyAlert(e Event) Incident {
	i.Alerts = slices.Clone(i.Alerts)
	for n, known := range i.Alerts {
		if known.Occurrence() == e.Alert.Occurrence() {
			i.Alerts[n] = *e.Alert
			return i
		}
	}
	if e.Text != "" {
		if n := i.find(e.Alert.Source, e.Alert.Fingerprint); n >= 0 {
			i.Alerts[n] = *e.Alert
			return i
		}
	}
	i.Alerts = append(i.Alerts, *e.Alert)
	return i
}

func (i Incident) applyMessage(e Event) Incident {
	i.Messages = slices.Clone(i.Messages)
	if e.Kind == KindMessageQueued {
		i.Messages = append(i.Messages, *e.Message)
		if !e.Message.Next.IsZero() {
			i.ReminderAt = e.Message.Next
		}
		return i
	}
	number := e.Delivery.Message
	if number < 1 || number > len(i.Messages) {
		return i
	}
	m := i.Messages[number-1]
	if e.Kind == KindNobodyReached {
		m.Unreached = append(slices.Clone(m.Unreached), e.Person)
	} else {
		m.Deliveries = slices.Clone(m.Deliveries)
		same := func(d Delivery) bool { return d.Recipient == e.Delivery.Recipient && d.Way == e.Delivery.Way }
		if n := slices.IndexFunc(m.Deliveries, same); n >= 0 {
			m.Deliveries[n] = *e.Delivery
		} else {
			m.Deliveries = append(m.Deliveries, *e.Delivery)
		}
	}
	i.Messages[number-1] = m
	return i
}

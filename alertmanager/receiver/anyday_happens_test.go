package receiver_test

import (
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
)

// act does something at random.
func (d *anyDay) act() {
	services := []string{"web", "api", "database", "alone"}
	service := services[d.random.IntN(len(services))]
	switch what := d.random.IntN(18); {
	case what < 6:
		d.fire(service)
	case what < 9:
		d.end(service)
	case what < 11 && len(d.accepted) > 0: // late, twice, out of order; later than that it counts as new
		d.tell(d.accepted[max(0, len(d.accepted)-1-d.random.IntN(4))])
	case what < 13:
		d.writes = d.random.IntN(40)
	case what == 13:
		d.dead = true
	case what == 14 && !d.dead:
		d.receiver.AskReceipts(d.t.Context(), d.over)
	default:
		d.person()
	}
}

func (d *anyDay) fire(service string) {
	a, fires := d.firing[service]
	if !fires {
		severity := "critical"
		if d.random.IntN(4) == 0 {
			severity = "warning"
		}
		a = incident.Alert{
			Source: "alertmanager", Fingerprint: "down-" + service, StartsAt: d.now.Add(-d.upTo(30 * time.Second)),
			Labels: map[string]string{"alertname": "ServiceDown", "severity": severity, "audience": "users", "service": service, "team": "shop"},
		}
		d.firing[service] = a
	}
	d.tell(a)
}

func (d *anyDay) end(service string) {
	if a, fires := d.firing[service]; fires {
		delete(d.firing, service)
		d.ended[a.Fingerprint] = d.now
		a.Resolved, a.EndsAt = true, d.now
		d.tell(a)
	}
}

// tell has both Alertmanagers post an alert, until it is taken. One that is over
// for long is not told any more.
func (d *anyDay) tell(a incident.Alert) {
	if now, fires := d.firing[a.Labels["service"]]; !a.Resolved && (!fires || !now.StartsAt.Equal(a.StartsAt)) && d.now.Sub(d.ended[a.Fingerprint]) > 2*time.Minute {
		return
	}
	for range 1 + d.random.IntN(2) {
		d.in(d.upTo(20*time.Second), 0, func() { d.post(a) })
	}
}

func (d *anyDay) post(a incident.Alert) {
	if !d.dead {
		err := d.receiver.Accept(d.t.Context(), webhook.Notification{Source: a.Source, GroupKey: "g", Alerts: []incident.Alert{a}, Body: []byte("{}")})
		d.must(err)
		if err == nil {
			d.note("accepted %s resolved=%v", a.Fingerprint, a.Resolved)
			d.accepted = append(d.accepted, a)
			return
		}
	}
	d.in(d.upTo(30*time.Second), 0, func() { d.post(a) })
}

// person has somebody do something with an open incident on the board.
func (d *anyDay) person() {
	open := d.open()
	if len(open) == 0 || d.dead {
		return
	}
	i, who := open[d.random.IntN(len(open))], onCallPeople[d.random.IntN(len(onCallPeople))]
	acts := []incident.Input{
		incident.Acknowledge{Incident: i.ID, Person: who, Via: "board"},
		incident.Acknowledge{Incident: i.ID, Person: who, Via: "board", Until: d.now.Add(d.upTo(time.Hour))},
		incident.Reassign{Incident: i.ID, Person: who},
		incident.Resolve{Incident: i.ID, Person: who},
	}
	in := acts[d.random.IntN(len(acts))]
	d.note("%T of %d by %s", in, i.ID, who)
	d.must(d.receiver.Act(d.t.Context(), i.ID, in))
}

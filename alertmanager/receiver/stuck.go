package receiver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
)

const (
	// AlertNotForwarded is the receiver's own alert about alerts from elsewhere
	// that no Alertmanager takes.
	AlertNotForwarded = "TocsinAlertsNotForwarded"
	// stuckAfter is for how long none may take them.
	stuckAfter = 3 * time.Minute
)

// stuck raises an incident, without Alertmanager, when no member has taken the
// alerts from elsewhere for a while, and ends it when one does.
func (f *forwarder) stuck(ctx context.Context, alerts []amapi.Alert, taken bool, why error) error {
	r := f.receiver
	now := r.now()
	if f.since.IsZero() || taken {
		f.since = now
	}
	if !taken && now.Sub(f.since) < stuckAfter {
		return nil
	}
	firing, err := r.ownFiring(ctx)
	if err != nil {
		return err
	}
	a, raised := firing[AlertNotForwarded]
	switch {
	case taken && raised:
		a.Resolved, a.EndsAt = true, now.UTC()
	case !taken && !raised:
		a = r.notForwarded(alerts, f.since, why)
	default:
		return nil
	}
	return r.own(ctx, a)
}

// reason is why, in one line; of several members, why the first did not.
func reason(why error) string {
	if why == nil {
		return ""
	}
	first, _, _ := strings.Cut(why.Error(), "\n")
	return " (" + notify.OneLine(first, 200) + ")"
}

// notForwarded says how many wait, and what the first of them is about: until
// Alertmanager is back, nobody else says it.
func (r *Receiver) notForwarded(alerts []amapi.Alert, since time.Time, why error) incident.Alert {
	monitoring, firing, example := r.current.Load().catalog.Monitoring, 0, ""
	for _, a := range alerts {
		if a.EndsAt.After(r.now()) {
			if firing++; firing == 1 {
				example = fmt.Sprintf("; the first: %s (service %s)", a.Annotations["summary"], a.Labels["service"])
			}
		}
	}
	return incident.Alert{
		Source: ownSource, Fingerprint: AlertNotForwarded, StartsAt: since.UTC(),
		Labels: map[string]string{
			"alertname": AlertNotForwarded, "severity": string(incident.SeverityCritical), "audience": string(incident.AudiencePlatform),
			"service": ownService, "team": monitoring.Team,
		},
		Annotations: map[string]string{
			"summary":     "No Alertmanager takes the alerts from elsewhere",
			"description": fmt.Sprintf("No post of the receiver's has been taken since %s%s. %d of its alerts fire%s.", since.UTC().Format("15:04:05 MST"), reason(why), firing, example),
			"impact":      "What Azure, CloudWatch, Grafana and others report is not told to anybody.",
		},
	}
}

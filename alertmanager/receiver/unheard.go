package receiver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

const (
	// ourName is what Alertmanager's configuration calls this receiver; see
	// alertmanager/render.
	ourName = "tocsin/receiver"
	// unheardAfter is for how long a member must list an alert that it did not
	// tell us of. It tells at once; another member of its cluster some 15 s later,
	// and after a failure it tries again within the minute.
	unheardAfter = time.Minute
)

// ours says whether Alertmanager should have rung here about an alert: it is
// critical, goes to this receiver, and is neither silenced nor inhibited. An
// exercise is for finding out whether the way works: it is not helped along.
func ours(a listed, is incident.Alert) bool {
	for _, to := range a.Receivers {
		if to.Name == ourName {
			return a.Status.State == "active" && is.Severity() == incident.SeverityCritical && !is.Key().Drill && is.Name() != watchdog
		}
	}
	return false
}

// hear takes up what a member should have told the receiver of, and did not:
// its webhook fails for this one group, or it has lost it. What is open, or has
// ended here, was heard of.
func (c *reconciler) hear(ctx context.Context, lists map[string]memberList) (err error) {
	now, found := c.receiver.now(), firstTold(lists)
	maps.DeleteFunc(c.unheard, func(o incident.Occurrence, _ time.Time) bool { return found[o.Fingerprint].Occurrence() != o })
	for _, fingerprint := range slices.Sorted(maps.Keys(found)) {
		o := found[fingerprint].Occurrence()
		since, waits := c.unheard[o]
		switch {
		case !waits:
			c.unheard[o] = now
		case since.IsZero() || now.Sub(since) < unheardAfter: // known to have ended, or still to come
		default:
			if problem := c.takeUp(ctx, found[fingerprint], since); problem != nil {
				err = errors.Join(err, problem)
				continue
			}
			c.unheard[o] = time.Time{}
		}
	}
	return err
}

// firstTold gives what members did not tell of, by fingerprint: of several starts,
// which members name for one alert, the first.
func firstTold(lists map[string]memberList) map[string]incident.Alert {
	found := map[string]incident.Alert{}
	for _, list := range lists {
		for _, a := range list.unheard {
			if known, ok := found[a.Fingerprint]; !ok || a.StartsAt.Before(known.StartsAt) {
				found[a.Fingerprint] = a
			}
		}
	}
	return found
}

// takeUp has an alert fire as if it had been told of, unless it has ended here:
// somebody resolved it by hand, or its service has left the catalogue.
func (c *reconciler) takeUp(ctx context.Context, a incident.Alert, since time.Time) error {
	r, now := c.receiver, c.receiver.now()
	why := fmt.Sprintf("Alertmanager has it since %s at the latest and told nobody here: found by asking", since.UTC().Format("15:04:05 MST"))
	return r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		ended, err := tx.EndedSince(a.Source, a.Fingerprint, a.StartsAt)
		if err != nil || ended {
			return err
		}
		tx.AfterCommit(func() {
			level.Warn(r.logger).Log("msg", "Alertmanager did not tell of an alert that fires", "alert", a.Name(), "service", a.Labels["service"])
		})
		return r.report(tx, incident.Reported{Why: why, Alerts: []incident.Alert{a}}, now)
	})
}

package receiver

import (
	"context"
	"errors"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
)

const (
	// forwardEvery is how often what fires is posted: an Alertmanager that was
	// started anew knows of it again this soon.
	forwardEvery = 30 * time.Second
	// forwardSoon is after how long a post is tried again that failed.
	forwardSoon = 3 * time.Second
	// forwardAhead is for how long Alertmanager believes it without us. A
	// receiver that is away for less ends nothing.
	forwardAhead = time.Hour
	// forwardEnds is for how long an end is posted, as Prometheus does.
	forwardEnds = 15 * time.Minute
)

// RunInbound posts the alerts from elsewhere to every member of the cluster,
// again and again until they are over, until ctx ends.
func (r *Receiver) RunInbound(ctx context.Context) error {
	f := &forwarder{receiver: r, failing: map[string]bool{}}
	for ctx.Err() == nil {
		timer := time.NewTimer(f.round(ctx))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.foreign:
		}
		timer.Stop()
	}
	return nil
}

// forwarder remembers which members fail, so that each is logged once.
type forwarder struct {
	receiver *Receiver
	failing  map[string]bool
	since    time.Time // when a member took them last, or was first asked
}

// round posts what there is and says when the next is due.
func (f *forwarder) round(ctx context.Context) time.Duration {
	r := f.receiver
	now := r.now()
	all, err := r.store.Foreign(ctx, now.Add(-forwardEnds))
	if err == nil {
		err = r.expire(ctx, all, now)
	}
	if err == nil {
		all, err = r.store.Foreign(ctx, now.Add(-forwardEnds))
	}
	if err != nil {
		if ctx.Err() == nil {
			level.Error(r.logger).Log("msg", "Alerts from elsewhere could not be read; trying again", "err", err)
		}
		return pause
	}
	alerts := postable(all, now)
	if len(alerts) == 0 {
		f.since = time.Time{}
		r.metrics.forwarded(now)
		return forwardEvery
	}
	if !f.post(ctx, alerts) {
		return forwardSoon
	}
	return min(forwardEvery, untilExpiry(all, now))
}

func untilExpiry(all []store.Foreign, now time.Time) time.Duration {
	wait := forwardEvery
	for _, one := range all {
		if one.EndsAt.IsZero() && !one.ExpiresAt.IsZero() {
			wait = min(wait, max(one.ExpiresAt.Sub(now), time.Millisecond))
		}
	}
	return wait
}

// postable leaves out ends whose beginning never came.
func postable(all []store.Foreign, now time.Time) []amapi.Alert {
	var alerts []amapi.Alert
	for _, one := range all {
		if len(one.Labels) == 0 {
			continue
		}
		p := amapi.Alert{Labels: one.Labels, Annotations: one.Annotations, StartsAt: one.StartsAt, EndsAt: one.EndsAt}
		if p.EndsAt.IsZero() {
			p.EndsAt = now.Add(forwardAhead).UTC()
		}
		alerts = append(alerts, p)
	}
	return alerts
}

// post tells every member; one of them is enough to have it told to people. It
// is true when all took it.
func (f *forwarder) post(ctx context.Context, alerts []amapi.Alert) bool {
	r := f.receiver
	d := r.current.Load()
	members := d.catalog.Links.Alertmanager
	problems := d.alertmanager.Post(ctx, members, alerts)
	if ctx.Err() != nil {
		return true
	}
	good, some := true, false
	for n, member := range members {
		f.note(member, problems[n])
		good, some = good && problems[n] == nil, some || problems[n] == nil
	}
	if some {
		r.metrics.forwarded(r.now())
	}
	if err := f.stuck(ctx, alerts, some, errors.Join(problems...)); err != nil {
		level.Error(r.logger).Log("msg", "That no Alertmanager takes alerts could not be noted; trying again", "err", err)
		return false
	}
	return good
}

// note logs the first failure of a member, and its end.
func (f *forwarder) note(member string, err error) {
	result := "success"
	if err != nil {
		result = "failure"
	}
	f.receiver.metrics.posts.WithLabelValues(result).Inc()
	switch {
	case err != nil && !f.failing[member]:
		level.Error(f.receiver.logger).Log("msg", "An Alertmanager does not take the alerts from elsewhere; trying again", "alertmanager", member, "err", err)
	case err == nil && f.failing[member]:
		level.Info(f.receiver.logger).Log("msg", "An Alertmanager takes the alerts from elsewhere again", "alertmanager", member)
	}
	f.failing[member] = err != nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/test/estate"
)

const (
	warmWithin = 2 * time.Minute // until every service was seen well and the rules know it
	toldWithin = 2 * time.Minute // from the last fault to its message
	askEvery   = 500 * time.Millisecond
)

// measurement is one fault and when each hop had it.
type measurement struct {
	kind                                       kind
	fault, confirmed, scraped, ruled, received time.Time
	channel                                    time.Time // Alertmanager's message to the team was at SMTP
	person                                     time.Time // the receiver's to the product manager
}

// measure runs one estate and breaks all targets in it.
func measure(ctx context.Context, s settings, p places, dir string, targets []*target, stdout io.Writer) ([]measurement, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	e, err := estate.Start(ctx, estate.Options{
		Root: p.root, Dir: dir, Engines: engines.Dir(p.root), Bin: p.bin,
		Edit: func(f *estate.Files) { f.Catalogue = catalogue(f.Catalogue, targets) },
		Log:  func(part string, err error) { fmt.Fprintf(stdout, "the %s ended by itself: %v\n", part, err) },
	})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	if err := until(ctx, warmWithin, func() error { return warm(ctx, e, len(targets)) }); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	breaking, breakCtx := errgroup.WithContext(ctx)
	for _, t := range targets {
		breaking.Go(func() error {
			err := pause(breakCtx, rand.N(s.window))
			t.breakNow()
			return err
		})
	}
	if err := breaking.Wait(); err != nil {
		return nil, err
	}
	if err := until(ctx, toldWithin, func() error { return allTold(e, targets) }); err != nil {
		return nil, err
	}
	var found []measurement
	for _, t := range targets {
		m, err := trace(ctx, e, t)
		if err != nil {
			return nil, fmt.Errorf("tracing %s: %w", t.service, err)
		}
		fmt.Fprintf(stdout, "  %-14s told after %5.1f s\n", t.service, total(m).Seconds())
		found = append(found, m)
	}
	return found, nil
}

// catalogue keeps everything of the committed one but its services.
func catalogue(committed string, targets []*target) string {
	head, _, _ := strings.Cut(committed, "\nservices:\n")
	var out strings.Builder
	out.WriteString(head + "\nservices:\n")
	for _, t := range targets {
		fmt.Fprintf(&out, "  %s: {team: shop, probes: {home: {http: {url: \"http://%s/\"}}}}\n", t.service, t.address)
	}
	return out.String()
}

// warm reports whether Prometheus knows every service and saw each one up.
func warm(ctx context.Context, e *estate.Estate, services int) error {
	series, err := e.Query(ctx, `service:tocsin_probe_up:min == 1 and on (service) service:tocsin_service_info:newest`)
	if err != nil {
		return err
	}
	if len(series) < services {
		return fmt.Errorf("%d of %d services are up", len(series), services)
	}
	return nil
}

// The mailboxes that are told of an outage at once: the team's by Alertmanager,
// the product manager's by the receiver.
const (
	channelMailbox = "shop-developers@example.org"
	personMailbox  = "pat@example.org"
)

func allTold(e *estate.Estate, targets []*target) error {
	for _, t := range targets {
		for _, mailbox := range []string{channelMailbox, personMailbox} {
			if first(e, mailbox, t.service).IsZero() {
				return fmt.Errorf("no message about %s to %s", t.service, mailbox)
			}
		}
	}
	return nil
}

// first is when the first message about the service was caught.
func first(e *estate.Estate, mailbox, service string) time.Time {
	var at time.Time
	for _, m := range e.Inbox.Messages(mailbox) { // the newest first
		if strings.Contains(m.Subject, service) || strings.Contains(m.Text, service) {
			at = m.Received
		}
	}
	return at
}

// trace asks each part when it had the fault.
func trace(ctx context.Context, e *estate.Estate, t *target) (measurement, error) {
	m := measurement{
		kind: t.kind, fault: t.fault,
		channel: first(e, channelMailbox, t.service), person: first(e, personMailbox, t.service),
	}
	up, err := firstSample(ctx, e, fmt.Sprintf("tocsin_probe_up{service=%q}[10m]", t.service), t.fault, func(v float64) bool { return v == 0 })
	if err != nil {
		return m, err
	}
	m.scraped = up.At
	ran, err := firstSample(ctx, e, fmt.Sprintf("tocsin_probe_last_run_timestamp_seconds{service=%q}[10m]", t.service), up.At.Add(-time.Millisecond), anything)
	if err != nil {
		return m, err
	}
	m.confirmed = time.UnixMilli(int64(ran.Value * 1000))
	fires, err := firstSample(ctx, e, fmt.Sprintf(`ALERTS{alertname="ServiceDown",alertstate="firing",service=%q}[10m]`, t.service), t.fault, anything)
	if err != nil {
		return m, err
	}
	m.ruled = fires.At
	m.received, err = received(ctx, e, t.service)
	return m, err
}

func anything(float64) bool { return true }

// firstSample is the first raw sample after the instant that is wanted.
func firstSample(ctx context.Context, e *estate.Estate, promql string, after time.Time, wanted func(float64) bool) (estate.Sample, error) {
	series, err := e.Query(ctx, promql)
	if err != nil {
		return estate.Sample{}, err
	}
	var found estate.Sample
	for _, one := range series {
		for _, sample := range one.Samples {
			if sample.At.After(after) && wanted(sample.Value) && (found.At.IsZero() || sample.At.Before(found.At)) {
				found = sample
			}
		}
	}
	if found.At.IsZero() {
		return found, fmt.Errorf("no sample of %s", promql)
	}
	return found, nil
}

// received is when the receiver took the service's first alert.
func received(ctx context.Context, e *estate.Estate, service string) (time.Time, error) {
	incidents, err := e.Incidents(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, one := range incidents {
		if one.Service == service && len(one.Alerts) > 0 {
			return one.Alerts[0].ReceivedAt, nil
		}
	}
	return time.Time{}, fmt.Errorf("no incident of %s", service)
}

// until asks again and again until there is no error, or for too long.
func until(ctx context.Context, limit time.Duration, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if pause(ctx, askEvery) != nil {
			return fmt.Errorf("after %s: %w", limit, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

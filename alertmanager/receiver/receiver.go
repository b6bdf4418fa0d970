package receiver

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/webcal"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// Options of a receiver.
type Options struct {
	Store      *store.Store
	Registerer prometheus.Registerer // nil for none
	Logger     log.Logger            // nil for none
	HTTP       *http.Client          // of channels and of Alertmanager's API; nil for the usual one
	Now        func() time.Time      // nil for time.Now
	Retention  Retention
	Reconciles bool // RunReconciler runs too: what is long overdue waits until it has looked
}

// Receiver does nothing before its first Update.
type Receiver struct {
	store     *store.Store
	logger    log.Logger
	now       func() time.Time
	http      *http.Client
	retention Retention
	metrics   *metrics
	signer    signer
	hub       *hub

	sightings sightings
	hearing   hearing
	sleepers  sleepers
	shelf     duty.Shelf
	feeds     feeds
	current   atomic.Pointer[directory]
	calendars atomic.Pointer[string] // how the files of the rotas were when they were read last

	outbox  chan struct{}            // something is to be sent
	timers  chan struct{}            // something became due earlier
	renewed chan struct{}            // there is a new catalogue
	foreign chan struct{}            // another system has told of an alert
	shifts  chan struct{}            // somebody changed a rota
	fetches chan struct{}            // there may be other calendars to fetch
	errands map[string]chan struct{} // something is to be fetched, by its kind
}

// New makes a receiver over an open store.
func New(ctx context.Context, o Options) (*Receiver, error) {
	r := &Receiver{
		store: o.Store, logger: o.Logger, now: o.Now, http: o.HTTP, hub: newHub(), retention: o.Retention,
		outbox: make(chan struct{}, 1), timers: make(chan struct{}, 1), renewed: make(chan struct{}, 1),
		foreign: make(chan struct{}, 1),
		shifts:  make(chan struct{}, 1),
		fetches: make(chan struct{}, 1),
		errands: map[string]chan struct{}{},
	}
	for what := range errandKinds() {
		r.errands[what] = make(chan struct{}, 1)
	}
	if r.logger == nil {
		r.logger = log.NewNopLogger()
	}
	r.retention.Incidents = cmp.Or(r.retention.Incidents, DefaultRetention().Incidents)
	r.retention.Notifications = cmp.Or(r.retention.Notifications, DefaultRetention().Notifications)
	if r.now == nil {
		r.now = time.Now
	}
	if r.http == nil {
		r.http = notify.NewHTTPClient()
	}
	r.feeds.client = webcal.NewClient(r.http.Transport)
	key, err := o.Store.Key(ctx, "acknowledge")
	if err != nil {
		return nil, err
	}
	r.signer = signer{key: key}
	r.sleepers.looks = o.Reconciles
	if err := o.Store.Update(ctx, (*store.Tx).Recall); err != nil {
		return nil, err
	}
	r.metrics = newMetrics(o.Registerer, o.Store)
	if o.Registerer != nil {
		o.Registerer.MustRegister(maintenance.NewCollector(r.openOnce, r.now), rotaMetrics{r}, reachMetrics{r}, beatMetrics{r}, calendarMetrics{r})
	}
	return r, nil
}

// Update takes a catalogue over. On an error everything stays as it was.
func (r *Receiver) Update(c *catalog.Catalog) error {
	r.recallCalendars(c)
	d, err := newDirectory(c, notify.Settings{HTTP: r.http, Logger: r.logger}, &r.shelf, r.now())
	if err != nil {
		return err
	}
	r.reportCalendars(d)
	r.current.Store(d)
	r.calendars.Store(nil) // a calendar may have been fetched in the meantime
	wake(r.renewed)
	wake(r.fetches)
	r.metrics.sources(c)
	wake(r.foreign)
	return nil
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake already
	}
}

// Count counts an answer of the webhook.
func (r *Receiver) Count(result string) { r.metrics.received.WithLabelValues(result).Inc() }

// Accept stores a notification and what follows from it in one transaction.
func (r *Receiver) Accept(ctx context.Context, n webhook.Notification) error {
	now := r.now()
	return r.store.Update(ctx, func(tx *store.Tx) error {
		err := tx.AddNotification(store.Notification{
			ReceivedAt: now, Source: n.Source, Receiver: n.Receiver, GroupKey: n.GroupKey,
			Alerts: len(n.Alerts), Truncated: n.Truncated, Body: n.Body,
		})
		if err != nil {
			return err
		}
		n.Alerts = r.believed(n.Alerts, now)
		for _, part := range split(n) {
			if err := r.report(tx, part, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// believed leaves out the ends that Alertmanager has concluded from the silence
// of Prometheus. The alerts fire on, out of sight, until it speaks again.
func (r *Receiver) believed(alerts []incident.Alert, now time.Time) []incident.Alert {
	return slices.DeleteFunc(slices.Clone(alerts), func(a incident.Alert) bool {
		why := ""
		if a.Resolved {
			why = r.hearing.silent(a, now)
		}
		if why != "" {
			level.Warn(r.logger).Log("msg", "Not taken for the end of an alert", "alert", a.Name(), "service", a.Labels["service"], "reason", why)
		}
		return why != ""
	})
}

// Stopped notes that the watchdog of a source has ended: what sent it is silent,
// or one member of the cluster is cut off. Unless another sends it on, it is
// overdue in a minute and a half.
func (r *Receiver) Stopped(ctx context.Context, source string) error {
	return r.store.Update(ctx, func(tx *store.Tx) error { return tx.Unbeat(source, r.now().Add(-(missedBeats-1)*beatEvery)) })
}

// Beat notes the watchdog of a source.
func (r *Receiver) Beat(ctx context.Context, source string) error {
	return r.store.Update(ctx, func(tx *store.Tx) error { return tx.Beat(source, r.now()) })
}

// watchdog is the alert that always fires. It belongs to the heartbeats, by
// whichever door it comes.
const watchdog = "TocsinWatchdog"

// split sorts a notification's alerts by incident key, in the order in which
// the keys come first.
func split(n webhook.Notification) []incident.Reported {
	var parts []incident.Reported
	at := map[incident.Key]int{}
	for _, a := range n.Alerts {
		if a.Name() == watchdog {
			continue
		}
		key := a.Key()
		if _, known := at[key]; !known {
			at[key] = len(parts)
			parts = append(parts, incident.Reported{Group: n.Source + "/" + n.GroupKey, Truncated: n.Truncated})
		}
		parts[at[key]].Alerts = append(parts[at[key]].Alerts, a)
	}
	return parts
}

func (r *Receiver) report(tx *store.Tx, in incident.Reported, now time.Time) error {
	var occurrences []incident.Occurrence
	for _, a := range in.Alerts {
		occurrences = append(occurrences, a.Occurrence())
	}
	key := in.Alerts[0].Key()
	var related []string
	if key.Audience == incident.AudienceUsers && !key.Drill {
		related = r.current.Load().graph.around(key.Service)
	}
	state, err := tx.LoadKey(key, occurrences, related)
	if err != nil {
		return err
	}
	_, err = r.decide(tx, state, in, now)
	return err
}

// decide lets the engine decide on a loaded state and saves what follows.
func (r *Receiver) decide(tx *store.Tx, state incident.State, in incident.Input, now time.Time) (incident.State, error) {
	policy, err := r.policy(tx, now)
	if err != nil {
		return state, err
	}
	events := incident.Decide(state, in, policy, now.UTC())
	if len(events) == 0 {
		return state, nil
	}
	for _, e := range events {
		state = incident.Apply(state, e)
	}
	if err := tx.Save(state, events); err != nil {
		return state, err
	}
	if err := errors.Join(r.putErrands(tx, state, events, now), r.noteReach(tx, events, now)); err != nil {
		return state, err
	}
	tx.AfterCommit(func() { r.happened(state, events) })
	return state, nil
}

// happened tells whoever waits.
func (r *Receiver) happened(state incident.State, events []incident.Event) {
	for _, e := range events {
		r.metrics.event(e)
		if e.Kind == incident.KindMessageQueued {
			wake(r.outbox)
		}
		r.log(state, e)
	}
	wake(r.timers)
	r.hub.publish()
}

// log says in a line what stands on the timeline.
func (r *Receiver) log(state incident.State, e incident.Event) {
	i, ok := state.Incident(e.Incident)
	if !ok {
		return
	}
	line := []any{"msg", "Incident", "incident", e.Incident, "service", i.Service, "audience", i.Audience, "event", e.Kind}
	add := func(name, value string) {
		if value != "" {
			line = append(line, name, value)
		}
	}
	if e.Alert != nil {
		add("alert", e.Alert.Name())
	}
	if e.Delivery != nil {
		add("to", e.Delivery.Recipient)
		add("way", e.Delivery.Way)
	}
	add("severity", string(e.Severity))
	add("person", e.Person)
	add("text", e.Text)
	level.Info(r.logger).Log(line...)
}

// on decides an input about one incident, and about the one that it is merged
// into.
func (r *Receiver) on(ctx context.Context, id incident.ID, in incident.Input, check func(incident.Incident) error) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		var beside []incident.ID
		if merge, ok := in.(incident.Merge); ok {
			beside = append(beside, merge.Into)
		}
		state, err := tx.LoadIncident(id, beside...)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(state.Incidents[0]); err != nil {
				return err
			}
		}
		_, err = r.decide(tx, state, in, r.now())
		return err
	})
}

// Ready says whether a notification could be stored now.
func (r *Receiver) Ready(ctx context.Context) error { return r.store.Ready(ctx) }

// Check makes everything that a catalogue asks of the receiver and reads every
// person's contacts; the errors say what and where.
func Check(c *catalog.Catalog) error {
	d, err := newDirectory(c, notify.Settings{}, new(duty.Shelf), time.Now())
	if err != nil {
		return err
	}
	var problems []error
	for _, problem := range d.problems {
		if !errors.Is(problem.Err, duty.ErrNotFetched) { // nothing is fetched here
			problems = append(problems, c.Errorf(problem.Path, "%v", problem.Err))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.People)) {
		if _, err := notify.ReadContacts(c.People[id]); err != nil {
			problems = append(problems, c.Errorf("people."+id+".contacts", "%v", err))
		}
	}
	return errors.Join(problems...)
}

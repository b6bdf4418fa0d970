package receiver

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/inbound"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// metrics are the receiver's own counters; what is open and waiting is read
// from the store at the scrape.
type metrics struct {
	received  *prometheus.CounterVec
	incidents *prometheus.CounterVec
	sent      *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	handover  prometheus.Histogram
	first     prometheus.Histogram
	pages     *prometheus.CounterVec
	dead      prometheus.Counter
	inbound   *prometheus.CounterVec
	posts     *prometheus.CounterVec
	posted    prometheus.Gauge

	heartbeats *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer, s *store.Store) *metrics {
	auto := promauto.With(registerer)
	m := &metrics{
		received: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receiver_notifications_total", Help: "Posts of Alertmanager by what was answered.",
		}, []string{"result"}),
		incidents: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receiver_incident_events_total", Help: "Incidents that were opened, reopened, acknowledged and closed.",
		}, []string{"event"}),
		sent: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receiver_deliveries_total", Help: "Attempts to hand over a message, by way and result.",
		}, []string{"way", "result"}),
		seconds: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tocsin_receiver_delivery_duration_seconds", Help: "How long providers took to take a message.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"way"}),
		first: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_receiver_first_message_duration_seconds", Help: "From the opening of an incident to the first message about it that a provider took.",
			Buckets: []float64{.05, .1, .3, 1, 5, 30, 120, 600, 3600},
		}),
		pages: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receiver_pages_total", Help: "Pages by the step of the escalation; from the second step on nobody had answered.",
		}, []string{"step"}),
		handover: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_receiver_handover_duration_seconds", Help: "From the decision to tell somebody to the provider's taking the message.",
			Buckets: []float64{.01, .025, .05, .1, .2, .3, .5, 1, 5, 30, 120, 600},
		}),
		dead: auto.NewCounter(prometheus.CounterOpts{
			Name: "tocsin_receiver_dead_ends_total", Help: "Messages that reached nobody by any way.",
		}),
		inbound: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receiver_inbound_messages_total", Help: "Posts of other systems by what was answered.",
		}, []string{"source", "result"}),
		posts: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receiver_inbound_posts_total", Help: "Times that the alerts of other systems were handed to an Alertmanager, by result.",
		}, []string{"result"}),
		heartbeats: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_receiver_heartbeats_total", Help: "Calls to the address outside that notices when the receiver is dead, by result.",
		}, []string{"result"}),
		posted: auto.NewGauge(prometheus.GaugeOpts{
			Name: "tocsin_receiver_inbound_last_success_timestamp_seconds", Help: "When all alerts of other systems were with an Alertmanager last.",
		}),
	}
	m.begin()
	if registerer != nil {
		registerer.MustRegister(&stored{store: s})
	}
	return m
}

// begin makes the series whose labels are known, so that a first event shows as
// a rise.
func (m *metrics) begin() {
	for _, result := range webhook.Results() {
		m.received.WithLabelValues(result)
	}
	for _, result := range []string{"success", "failure", "withheld"} {
		m.heartbeats.WithLabelValues(result)
	}
	for _, result := range []string{"success", "failure"} {
		m.posts.WithLabelValues(result)
	}
	for step := range 3 {
		m.page(step)
	}
	for _, kind := range counted {
		m.incidents.WithLabelValues(string(kind))
	}
	for _, kind := range notify.Kinds() {
		m.seconds.WithLabelValues(kind.Way)
		for _, result := range []string{"success", "temporary", "permanent"} {
			m.sent.WithLabelValues(kind.Way, result)
		}
	}
}

// sources makes the series of what the catalogue takes alerts from.
func (m *metrics) sources(c *catalog.Catalog) {
	for name := range c.Inbound {
		for _, result := range inbound.Results() {
			m.inbound.WithLabelValues(name, result)
		}
	}
}

// forwarded notes that Alertmanager has all alerts from elsewhere.
func (m *metrics) forwarded(now time.Time) { m.posted.Set(float64(now.UnixMilli()) / 1000) }

// counted are the events that make a series.
var counted = [...]incident.Kind{incident.KindOpened, incident.KindReopened, incident.KindAcknowledged, incident.KindPaged, incident.KindClosed}

func (m *metrics) event(e incident.Event) {
	for _, kind := range counted {
		if e.Kind == kind {
			m.incidents.WithLabelValues(string(kind)).Inc()
		}
	}
	switch e.Kind {
	case incident.KindNobodyReached:
		m.dead.Inc()
	case incident.KindPaged:
		m.page(e.Step).Inc()
	default:
	}
}

// page is the counter of a step, which counts from 0.
func (m *metrics) page(step int) prometheus.Counter {
	return m.pages.WithLabelValues(strconv.Itoa(step + 1))
}

func (m *metrics) attempt(way string, err error, took time.Duration) {
	result := "success"
	if err != nil {
		result = "temporary"
		if notify.IsPermanent(err) {
			result = "permanent"
		}
	}
	m.sent.WithLabelValues(way, result).Inc()
	m.seconds.WithLabelValues(way).Observe(took.Seconds())
}

// outcome notes what came of a message to somebody about an incident, as the
// incident was before.
func (m *metrics) outcome(s sending, i incident.Incident, err error, now time.Time) {
	if err != nil {
		return
	}
	m.handover.Observe(now.Sub(s.entry.Created).Seconds())
	if !i.Heard() {
		m.first.Observe(now.Sub(i.Since).Seconds())
	}
}

// stored reads the store at the scrape. A store that cannot be read gives no
// series rather than wrong ones.
type stored struct{ store *store.Store }

// What is read at the scrape.
var (
	descOpen    = prometheus.NewDesc("tocsin_receiver_open_incidents", "Open incidents by severity.", []string{"severity"}, nil)
	descUnacked = prometheus.NewDesc("tocsin_receiver_unacknowledged_incidents", "Open incidents that nobody has acknowledged, by severity.", []string{"severity"}, nil)
	descWaiting = prometheus.NewDesc("tocsin_receiver_outbox_messages", "Messages that are not sent yet.", nil, nil)
	descOldest  = prometheus.NewDesc("tocsin_receiver_oldest_unsent_age_seconds", "Age of the oldest message that is not sent yet; 0 when there is none.", nil, nil)
)

func (s *stored) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descOpen, descUnacked, descWaiting, descOldest} {
		c <- d
	}
}

func (s *stored) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	all, unacked := map[incident.Severity]int{}, map[incident.Severity]int{}
	if err := s.store.EachOpen(ctx, func(i incident.Incident) {
		all[i.Severity]++
		if i.Owner == "" {
			unacked[i.Severity]++
		}
	}); err == nil {
		for _, severity := range []incident.Severity{incident.SeverityCritical, incident.SeverityWarning, incident.SeverityInfo} {
			gauge(descOpen, float64(all[severity]), string(severity))
			gauge(descUnacked, float64(unacked[severity]), string(severity))
		}
	}
	if count, oldest, _, err := s.store.Waiting(ctx); err == nil {
		gauge(descWaiting, float64(count))
		age := 0.0
		if !oldest.IsZero() {
			age = max(time.Since(oldest).Seconds(), 0)
		}
		gauge(descOldest, age)
	}
}

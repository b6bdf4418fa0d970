package receiver

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// noteReach keeps in mind whom the last message reached by no way.
func (r *Receiver) noteReach(tx *store.Tx, events []incident.Event, now time.Time) error {
	for _, e := range events {
		var err error
		switch {
		case e.Kind == incident.KindNobodyReached && r.current.Load().catalog.People[e.Person] != nil:
			err = tx.PutUnreached(store.Unreached{Person: e.Person, At: now, Why: e.Text})
		case e.Kind == incident.KindDelivered || (e.Kind == incident.KindReceipt && e.Delivery.State == incident.DeliveryDelivered):
			err = tx.Reached(e.Delivery.Recipient)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// What is read at the scrape of who can be reached.
var (
	descPersonReachable = prometheus.NewDesc("tocsin_receiver_person_reachable",
		"1 when somebody of the catalogue has an address with a channel for it, and the last message reached them by some way; 0 when not.", []string{"person"}, nil)
	descRotaReachable = prometheus.NewDesc("tocsin_rota_reachable",
		"1 when whoever is on call for the rota now, or their backup, can be reached; 0 when neither can. There is none in a gap.", []string{"rota"}, nil)
)

// reachMetrics exports who can be reached, so that it is known before the night.
// A store that cannot be read gives no series rather than wrong ones.
type reachMetrics struct{ receiver *Receiver }

func (m reachMetrics) Describe(c chan<- *prometheus.Desc) {
	c <- descPersonReachable
	c <- descRotaReachable
}

func (m reachMetrics) Collect(c chan<- prometheus.Metric) {
	r := m.receiver
	if r.current.Load() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	lost, err := r.store.Unreached(ctx)
	if err != nil {
		return
	}
	now := r.now()
	entries, err := r.store.RotaEntries(ctx, now)
	if err != nil {
		return
	}
	d := r.reading(ctx).staffed(entries)
	reached := map[string]bool{}
	for person := range d.catalog.People {
		ways, _, _ := d.reach(person, catalog.Ways())
		reached[person] = len(ways) > 0 && !slices.ContainsFunc(lost, func(u store.Unreached) bool { return u.Person == person })
	}
	gauge := func(desc *prometheus.Desc, is bool, label string) {
		value := 0.0
		if is {
			value = 1
		}
		c <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, label)
	}
	for _, person := range slices.Sorted(maps.Keys(reached)) {
		gauge(descPersonReachable, reached[person], person)
	}
	for name, rota := range d.rotas {
		if shift := rota.At(now); shift.Primary != "" || shift.Backup != "" {
			gauge(descRotaReachable, reached[shift.Primary] || reached[shift.Backup], name)
		}
	}
}

package maintenance

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// OnceLabel is the window label of all windows that were opened once: their
// number has no bound.
const OnceLabel = "once"

// Source gives the windows that are open at an instant, and the catalogue whose
// services they are over. A nil catalogue means that there is none yet.
type Source func(now time.Time) (*catalog.Catalog, []Window)

// collector exports the open windows. A service has no series while it is in no
// window, so most scrapes cost nothing.
type collector struct {
	source Source
	now    func() time.Time
	open   *prometheus.Desc
	start  *prometheus.Desc
	end    *prometheus.Desc
}

// NewCollector exports tocsin_service_maintenance, and when each window opened
// and ends.
func NewCollector(source Source, now func() time.Time) prometheus.Collector {
	labels := []string{"service", "window"}
	return collector{
		source: source, now: now,
		open:  prometheus.NewDesc("tocsin_service_maintenance", "1 while a maintenance window is open over the service; absent otherwise.", labels, nil),
		start: prometheus.NewDesc("tocsin_service_maintenance_start_timestamp_seconds", "When the open window opened.", labels, nil),
		end:   prometheus.NewDesc("tocsin_service_maintenance_end_timestamp_seconds", "When the open window ends.", labels, nil),
	}
}

func (c collector) Describe(out chan<- *prometheus.Desc) {
	out <- c.open
	out <- c.start
	out <- c.end
}

func (c collector) Collect(out chan<- prometheus.Metric) {
	catalogue, open := c.source(c.now())
	if catalogue == nil {
		return
	}
	type key struct{ service, window string }
	spans := map[key]Window{}
	for _, w := range open {
		label := w.Name
		if w.ID != 0 {
			label = OnceLabel
		}
		for _, service := range Covered(catalogue, w.Scope) {
			k := key{service, label}
			span, known := spans[k]
			if !known || w.From.Before(span.From) {
				span.From = w.From
			}
			if w.Until.After(span.Until) {
				span.Until = w.Until
			}
			spans[k] = span
		}
	}
	for k, span := range spans {
		out <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, 1, k.service, k.window)
		out <- prometheus.MustNewConstMetric(c.start, prometheus.GaugeValue, float64(span.From.UnixMilli())/1000, k.service, k.window)
		out <- prometheus.MustNewConstMetric(c.end, prometheus.GaugeValue, float64(span.Until.UnixMilli())/1000, k.service, k.window)
	}
}

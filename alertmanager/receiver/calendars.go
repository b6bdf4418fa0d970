package receiver

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
)

// ReadCalendars reads the calendars of the rotas when they are not as they were
// when it looked last.
func (r *Receiver) ReadCalendars() {
	r.feeds.reading.Lock()
	defer r.feeds.reading.Unlock()
	d := r.current.Load()
	if d == nil || len(duty.Places(d.catalog)) == 0 {
		return
	}
	state := fmt.Sprint(r.now().UTC().Format(time.DateOnly), r.shelf.Changes())
	for _, file := range duty.Files(d.catalog) {
		if info, err := os.Stat(file); err == nil {
			state += fmt.Sprintf("\n%s %d %d", file, info.Size(), info.ModTime().UnixNano())
		}
	}
	if seen := r.calendars.Swap(&state); seen != nil && *seen == state {
		return
	}
	with := *d
	var err error
	if with.rotas, with.problems, err = r.shelf.Read(d.catalog, r.now()); err != nil {
		return // Update would have refused it
	}
	r.reportCalendars(&with)
	if r.current.CompareAndSwap(d, &with) {
		r.hub.publish()
		return
	}
	r.calendars.Store(nil) // the new catalogue may have been read too early
}

// reportCalendars logs what is wrong with the calendars and was not before.
func (r *Receiver) reportCalendars(d *directory) {
	known := map[string]bool{}
	if before := r.current.Load(); before != nil {
		for _, problem := range before.problems {
			known[problem.Path+" "+problem.Err.Error()] = true
		}
	}
	for _, problem := range d.problems {
		if !known[problem.Path+" "+problem.Err.Error()] {
			level.Error(r.logger).Log("msg", "Something is wrong with a calendar of a rota; going on without it", "at", problem.Path, "err", problem.Err)
		}
	}
}

// troubles are what is wrong with the calendars of a rota, in words.
func (d *directory) troubles(rota string) []string {
	var all []string
	for _, problem := range d.problems {
		if key, is := strings.CutPrefix(problem.Path, "rotas."+rota+"."); is {
			all = append(all, fmt.Sprintf("%s: %v", key, problem.Err))
		}
	}
	return all
}

// unread says whether the calendar at a place could not be read last.
func (d *directory) unread(place duty.Place) bool {
	return slices.ContainsFunc(d.problems, func(p duty.Problem) bool { return p.Unread && strings.HasPrefix(p.Path, place.Path+".") })
}

// What is read from the calendars at the scrape.
var (
	descReadable = prometheus.NewDesc("tocsin_rota_calendar_readable",
		"1 when the calendar at this place of the catalogue could be read, or fetched, last; 0 when it counts as it was before, or not at all.", []string{"calendar"}, nil)
	descFetched = prometheus.NewDesc("tocsin_rota_calendar_last_success_timestamp_seconds",
		"When the calendar at this place of the catalogue was fetched last, by this receiver or another one; none before the first time.", []string{"calendar"}, nil)
)

// calendarMetrics exports whether the calendars can be read.
type calendarMetrics struct{ receiver *Receiver }

func (m calendarMetrics) Describe(c chan<- *prometheus.Desc) {
	c <- descReadable
	c <- descFetched
}

func (m calendarMetrics) Collect(c chan<- prometheus.Metric) {
	d := m.receiver.current.Load()
	if d == nil {
		return
	}
	for _, place := range duty.Places(d.catalog) {
		readable := 1.0
		if d.unread(place) {
			readable = 0
		}
		c <- prometheus.MustNewConstMetric(descReadable, prometheus.GaugeValue, readable, place.Path)
		if at := m.receiver.feeds.fetched(place.ID()); !at.IsZero() {
			c <- prometheus.MustNewConstMetric(descFetched, prometheus.GaugeValue, float64(at.UnixMilli())/1000, place.Path)
		}
	}
}

// Package resource reads how much memory and CPU things use and may use, and how
// full disks are, one file per source, and exports one normalised family
// whatever the source is.
//
// The exporter gives it the catalogue's resources that are its to read; the
// rules compare what is used with the limit and the service's threshold.
// [Collector.Run] reads on its own schedule and a scrape shows the last
// reading, so a slow target delays neither the scrape nor another target.
//
// No limit means no limit series, never 0: a rule that divides by it must find
// nothing. A reading that failed shows no values either, only that it failed.
package resource

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/reading"
)

const (
	// maxInstances bounds the label instance of one component.
	maxInstances = 32
	// maxAnswer bounds an answer of links.prometheus: some thousand volumes.
	maxAnswer = 8 << 20
)

// Options is what a collector needs. Every field has a default.
type Options struct {
	Logger    log.Logger
	ProcFS    string            // where the proc file system is mounted, /proc by default
	CgroupFS  string            // where control groups are mounted, /sys/fs/cgroup by default
	Interval  time.Duration     // between two readings of one component, 15s by default
	Timeout   time.Duration     // of one reading, 5s by default
	UserAgent string            // says who asks for a target's metrics page
	Transport http.RoundTripper // http.DefaultTransport by default

	questions  reading.Questions // asks prometheus
	prometheus string            // links.prometheus of the catalogue
}

// source is one way of reading one component. It is called by one goroutine
// and may keep state.
type source func(ctx context.Context) (sample, error)

// sample is what one reading found.
type sample struct {
	instances []instance // with distinct slots
	disks     []disk     // with distinct names
	ignored   int        // found beyond maxInstances or maxDisks
}

// instance is one process, replica or group. Zero limits are no limits.
type instance struct {
	slot        int     // small number that is kept while the instance lives
	memoryUsed  float64 // bytes
	memoryLimit float64
	cpu         float64 // seconds used since the instance began
	cpuLimit    float64 // cores
	hasMemory   bool
	hasCPU      bool
	life        string // changes when the counter of CPU seconds starts anew
}

// kind is one row of the table of sources.
type kind struct {
	name string
	of   func(r *catalog.Resource) bool
	make func(r *catalog.Resource, o Options) source
}

// kinds are all sources, by the key that they have in the catalogue.
func kinds() []kind {
	return []kind{
		{"process", func(r *catalog.Resource) bool { return r.Process != nil }, newProcess},
		{"prometheus", func(r *catalog.Resource) bool { return r.Prometheus != nil }, newPrometheus},
		{"kubernetes", func(r *catalog.Resource) bool { return r.Kubernetes != nil }, newUnsupported},
		{"node_exporter", func(r *catalog.Resource) bool { return r.NodeExporter != nil }, newNodeExporter},
		{"volumes", func(r *catalog.Resource) bool { return r.Volumes != nil }, newVolumes},
	}
}

// newUnsupported stands for a source that the catalogue knows and this version
// cannot read.
func newUnsupported(*catalog.Resource, Options) source {
	return func(context.Context) (sample, error) {
		return sample{}, errors.New("this version does not read Kubernetes: use prometheus: {url: …} with the workload's own metrics page")
	}
}

// Collector reads resources and exports what it read.
type Collector struct {
	o       Options
	results *reading.Results[measured]
}

// measured is one reading of one component.
type measured struct {
	ignored int
	values  []value
	disks   []disk
}

type value struct {
	instance
	cores    float64
	hasCores bool
}

// New returns a collector that reads nothing until Update.
func New(o Options) *Collector {
	o.ProcFS = cmp.Or(o.ProcFS, "/proc")
	o.CgroupFS = cmp.Or(o.CgroupFS, "/sys/fs/cgroup")
	o.Interval = cmp.Or(o.Interval, 15*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	o.UserAgent = cmp.Or(o.UserAgent, "Tocsin")
	o.questions = reading.Questions{Client: &http.Client{Transport: o.Transport}, UserAgent: o.UserAgent, Timeout: o.Timeout, Most: maxAnswer}
	return &Collector{o: o, results: reading.NewResults[measured](o.Logger)}
}

// Update takes a catalogue: from now on the resources of the services that
// owns accepts are read, and only they are exported.
func (c *Collector) Update(cat *catalog.Catalog, owns func(service string) bool) {
	var items []reading.Item[measured]
	o := c.o
	o.prometheus = cat.Links.Prometheus
	for _, s := range reading.Services(cat, owns) {
		for name, r := range s.Resources {
			items = append(items, reading.Item[measured]{
				Service: s.Name, Section: "resources", Name: name, Spec: specOf(r, o),
				Interval: o.Interval, Timeout: o.Timeout, Read: reader(r, o),
			})
		}
	}
	c.results.Update(cat, items)
}

// Run reads until ctx ends.
func (c *Collector) Run(ctx context.Context) error { return c.results.Run(ctx) }

// spec is what a reload compares: whom to ask only where somebody is asked.
type spec struct {
	catalog.Resource
	prometheus string
}

func specOf(r *catalog.Resource, o Options) spec {
	if r.MeasuresDisks() {
		return spec{*r, o.prometheus}
	}
	return spec{Resource: *r}
}

func reader(r *catalog.Resource, o Options) func(context.Context) (measured, error) {
	read := newUnsupported(r, o)
	for _, k := range kinds() {
		if k.of(r) {
			read = k.make(r, o)
		}
	}
	meters := meter{}
	return func(ctx context.Context) (measured, error) {
		found, err := read(ctx)
		if err != nil {
			return measured{}, err
		}
		return measured{ignored: found.ignored, disks: found.disks, values: meters.measure(found.instances, time.Now())}, nil
	}
}

// meter turns counters of CPU seconds into cores. It remembers the reading
// before, by slot.
type meter map[int]mark

type mark struct {
	life string
	cpu  float64
	at   time.Time
}

// measure gives each instance the cores it used on average since the reading
// before. There is no figure for a first reading, nor for a slot whose
// occupant or counter began anew.
func (m meter) measure(found []instance, now time.Time) []value {
	values := make([]value, 0, len(found))
	seen := map[int]bool{}
	for _, i := range found {
		v := value{instance: i}
		if i.hasCPU {
			before, ok := m[i.slot]
			elapsed := now.Sub(before.at).Seconds()
			if ok && before.life == i.life && i.cpu >= before.cpu && elapsed > 0 {
				v.cores, v.hasCores = (i.cpu-before.cpu)/elapsed, true
			}
			m[i.slot], seen[i.slot] = mark{life: i.life, cpu: i.cpu, at: now}, true
		}
		values = append(values, v)
	}
	maps.DeleteFunc(m, func(slot int, _ mark) bool { return !seen[slot] })
	return values
}

func desc(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("tocsin_resource_"+name, help, append([]string{"service", "component"}, more...), nil)
}

var (
	descUp          = desc("up", "Whether the last reading of the component succeeded.")
	descLastRead    = desc("last_read_timestamp_seconds", "When the component was last read with success.")
	descIgnored     = desc("ignored_instances", "Instances or disks of the component that were found beyond those told apart.")
	descMemoryUsed  = desc("memory_used_bytes", "Memory in use that counts against the limit.", "instance")
	descMemoryLimit = desc("memory_limit_bytes", "Memory that may be used; absent where there is no limit.", "instance")
	descCPUUsed     = desc("cpu_used_cores", "CPU used on average since the reading before, in cores.", "instance")
	descCPULimit    = desc("cpu_limit_cores", "CPU that may be used, in cores; absent where there is no limit.", "instance")
)

// Describe sends the family's descriptions.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUp, descLastRead, descIgnored, descMemoryUsed, descMemoryLimit, descCPUUsed, descCPULimit, descDiskUsed, descDiskSize, descDiskInodesUsed, descDiskInodes} {
		ch <- d
	}
}

// Collect sends the last readings.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, r := range c.results.All() {
		gauge := func(d *prometheus.Desc, v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{r.Service, r.Name}, labels...)...)
		}
		if !r.At.IsZero() {
			gauge(descLastRead, float64(r.At.UnixMilli())/1000)
		}
		if !r.Up {
			gauge(descUp, 0)
			continue
		}
		gauge(descUp, 1)
		gauge(descIgnored, float64(r.Value.ignored))
		for _, v := range r.Value.values {
			v.collect(gauge)
		}
		for _, d := range r.Value.disks {
			d.collect(gauge)
		}
	}
}

func (v value) collect(gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	name := strconv.Itoa(v.slot)
	if v.hasMemory {
		gauge(descMemoryUsed, v.memoryUsed, name)
		if v.memoryLimit > 0 {
			gauge(descMemoryLimit, v.memoryLimit, name)
		}
	}
	if v.hasCores {
		gauge(descCPUUsed, v.cores, name)
	}
	if v.hasCPU && v.cpuLimit > 0 {
		gauge(descCPULimit, v.cpuLimit, name)
	}
}

package demo

import (
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The shop's disk is invented, in node_exporter's words: nobody's real disk is
// filled. Its use goes up and down a little with the logs and their rotation.
const (
	diskSize   = 20 << 30
	diskInodes = 1_310_720
	diskUsual  = 0.52
	diskFull   = 0.93
	diskFills  = 2 * time.Minute // from the usual to the full
)

// disk is the shop's file system; the switch of the name fills it.
type disk struct {
	now                           func() time.Time
	size, avail, inodes, nodeFree *prometheus.Desc

	mutex   sync.Mutex
	filling time.Time // since; zero when it is not
}

func newDisk(now func() time.Time, switches *state) *disk {
	about := prometheus.Labels{"device": "/dev/demo", "fstype": "ext4", "mountpoint": "/srv/shop"}
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, about) }
	d := &disk{
		now:      now,
		size:     desc("node_filesystem_size_bytes", "Size of the shop's invented disk."),
		avail:    desc("node_filesystem_avail_bytes", "What is free of it."),
		inodes:   desc("node_filesystem_files", "Files that it may hold."),
		nodeFree: desc("node_filesystem_files_free", "Files that it may hold besides those there are."),
	}
	switches.watch = append(switches.watch, d.turned)
	return d
}

func (d *disk) turned(name string, on bool) {
	if name != "disk" {
		return
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.filling = time.Time{}
	if on {
		d.filling = d.now()
	}
}

// used is the share that is taken.
func (d *disk) used() float64 {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	now := d.now()
	minutes := float64(now.UnixMilli()) / 60_000
	usual := diskUsual + 0.01*math.Sin(2*math.Pi*minutes/10)
	if d.filling.IsZero() {
		return usual
	}
	return min(usual+(diskFull-diskUsual)*float64(now.Sub(d.filling))/float64(diskFills), diskFull)
}

// Describe implements [prometheus.Collector].
func (d *disk) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(d, out) }

// Collect implements [prometheus.Collector].
func (d *disk) Collect(out chan<- prometheus.Metric) {
	for desc, value := range map[*prometheus.Desc]float64{
		d.size: diskSize, d.avail: math.Round(diskSize * (1 - d.used())), d.inodes: diskInodes, d.nodeFree: 0.9 * diskInodes,
	} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
}

package resource

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
)

// maxDisks bounds the label disk of one component, and longestDisk its bytes.
const (
	maxDisks    = 32
	longestDisk = 128
)

// disk is one file system. Used is what cannot be written to any more, which
// includes what only the administrator may use: a service is out of space when
// nothing is left for it. A zero size is unknown, as are zero inodes, which
// many file systems do not count.
type disk struct {
	name             string
	size, used       float64 // bytes
	inodes, inodesIn float64 // all, and those in use
}

// full is how full the disk is, by what is nearest to its end.
func (d disk) full() float64 { return max(portion(d.used, d.size), portion(d.inodesIn, d.inodes)) }

func portion(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
}

// point is one sample of a page or of a query's answer.
type point struct {
	metric string
	labels map[string]string
	value  float64
}

// usable says whether a value is a number that something can have.
func usable(v float64) bool { return v >= 0 && !math.IsInf(v, 0) }

// diskMetrics are the names that a source gives to what it says of a disk.
type diskMetrics struct{ size, available, inodes, inodesFree string }

func (m diskMetrics) names() []string { return []string{m.size, m.available, m.inodes, m.inodesFree} }

// disks makes a disk of each set of labels that has a size and says what is
// available. Its name is that of a label.
func (m diskMetrics) disks(points []point, name string) []labelled {
	values := map[string]map[string]float64{}
	labels := map[string]map[string]string{}
	var order []string
	for _, p := range points {
		if !usable(p.value) || !slices.Contains(m.names(), p.metric) {
			continue
		}
		key := signature(p.labels)
		if values[key] == nil {
			values[key], labels[key] = map[string]float64{}, p.labels
			order = append(order, key)
		}
		values[key][p.metric] = p.value
	}
	var found []labelled
	for _, key := range order {
		v := values[key]
		available, known := v[m.available]
		if !known || v[m.size] == 0 {
			continue
		}
		d := disk{name: readable(labels[key][name]), size: v[m.size], used: max(0, v[m.size]-available)}
		if free, known := v[m.inodesFree]; known && v[m.inodes] > 0 {
			d.inodes, d.inodesIn = v[m.inodes], max(0, v[m.inodes]-free)
		}
		found = append(found, labelled{d, labels[key]})
	}
	return found
}

// labelled is a disk with the labels of its source.
type labelled struct {
	disk
	labels map[string]string
}

func signature(labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for name, value := range labels {
		if name != "__name__" {
			pairs = append(pairs, fmt.Sprintf("%s=%q", name, value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// readable bounds a name that becomes the value of a label.
func readable(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	if len(name) > longestDisk {
		name = strings.ToValidUTF8(name[:longestDisk-len("…")], "") + "…"
	}
	return name
}

// bounded keeps one disk of each name, the fullest, and of too many the fullest
// ones, by name.
func bounded(found []labelled) sample {
	slices.SortStableFunc(found, func(a, b labelled) int {
		return cmp.Or(cmp.Compare(b.full(), a.full()), cmp.Compare(a.name, b.name))
	})
	var s sample
	seen := map[string]bool{}
	for _, d := range found {
		switch {
		case seen[d.name]:
		case len(s.disks) == maxDisks:
			s.ignored++
		default:
			s.disks = append(s.disks, d.disk)
		}
		seen[d.name] = true
	}
	slices.SortFunc(s.disks, func(a, b disk) int { return cmp.Compare(a.name, b.name) })
	return s
}

var (
	descDiskUsed       = desc("disk_used_bytes", "Space of the disk that cannot be written to any more.", "disk")
	descDiskSize       = desc("disk_size_bytes", "Size of the disk.", "disk")
	descDiskInodesUsed = desc("disk_inodes_used", "Inodes of the disk that are in use.", "disk")
	descDiskInodes     = desc("disk_inodes", "Inodes that the disk has; absent where its file system does not count them.", "disk")
)

func (d disk) collect(gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	gauge(descDiskUsed, d.used, d.name)
	gauge(descDiskSize, d.size, d.name)
	if d.inodes > 0 {
		gauge(descDiskInodesUsed, d.inodesIn, d.name)
		gauge(descDiskInodes, d.inodes, d.name)
	}
}

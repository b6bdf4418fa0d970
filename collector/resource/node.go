package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// nodeReadOnly is 1 for a file system that cannot be written to.
const nodeReadOnly = "node_filesystem_readonly"

func nodeMetrics() diskMetrics {
	return diskMetrics{"node_filesystem_size_bytes", "node_filesystem_avail_bytes", "node_filesystem_files", "node_filesystem_files_free"}
}

// diskless are the types of file systems without a disk of their own, or which
// are full by design.
func diskless() []string {
	return []string{
		"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devfs", "devpts", "devtmpfs", "efivarfs", "erofs", "fdescfs",
		"fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "nullfs", "overlay", "proc", "procfs", "pstore", "ramfs",
		"rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tmpfs", "tracefs", "udf",
	}
}

// newNodeExporter reads the file systems of a machine from its node_exporter:
// the page itself, or what links.prometheus has of it.
func newNodeExporter(r *catalog.Resource, o Options) source {
	spec := r.NodeExporter
	if spec.URL == "" {
		query := selector(append(nodeMetrics().names(), nodeReadOnly), spec.Labels, map[string]string{"instance": spec.Instance})
		return func(ctx context.Context) (sample, error) {
			points, err := o.ask(ctx, query)
			if err != nil {
				return sample{}, err
			}
			return fileSystems(spec, points)
		}
	}
	page := page{url: spec.URL, agent: o.UserAgent, client: &http.Client{Transport: o.Transport}}
	return func(ctx context.Context) (sample, error) {
		families, err := page.fetch(ctx)
		if err != nil {
			return sample{}, fmt.Errorf("reading the metrics page %s: %w", page.url, err)
		}
		found, err := fileSystems(spec, pointsOf(families, append(nodeMetrics().names(), nodeReadOnly)))
		if err != nil {
			return sample{}, fmt.Errorf("reading the metrics page %s: %w", page.url, err)
		}
		return found, nil
	}
}

// pointsOf picks families of a page.
func pointsOf(families map[string]*dto.MetricFamily, names []string) []point {
	var points []point
	for _, name := range names {
		for _, m := range families[name].GetMetric() {
			labels := make(map[string]string, len(m.GetLabel()))
			for _, pair := range m.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			points = append(points, point{name, labels, valueOf(m)})
		}
	}
	return points
}

// fileSystems are the disks that a machine's points speak of.
func fileSystems(spec *catalog.NodeExporterResource, points []point) (sample, error) {
	readOnly := map[string]bool{}
	for _, p := range points {
		if p.metric == nodeReadOnly && p.value == 1 {
			readOnly[signature(p.labels)] = true
		}
	}
	all := nodeMetrics().disks(points, "mountpoint")
	if len(all) == 0 {
		return sample{}, errors.New("there is no node_filesystem_size_bytes: node_exporter's collector filesystem exports it")
	}
	chosen := slices.DeleteFunc(all, func(d labelled) bool {
		return readOnly[signature(d.labels)] || slices.Contains(diskless(), d.labels["fstype"]) ||
			spec.Mountpoints != nil && !spec.Mountpoints.MatchString(d.labels["mountpoint"])
	})
	if len(chosen) == 0 {
		return sample{}, errors.New("no file system is left to watch: none that can be written to matches mountpoints")
	}
	return bounded(mountedOnce(chosen)), nil
}

// mountedOnce keeps the shortest path of each device. The size tells apart what
// merely has the same name, as file systems in user space do.
func mountedOnce(found []labelled) []labelled {
	slices.SortStableFunc(found, func(a, b labelled) int {
		return cmp.Or(cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	type device struct {
		name string
		size float64
	}
	seen := map[device]string{}
	return slices.DeleteFunc(found, func(d labelled) bool {
		key := device{d.labels["device"], d.size}
		first, known := seen[key]
		if !known {
			seen[key] = d.name
		}
		return known && first != d.name && key.name != ""
	})
}

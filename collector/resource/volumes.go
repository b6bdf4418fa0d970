package resource

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// claimMode tells claims that many may only read, where kube-state-metrics is.
	claimMode = "kube_persistentvolumeclaim_access_mode"
	claim     = "persistentvolumeclaim"
)

func volumeMetrics() diskMetrics {
	return diskMetrics{"kubelet_volume_stats_capacity_bytes", "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_inodes", "kubelet_volume_stats_inodes_free"}
}

// newVolumes reads persistent volumes from what Prometheus has of the kubelets.
func newVolumes(r *catalog.Resource, o Options) source {
	spec := r.Volumes
	query := selector(append(volumeMetrics().names(), claimMode), spec.Labels, map[string]string{"namespace": spec.Namespace})
	return func(ctx context.Context) (sample, error) {
		points, err := o.ask(ctx, query)
		if err != nil {
			return sample{}, err
		}
		return volumes(spec, points)
	}
}

// volumes are the disks of claims. A claim that several kubelets report, or
// several Prometheus servers, is one disk.
func volumes(spec *catalog.VolumesResource, points []point) (sample, error) {
	readOnly := map[string]bool{}
	for _, p := range points {
		if p.metric == claimMode && p.labels["access_mode"] == "ReadOnlyMany" && p.value == 1 {
			readOnly[p.labels[claim]] = true
		}
	}
	all := volumeMetrics().disks(points, claim)
	if len(all) == 0 {
		return sample{}, errors.New("links.prometheus has no kubelet_volume_stats_capacity_bytes of the namespace: does it scrape the kubelets, and is a volume mounted?")
	}
	chosen := slices.DeleteFunc(all, func(d labelled) bool {
		return readOnly[d.labels[claim]] || spec.Claims != nil && !spec.Claims.MatchString(d.labels[claim])
	})
	if len(chosen) == 0 {
		return sample{}, errors.New("no volume is left to watch: no claim that can be written to matches claims")
	}
	return bounded(chosen), nil
}

// selector asks for several metrics at once.
func selector(names []string, labels, more map[string]string) string {
	matchers := []string{"__name__=~" + strconv.Quote(strings.Join(names, "|"))}
	for _, set := range []map[string]string{more, labels} {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			matchers = append(matchers, name+"="+strconv.Quote(set[name]))
		}
	}
	return "{" + strings.Join(matchers, ",") + "}"
}

// ask puts one query to links.prometheus.
func (o Options) ask(ctx context.Context, query string) ([]point, error) {
	samples, err := o.questions.Ask(ctx, o.prometheus, query)
	if err != nil {
		return nil, err
	}
	points := make([]point, 0, len(samples))
	for _, s := range samples {
		value, err := strconv.ParseFloat(s.Value, 64)
		if err != nil {
			return nil, fmt.Errorf("asking %s: %q is no number", o.prometheus, s.Value)
		}
		points = append(points, point{s.Metric["__name__"], s.Metric, value})
	}
	return points, nil
}

package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/reading"
)

// maxPage bounds a target's metrics page; a large application has some
// hundreds of kilobytes.
const maxPage = 16 << 20

// newPrometheus reads a target's own metrics page: the process_* metrics that
// Prometheus' client libraries export. The page says nothing about limits, so
// they are those of the catalogue.
func newPrometheus(r *catalog.Resource, o Options) source {
	page := page{url: r.Prometheus.URL, agent: o.UserAgent, client: &http.Client{Transport: o.Transport}}
	return func(ctx context.Context) (sample, error) {
		families, err := page.fetch(ctx)
		if err != nil {
			return sample{}, fmt.Errorf("reading the metrics page %s: %w", page.url, err)
		}
		found, err := processOf(families)
		if err != nil {
			return sample{}, fmt.Errorf("reading the metrics page %s: %w", page.url, err)
		}
		found.memoryLimit, found.cpuLimit = float64(r.MemoryLimit), r.CPULimit
		return sample{instances: []instance{found}}, nil
	}
}

type page struct {
	url, agent string
	client     *http.Client
}

func (p page) fetch(ctx context.Context) (map[string]*dto.MetricFamily, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("User-Agent", p.agent)
	res, err := p.client.Do(req)
	if err != nil {
		return nil, reading.WithoutURL(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("got status %d, want 200", res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return nil, reading.WithoutURL(ctx, err)
	}
	if len(text) > maxPage {
		return nil, fmt.Errorf("the page is larger than %d MiB", maxPage>>20)
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) {
		return nil, errors.New("got an HTML page, want Prometheus' text format")
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("want Prometheus' text format: %w", err)
	}
	return families, nil
}

// processOf picks the process_* metrics.
func processOf(families map[string]*dto.MetricFamily) (instance, error) {
	var i instance
	var err error
	if i.memoryUsed, i.hasMemory, err = single(families, "process_resident_memory_bytes"); err != nil {
		return i, err
	}
	if i.cpu, i.hasCPU, err = single(families, "process_cpu_seconds_total"); err != nil {
		return i, err
	}
	if !i.hasMemory && !i.hasCPU {
		return i, errors.New("there is neither process_resident_memory_bytes nor process_cpu_seconds_total: the client library's process collector exports them")
	}
	began, known, err := single(families, "process_start_time_seconds")
	if known {
		i.life = strconv.FormatFloat(began, 'f', -1, 64)
	}
	return i, err
}

// single is the one sample of a family. A page with several processes cannot
// be one component; a value that is no finite, positive number is none.
func single(families map[string]*dto.MetricFamily, name string) (v float64, ok bool, err error) {
	metrics := families[name].GetMetric()
	if len(metrics) > 1 {
		return 0, false, fmt.Errorf("there are %d series of %s, want one: point url at one process", len(metrics), name)
	}
	for _, m := range metrics {
		if v = valueOf(m); usable(v) {
			return v, true, nil
		}
	}
	return 0, false, nil
}

// valueOf is the value of a sample, whatever its type says it is.
func valueOf(m *dto.Metric) float64 {
	switch {
	case m.Gauge != nil:
		return m.GetGauge().GetValue()
	case m.Counter != nil:
		return m.GetCounter().GetValue()
	}
	return m.GetUntyped().GetValue()
}

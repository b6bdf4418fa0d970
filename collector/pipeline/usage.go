package pipeline

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// usage counts what the provider's API costs.
type usage struct {
	requests  *prometheus.CounterVec
	remaining *left
}

// left is how many requests the provider still allows, once it has said so.
type left struct {
	mu    sync.Mutex
	value float64
	known bool
}

var descRemaining = prometheus.NewDesc("tocsin_pipeline_api_rate_limit_remaining", "Requests that the provider still allows until its limit is reset.", []string{"provider"}, nil)

func newUsage() usage {
	u := usage{remaining: &left{}, requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tocsin_pipeline_api_requests_total", Help: "Requests to a provider's API by class of the answer.",
	}, []string{"provider", "code"})}
	for _, code := range []string{"2xx", "304", "4xx", "5xx", "error"} {
		u.requests.WithLabelValues("github", code)
	}
	return u
}

func (u usage) observe(code string, remaining float64, known bool) {
	u.requests.WithLabelValues("github", code).Inc()
	if !known {
		return
	}
	u.remaining.mu.Lock()
	defer u.remaining.mu.Unlock()
	u.remaining.value, u.remaining.known = remaining, true
}

func (u usage) describe(ch chan<- *prometheus.Desc) {
	u.requests.Describe(ch)
	ch <- descRemaining
}

func (u usage) collect(ch chan<- prometheus.Metric) {
	u.requests.Collect(ch)
	u.remaining.mu.Lock()
	defer u.remaining.mu.Unlock()
	if u.remaining.known {
		ch <- prometheus.MustNewConstMetric(descRemaining, prometheus.GaugeValue, u.remaining.value, "github")
	}
}

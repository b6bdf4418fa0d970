package demo

import (
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// instrument counts what the shop answers and says who uses it.
func instrument(s *shop, now func() time.Time) (reg *prometheus.Registry, wrap func(http.Handler) http.Handler) {
	reg = prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newDisk(now, s.switches))
	promauto.With(reg).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "demo_active_users", Help: "Visitors of the last five minutes: signed-in sessions and an invented crowd.",
	}, func() float64 { return float64(s.sessions.count()) + crowd(now(), s.switches.is("down")) })
	requests := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "demo_http_requests_total", Help: "Requests answered, by method and status code.",
	}, []string{"code", "method"})
	return reg, func(next http.Handler) http.Handler { return promhttp.InstrumentHandlerCounter(requests, next) }
}

// crowd is an invented number of visitors, since an empty shop has dull
// dashboards: it swells and ebbs every ten minutes, and leaves when the shop
// is closed.
func crowd(at time.Time, closed bool) float64 {
	if closed {
		return 0
	}
	minutes := float64(at.UnixMilli()) / 60_000
	return math.Round(40 + 15*math.Sin(2*math.Pi*minutes/10) + 4*math.Sin(2*math.Pi*minutes/1.7))
}

package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
)

const (
	// maxScrapes bounds the scrapes under way, of which each keeps a little.
	maxScrapes = 10
	// scrapeTime is what a scraper may take that does not say how long it waits.
	scrapeTime = time.Minute
)

// Scraped is what /metrics shows. Write writes the text formats.
type Scraped interface {
	prometheus.Gatherer
	Write(out io.Writer, openMetrics bool) error
}

// Metrics answers scrapes in the format that the scraper prefers. A part that
// fails is logged, and the other parts' series are still exported.
func Metrics(all Scraped, registry *prometheus.Registry, logger log.Logger) http.Handler {
	m := &metrics{all: all, logger: logger, slots: make(chan struct{}, maxScrapes), protobuf: promhttp.HandlerFor(all, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Registry: registry, EnableOpenMetrics: true,
	})}
	return promhttp.InstrumentMetricHandler(registry, m)
}

type metrics struct {
	all      Scraped
	logger   log.Logger
	slots    chan struct{}
	protobuf http.Handler
}

// ServeHTTP writes a page while it is made. A reader that takes too long is
// hung up on; nothing but its own page waits for it.
func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	default:
		plain(w, http.StatusServiceUnavailable, "Too many scrapes are under way.")
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(patience(r))) // what cannot have one waits for its reader
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	openMetrics := format.FormatType() == expfmt.TypeOpenMetrics
	if (!openMetrics && format.FormatType() != expfmt.TypeTextPlain) || r.URL.Query().Has("name[]") {
		m.protobuf.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", string(format))
	w.Header().Add("Vary", "Accept, Accept-Encoding")
	out, end := compressed(w, r)
	err := m.all.Write(out, openMetrics)
	if ended := end(); err == nil {
		err = ended
	}
	if err != nil {
		level.Warn(m.logger).Log("msg", "A scrape is not complete", "client", r.RemoteAddr, "err", err)
	}
}

// patience is how long a scraper waits, which Prometheus says.
func patience(r *http.Request) time.Duration {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || seconds <= 0 || seconds > scrapeTime.Seconds() {
		return scrapeTime
	}
	return time.Duration(seconds * float64(time.Second))
}

// compressed packs the page where the client can unpack it: at the lowest
// level, because the page repeats itself and time is dearer than bytes.
func compressed(w http.ResponseWriter, r *http.Request) (io.Writer, func() error) {
	if !accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		return w, func() error { return nil }
	}
	w.Header().Set("Content-Encoding", "gzip")
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level exists
	return z, z.Close
}

// accepts says whether a list such as "br;q=0.5, gzip" names a coding and does
// not rule it out.
func accepts(list, coding string) bool {
	for part := range strings.SplitSeq(list, ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			quality, has := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
			q, err := strconv.ParseFloat(quality, 64)
			return !has || (err == nil && q > 0)
		}
	}
	return false
}

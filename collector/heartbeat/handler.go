package heartbeat

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"golang.org/x/time/rate"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// maxLog is what is read of a job's log, maxTail what is kept of it.
	maxLog  = 1 << 20
	maxTail = 4 << 10
	// readWithin bounds the sending of a log.
	readWithin = 30 * time.Second
	// burst signals of one job are taken at once, and then one a second.
	burst = 20
)

// Options are what a handler needs.
type Options struct {
	Store   *Store
	Catalog func() *catalog.Catalog // the one in use; nil before the first
	// Refuse says who waits for a heartbeat instead of this exporter; nil when
	// it does itself.
	Refuse func(location, service string) error
	Logger log.Logger // nil for none
	// Registerer takes the count of signals.
	Registerer prometheus.Registerer
}

// Handler answers POST /heartbeat/SERVICE/PROBE[/SIGNAL], where SIGNAL is start,
// success (the default), failure, or an exit status. The body is the job's
// log, of which the end is kept. NAME alone stands for SERVICE/PROBE where no
// other heartbeat has that name.
type Handler struct {
	o       Options
	signals *prometheus.CounterVec

	mu     sync.Mutex
	limits map[[2]string]*rate.Limiter // by service and probe
}

// NewHandler returns a handler.
func NewHandler(o Options) *Handler {
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	h := &Handler{o: o, limits: make(map[[2]string]*rate.Limiter)}
	h.signals = promauto.With(o.Registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "tocsin_exporter_heartbeat_requests_total", Help: "Calls of jobs, by what became of them.",
	}, []string{"result"})
	for _, result := range []string{"kept", "refused", "limited", "failed"} {
		h.signals.WithLabelValues(result)
	}
	return h
}

// call is one request, understood.
type call struct {
	probe  *catalog.Probe
	signal Signal
	exit   int
}

// refusal is an answer other than 200.
type refusal struct {
	code int
	text string
}

// Error is the text for whoever reads the job's log.
func (r *refusal) Error() string { return r.text }

func refuse(code int, format string, args ...any) error {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers in one line of plain text.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c, err := h.understand(r)
	if err == nil {
		err = h.take(w, r, c)
	}
	refused := new(refusal)
	switch {
	case err == nil:
		h.signals.WithLabelValues("kept").Inc()
		fmt.Fprintf(w, "noted: %s of %s/%s\n", c.signal, c.probe.Service, c.probe.Name)
	case errors.As(err, &refused):
		h.signals.WithLabelValues(map[bool]string{true: "limited", false: "refused"}[refused.code == http.StatusTooManyRequests]).Inc()
		if refused.code == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		http.Error(w, refused.text, refused.code)
	default:
		h.signals.WithLabelValues("failed").Inc()
		level.Error(h.o.Logger).Log("msg", "What a job said could not be kept; it was told to call again", "service", c.probe.Service, "probe", c.probe.Name, "err", err)
		http.Error(w, "the exporter could not keep this: call again", http.StatusServiceUnavailable)
	}
}

// understand finds the heartbeat and the signal, and who is asking.
func (h *Handler) understand(r *http.Request) (call, error) {
	if r.Method != http.MethodPost {
		return call{}, refuse(http.StatusMethodNotAllowed, "want POST: looking at an address changes nothing")
	}
	segments := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/heartbeat/"), "/"), "/")
	c := call{signal: Success}
	if last := segments[len(segments)-1]; len(segments) > 1 {
		if signal, exit, is := signalOf(last); is {
			c.signal, c.exit = signal, exit
			segments = segments[:len(segments)-1]
		}
	}
	var err error
	if c.probe, err = h.find(segments); err != nil {
		return c, err
	}
	return c, h.admit(r, c.probe)
}

// signalOf reads the end of an address: a signal or an exit status.
func signalOf(text string) (signal Signal, exit int, is bool) {
	if slices.Contains(catalog.HeartbeatSignals(), text) {
		return Signal(text), 0, true
	}
	exit, err := strconv.Atoi(text)
	switch {
	case err != nil || exit < 0 || exit > 255:
		return "", 0, false
	case exit == 0:
		return Success, 0, true
	}
	return Failure, exit, true
}

// find is the heartbeat that an address names.
func (h *Handler) find(segments []string) (*catalog.Probe, error) {
	c := h.o.Catalog()
	if c == nil {
		return nil, refuse(http.StatusServiceUnavailable, "the exporter has no catalogue yet: call again")
	}
	var found []*catalog.Probe
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		for _, p := range c.Services[name].Probes {
			exact := len(segments) == 2 && segments[0] == name && segments[1] == p.Name
			alone := len(segments) == 1 && segments[0] == p.Name
			if p.Heartbeat != nil && (exact || alone) {
				found = append(found, p)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, refuse(http.StatusNotFound, "no heartbeat of that name is in the catalogue (want /heartbeat/SERVICE/PROBE, perhaps with /start, /success, /failure or an exit status)")
	case 1:
		return found[0], nil
	}
	return nil, refuse(http.StatusConflict, "%d services have a heartbeat of that name (want /heartbeat/SERVICE/PROBE, such as /heartbeat/%s/%s)", len(found), found[0].Service, found[0].Name)
}

// admit refuses what belongs elsewhere, who cannot prove himself, and floods.
func (h *Handler) admit(r *http.Request, p *catalog.Probe) error {
	if err := h.o.Refuse(p.Locations[0], p.Service); err != nil {
		return refuse(http.StatusMisdirectedRequest, "%v", err)
	}
	if err := authorize(r, p.Heartbeat.Token); err != nil {
		return err
	}
	if !h.limit(p).Allow() {
		return refuse(http.StatusTooManyRequests, "too many calls (want at most one a second)")
	}
	return nil
}

// authorize compares the bearer token, where the catalogue names one.
func authorize(r *http.Request, token *catalog.Secret) error {
	if token == nil {
		return nil
	}
	want, err := token.Read()
	if err != nil {
		return err
	}
	given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		return refuse(http.StatusUnauthorized, "want the heartbeat's token as Authorization: Bearer TOKEN")
	}
	return nil
}

// limit is the heartbeat's own.
func (h *Handler) limit(p *catalog.Probe) *rate.Limiter {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := [2]string{p.Service, p.Name}
	if h.limits[id] == nil {
		h.limits[id] = rate.NewLimiter(rate.Every(time.Second), burst)
	}
	return h.limits[id]
}

// take reads the log and keeps the signal. A log that is too long or breaks off
// does not make a success undone: the end of what came is kept.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, c call) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readWithin)) // some servers have none
	var log tail
	_, _ = io.Copy(&log, io.LimitReader(r.Body, maxLog))
	return h.o.Store.Note(c.probe.Service, c.probe.Name, c.signal, c.exit, string(log))
}

// tail keeps the end of what is written to it.
type tail []byte

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	*t = append(*t, b...)
	if over := len(*t) - maxTail; over > 0 {
		*t = append((*t)[:0], (*t)[over:]...)
	}
	return len(b), nil
}

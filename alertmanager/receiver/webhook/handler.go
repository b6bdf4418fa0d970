package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// Sink stores what came. Its methods return nil only when it is durable; any
// error is answered with 503, and Alertmanager comes again.
type Sink interface {
	Accept(ctx context.Context, n Notification) error
	Beat(ctx context.Context, source string) error
	Stopped(ctx context.Context, source string) error // the watchdog has ended
}

// Counter counts what came by what was answered: one of [Results].
type Counter func(result string)

// Results are the values that a [Counter] is called with.
func Results() []string {
	return []string{"stored", "beat", "bad_request", "unauthorized", "not_stored"}
}

// Token is one cluster's bearer token; its source is the namespace of the
// cluster's alerts.
type Token struct {
	Source, Value string
}

// Options of a handler. Tokens is asked for every request, so that a new token
// holds at once; an error of it is our own fault, and whoever shows none of the
// tokens beside it is answered with 503. No tokens at all means that none is
// needed.
type Options struct {
	Sink   Sink
	Tokens func() ([]Token, error)
	Count  Counter    // nil for none
	Logger log.Logger // nil for none
}

// Handler serves the notifications and the heartbeats.
type Handler struct {
	options Options
}

// acceptTimeout bounds how long Alertmanager waits for an answer.
const acceptTimeout = 10 * time.Second

// defaultSource is the cluster where no token tells.
const defaultSource = "alertmanager"

// New makes a handler.
func New(o Options) *Handler {
	if o.Count == nil {
		o.Count = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	return &Handler{o}
}

// Paths are where the handler is to be mounted, exactly.
func Paths() []string {
	return []string{"/api/v1/alertmanager", "/api/v1/alertmanager/", "/api/v1/watchdog", "/api/v1/watchdog/"}
}

// ServeHTTP answers 200, 400, 401, 404, 405 or 503, and nothing else.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Alertmanager posts here: want POST, got "+r.Method, http.StatusMethodNotAllowed)
		return
	}
	var take func(context.Context, Notification) error
	result := ""
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/api/v1/alertmanager":
		take, result = h.options.Sink.Accept, "stored"
	case "/api/v1/watchdog":
		take, result = h.beat, "beat"
	default:
		http.NotFound(w, r)
		return
	}
	source, err := h.authenticate(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	n, err := decode(http.MaxBytesReader(w, r.Body, maxBody), source)
	if err != nil {
		h.refuse(w, r, bad(err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), acceptTimeout)
	defer cancel()
	if err := take(ctx, n); err != nil {
		h.refuse(w, r, answer{http.StatusServiceUnavailable, "not_stored", "the notification could not be stored", err})
		return
	}
	h.options.Count(result)
	_, _ = io.WriteString(w, "stored\n")
}

// beat notes a heartbeat. The watchdog's end is an alarm, not a beat.
func (h *Handler) beat(ctx context.Context, n Notification) error {
	for _, a := range n.Alerts {
		if !a.Resolved {
			return h.options.Sink.Beat(ctx, n.Source)
		}
	}
	if len(n.Alerts) == 0 {
		return nil
	}
	return h.options.Sink.Stopped(ctx, n.Source)
}

// answer is a refusal: what Alertmanager sees, and why.
type answer struct {
	code   int
	result string
	text   string
	cause  error
}

func (a answer) Error() string { return a.text }

func bad(err error) answer {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		// Neither 400 nor 413 would be tried again, and a storm passes.
		return answer{http.StatusServiceUnavailable, "not_stored", fmt.Sprintf("the body is longer than %d MiB: set max_alerts, or group by more labels", maxBody>>20), err}
	}
	var reading interface{ Timeout() bool }
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &reading) {
		return answer{http.StatusBadRequest, "bad_request", "the body ends before its time", err}
	}
	return answer{http.StatusBadRequest, "bad_request", err.Error(), err}
}

func (h *Handler) authenticate(r *http.Request) (source string, err error) {
	tokens, err := h.options.Tokens()
	if err == nil && len(tokens) == 0 {
		return defaultSource, nil
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	digest := sha256.Sum256([]byte(strings.TrimSpace(given)))
	for _, t := range tokens {
		want := sha256.Sum256([]byte(t.Value))
		if subtle.ConstantTimeCompare(digest[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer") {
			source = t.Source
		}
	}
	if source == "" && err != nil {
		return "", answer{http.StatusServiceUnavailable, "not_stored", "the receiver cannot read its own token", err}
	}
	if source == "" {
		return "", answer{http.StatusUnauthorized, "unauthorized", "the bearer token is missing or wrong: it is the content of delivery.receiver.token_file, sent by http_config.authorization.credentials_file", nil}
	}
	return source, nil
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	a := answer{http.StatusServiceUnavailable, "not_stored", "the notification could not be stored", err}
	_ = errors.As(err, &a)
	h.options.Count(a.result)
	level.Warn(h.options.Logger).Log("msg", "Refused a notification", "path", r.URL.Path, "from", r.RemoteAddr, "code", a.code, "reason", a.text, "err", a.cause)
	if a.code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, a.text, a.code)
}

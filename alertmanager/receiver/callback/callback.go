// Package callback takes what providers post back: receipts, replies, digits,
// buttons.
//
// It is the way in for everything that [notify] sends out. A provider's file
// proves that a request is the provider's own, over the raw body and in
// constant time, and turns it into what the [Desk] understands: a receipt, or
// an acknowledgement by the person it was sent to. The receiver mounts it
// beside the board.
//
// Providers repeat, delay and reorder what they post, and whoever has recorded a
// post can send it again. A receipt says something new or nothing, so its order
// does not matter; everything that people do counts [Once], also after a
// restart.
package callback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Desk is the receiver as callbacks need it.
type Desk interface {
	// Catalog is the one in use.
	Catalog() *catalog.Catalog
	// Receipt notes what became of a message; a stray one is ignored.
	Receipt(ctx context.Context, in incident.Receipted) error
	// Elsewhere has the engine decide what somebody did with an incident outside:
	// do makes an input of it, or nil for nothing. Whoever it was need not be in the
	// catalogue. Do is not called for what was posted before, nor for an incident
	// that is not there.
	Elsewhere(ctx context.Context, id incident.ID, once Once, do func(incident.Incident) incident.Input) error
	// First says whether something is posted for the first time, and remembers it.
	First(ctx context.Context, once Once) (bool, error)
	// Incident gives one incident, or [ErrUnknown] for one that is not there.
	Incident(ctx context.Context, id incident.ID) (incident.Incident, error)
	// Current lists the open incidents.
	Current(ctx context.Context) ([]incident.Incident, error)
	// People lists who has certain contacts, in order.
	People(has func(notify.Contacts) bool) []string
	// Answer sends a text message to a number in reply to one that came from there,
	// through the same provider.
	Answer(ctx context.Context, provider, number, text string) error
	// Called is what people call a person.
	Called(person string) string
}

// Once names what a provider posts, so that it counts once however often it
// comes.
type Once struct {
	From string    // whom it is from
	ID   string    // what it is called there; empty for what has no name
	Of   string    // what it happened to, for what has an order
	At   time.Time // when it happened: what is older than what was taken of the same does nothing
}

// ErrUnknown says that there is no incident with a number.
var ErrUnknown = errors.New("there is no such incident")

// Options of a handler.
type Options struct {
	Desk   Desk
	Logger log.Logger       // nil for none
	HTTP   *http.Client     // of what is told to providers; nil for the channels' usual one
	Now    func() time.Time // nil for time.Now
}

// Prefix is the path below which the handler is mounted.
const Prefix = "/callback/"

// afterwards bounds what is done after an answer.
const afterwards = 15 * time.Second

// mostBody bounds what is read of a request.
const mostBody = 256 << 10

// handler is one request's way from a provider to the desk.
type handler struct {
	Options
	replies *limiter
}

// New makes the handler of everything below [Prefix].
func New(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HTTP == nil {
		o.HTTP = notify.NewHTTPClient()
	}
	h := &handler{Options: o, replies: newLimiter()}
	mux := http.NewServeMux()
	for pattern, take := range map[string]func(request) answer{
		"twilio/text/{id}":   h.twilioText,
		"twilio/call/{id}":   h.twilioCall,
		"twilio/digits/{id}": h.twilioDigits,
		"twilio/sms":         h.twilioReply,

		"govuk_notify/status": h.govukStatus,
		"govuk_notify/text":   h.govukText,

		"pagerduty/{team}": h.pagerDuty,
		"victorops/{team}": h.victorOps,
		"slack":            h.slackPressed,
	} {
		mux.Handle("POST "+Prefix+pattern, h.serve(take))
	}
	return mux
}

// request is what a provider posted, its body read.
type request struct {
	*http.Request
	body []byte
}

// answer is what a provider gets. Err is logged and never shown.
type answer struct {
	code int
	kind string // of the content; empty for none
	text string
	err  error

	after func(context.Context) // done when the answer is on its way; nil for nothing
}

var (
	done      = answer{code: http.StatusNoContent}
	forbidden = answer{code: http.StatusForbidden}
)

func (h *handler) serve(take func(request) answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
		if err != nil {
			http.Error(w, "the body is too long or did not come whole", http.StatusBadRequest)
			return
		}
		a := take(request{r, body})
		if a.err != nil {
			level.Error(h.Logger).Log("msg", "A callback could not be handled", "path", kindOf(r), "err", a.err)
		}
		if a.code == http.StatusForbidden {
			level.Warn(h.Logger).Log("msg", "A callback was refused: it is not signed as it should be", "path", kindOf(r))
		}
		if a.kind != "" {
			w.Header().Set("Content-Type", a.kind)
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Length", strconv.Itoa(len(a.text)))
		w.WriteHeader(a.code)
		_, _ = io.WriteString(w, a.text)
		if a.after != nil {
			_ = http.NewResponseController(w).Flush()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), afterwards)
			defer cancel()
			a.after(ctx)
		}
	})
}

// kindOf is the part of the path that names nobody.
func kindOf(r *http.Request) string {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, Prefix), "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// failed has the provider post it again.
func failed(err error) answer { return answer{code: http.StatusServiceUnavailable, err: err} }

// publicURL is the address that a provider was given for this request.
func (h *handler) publicURL(r request) string {
	return strings.TrimRight(h.Desk.Catalog().Links.Board, "/") + r.RequestURI
}

// receipt hands on what became of the message that the path names.
func (h *handler) receipt(r request, fate notify.Fate) answer {
	in, ok := notify.ParseMessageID(r.PathValue("id"))
	if !ok {
		return answer{code: http.StatusNotFound}
	}
	if fate.State == "" {
		return done
	}
	if err := h.Desk.Receipt(r.Context(), fate.Of(in)); err != nil {
		return failed(err)
	}
	return done
}

// acknowledge has a person take an incident on, until an instant where that is
// not zero, and says in a sentence how it went; "" when that was said before.
func (h *handler) acknowledge(ctx context.Context, once Once, in incident.Acknowledge) (said string, err error) {
	err = h.Desk.Elsewhere(ctx, in.Incident, once, func(i incident.Incident) incident.Input {
		switch {
		case !i.Open():
			said = isOver(i.ID)
			return nil
		case i.Owner != "" && i.Owner != in.Person:
			said = fmt.Sprintf("%s has incident %d already.", h.Desk.Called(i.Owner), i.ID)
			return nil
		}
		said = fmt.Sprintf("Thank you, %s. Incident %d is yours", h.Desk.Called(in.Person), i.ID)
		if !in.Until.IsZero() {
			said += ", and you are asked again in " + notify.Length(in.Until.Sub(h.Now()))
		}
		said += "."
		return in
	})
	return said, err
}

func isOver(id incident.ID) string { return fmt.Sprintf("Incident %d is over.", id) }

// person is the first who has certain contacts, or "".
func (h *handler) person(has func(notify.Contacts) bool) string {
	for _, person := range h.Desk.People(has) {
		return person
	}
	return ""
}

// secret reads a secret's file anew, so that it can be changed.
func secret(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return nil, errors.New("the file of a secret is empty")
	}
	return []byte(value), nil
}

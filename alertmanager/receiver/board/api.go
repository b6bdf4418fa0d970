package board

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// apiIncident is one incident in the API.
type apiIncident struct {
	ID             incident.ID       `json:"id"`
	Service        string            `json:"service"`
	Audience       incident.Audience `json:"audience"`
	Team           string            `json:"team"`
	Severity       incident.Severity `json:"severity"`
	Title          string            `json:"title"`
	Open           bool              `json:"open"`
	Drill          bool              `json:"drill,omitempty"` // an exercise: nothing is broken
	OpenedAt       time.Time         `json:"opened_at"`
	Since          time.Time         `json:"since"`
	ClosedAt       *time.Time        `json:"closed_at"`
	Owner          string            `json:"owner"`
	AcknowledgedAt *time.Time        `json:"acknowledged_at"`
	Reopened       int               `json:"reopened"`
	Hidden         int               `json:"hidden_alerts"`
	NextPageAt     *time.Time        `json:"next_page_at"`
	Withheld       bool              `json:"withheld"` // nobody is told, because of maintenance

	Maintenance *incident.Maintenance `json:"maintenance,omitempty"` // the last window over it
	Alerts      []incident.Alert      `json:"alerts"`
	Messages    []incident.Message    `json:"messages"`
	Timeline    []apiEvent            `json:"timeline,omitempty"`
}

type apiEvent struct {
	At   time.Time     `json:"at"`
	Kind incident.Kind `json:"kind"`
	Text string        `json:"text"`
}

func toAPI(i incident.Incident) apiIncident {
	a := apiIncident{
		ID: i.ID, Service: i.Service, Audience: i.Audience, Team: i.Team, Severity: i.Severity, Title: i.Lead().Summary(),
		Open: i.Open(), Drill: i.Drill, OpenedAt: i.Opened, Since: i.Since, ClosedAt: optional(i.Closed),
		Owner: i.Owner, AcknowledgedAt: optional(i.Acknowledged), Reopened: i.Reopened, Hidden: i.Unseen(),
		NextPageAt: optional(i.Paging.Due), Withheld: i.Withheld(), Alerts: i.Alerts, Messages: i.Messages,
	}
	if !i.Maintenance.Began.IsZero() {
		a.Maintenance = &i.Maintenance
	}
	return a
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// apiIncidents lists the open incidents, or with ?state=closed or all the last
// hundred that closed too.
func (b *board) apiIncidents(w http.ResponseWriter, r *http.Request) {
	list := []apiIncident{}
	state := r.URL.Query().Get("state")
	switch state {
	case "", "open", "closed", "all":
	default:
		b.apiError(w, r, http.StatusBadRequest, fmt.Errorf("state is %q, want open, closed or all", state))
		return
	}
	if state != "closed" {
		open, err := b.Desk.Current(r.Context())
		if err != nil {
			b.apiError(w, r, http.StatusInternalServerError, err)
			return
		}
		for _, i := range sorted(open) {
			list = append(list, toAPI(i))
		}
	}
	if state == "closed" || state == "all" {
		closed, err := b.Desk.Closed(r.Context(), b.Now().AddDate(1, 0, 0), 100)
		if err != nil {
			b.apiError(w, r, http.StatusInternalServerError, err)
			return
		}
		for _, i := range closed {
			list = append(list, toAPI(i))
		}
	}
	b.json(w, http.StatusOK, map[string]any{"incidents": list})
}

func (b *board) apiIncident(w http.ResponseWriter, r *http.Request) {
	i, events, code, err := b.load(r)
	if err != nil {
		b.apiError(w, r, code, err)
		return
	}
	answer := toAPI(i)
	answer.Timeline = []apiEvent{}
	for _, e := range events {
		if text := b.describe(i, e); text != "" {
			answer.Timeline = append(answer.Timeline, apiEvent{e.At, e.Kind, text})
		}
	}
	b.json(w, http.StatusOK, answer)
}

func number(r *http.Request) (incident.ID, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("there is no incident %q", r.PathValue("id"))
	}
	return incident.ID(id), nil
}

// load reads the incident that a request names; code is the answer's status on
// an error.
func (b *board) load(r *http.Request) (i incident.Incident, events []incident.Event, code int, err error) {
	id, err := number(r)
	if err != nil {
		return i, nil, http.StatusNotFound, err
	}
	if i, err = b.Desk.Incident(r.Context(), id); err != nil {
		return i, nil, codeOf(err), err
	}
	if events, err = b.Desk.Events(r.Context(), id); err != nil {
		return i, nil, codeOf(err), err
	}
	return i, events, http.StatusOK, nil
}

func codeOf(err error) int {
	if _, refused := errors.AsType[Refused](err); refused {
		return http.StatusBadRequest
	}
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrNoWindow), errors.Is(err, ErrNoEntry):
		return http.StatusNotFound
	case errors.Is(err, ErrClosed):
		return http.StatusConflict
	case errors.Is(err, ErrKey):
		return http.StatusUnprocessableEntity
	case errors.Is(err, ErrToken):
		return http.StatusUnauthorized
	case errors.Is(err, ErrNoTokens), errors.Is(err, ErrFeed):
		return http.StatusForbidden
	case errors.Is(err, ErrNobody):
		return http.StatusBadRequest
	}
	return http.StatusServiceUnavailable
}

func (b *board) apiError(w http.ResponseWriter, r *http.Request, code int, err error) {
	b.log(r, code, err)
	b.json(w, code, map[string]string{"error": err.Error()})
}

func (b *board) log(r *http.Request, code int, err error) {
	if code >= http.StatusInternalServerError {
		level.Error(b.Logger).Log("msg", "Answering a reader", "path", r.URL.Path, "code", code, "err", err)
	}
}

func (b *board) json(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value) // the reader is gone when this fails
}

// beatEvery keeps an event stream from being taken for dead.
const beatEvery = 15 * time.Second

// events tells a reader that something changed, until the reader leaves. The
// stream says what is to be read again, not what it says now.
func (b *board) events(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	changed, end := b.Desk.Changes()
	defer end()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	text := "retry: 2000\nevent: hello\ndata: {}\n\n"
	for {
		if _, err := fmt.Fprint(w, text); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
			text = "event: changed\ndata: {}\n\n"
		case <-beat.C:
			text = ": still here\n\n"
		}
	}
}

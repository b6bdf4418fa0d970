package board

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// mostSnooze is for how long a snooze may last: longer is not a snooze.
const mostSnooze = 24 * time.Hour

// action makes what somebody asks for on the board, or by the API, into an
// input; via is how. Its error says what is wrong with the fields.
type action func(id incident.ID, person, via string, fields url.Values, now time.Time) (incident.Input, error)

// actions is the table of what people can do with an incident. To add one,
// write its row, and its form in pages/parts.html.
func actions() map[string]action {
	return map[string]action{
		"acknowledge": func(id incident.ID, person, via string, _ url.Values, _ time.Time) (incident.Input, error) {
			return incident.Acknowledge{Incident: id, Person: person, Via: via}, nil
		},
		"snooze": snooze,
		"reassign": func(id incident.ID, person, via string, fields url.Values, _ time.Time) (incident.Input, error) {
			return incident.Reassign{Incident: id, Person: person, To: fields.Get("to"), Via: via}, nil
		},
		"note": func(id incident.ID, person, via string, fields url.Values, _ time.Time) (incident.Input, error) {
			if fields.Get("text") == "" {
				return nil, refused("a note has a text")
			}
			return incident.Note{Incident: id, Person: person, Text: fields.Get("text"), Via: via}, nil
		},
		"resolve": func(id incident.ID, person, via string, _ url.Values, _ time.Time) (incident.Input, error) {
			return incident.Resolve{Incident: id, Person: person, Via: via}, nil
		},
		"merge": func(id incident.ID, person, _ string, fields url.Values, _ time.Time) (incident.Input, error) {
			into, err := strconv.ParseInt(or(fields.Get("into"), "0"), 10, 64)
			if err != nil || into < 0 || incident.ID(into) == id {
				return nil, refused("into is %q, want the number of another incident, or nothing to end the merging", fields.Get("into"))
			}
			return incident.Merge{Incident: id, Into: incident.ID(into), Person: person}, nil
		},
	}
}

func snooze(id incident.ID, person, via string, fields url.Values, now time.Time) (incident.Input, error) {
	length, err := time.ParseDuration(fields.Get("for"))
	if err != nil || length < time.Minute || length > mostSnooze {
		return nil, refused("for is %q, want a time from 1m to 24h, such as 30m", fields.Get("for"))
	}
	return incident.Acknowledge{Incident: id, Person: person, Via: via, Until: now.Add(length)}, nil
}

func refused(format string, args ...any) error { return Refused{fmt.Errorf(format, args...)} }

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func (b *board) mountActions(mux *http.ServeMux) {
	for name, do := range actions() {
		mux.HandleFunc("POST /incidents/{id}/"+name, b.act(do))
		mux.HandleFunc("POST /api/v1/incidents/{id}/"+name, b.apiAct(do))
	}
}

// act answers a form on the board, and leads back to the incident.
func (b *board) act(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := number(r)
		if err != nil {
			b.problem(w, r, http.StatusNotFound, err)
			return
		}
		person := acting(r, r.PostForm.Get("person"))
		if person == "" {
			b.problem(w, r, http.StatusBadRequest, errors.New("say who you are: an acknowledgement has an owner"))
			return
		}
		if err := b.perform(r, do, id, via(r, "the board"), r.PostForm); err != nil && !errors.Is(err, ErrClosed) {
			b.problem(w, r, codeOf(err), err)
			return
		}
		remember(w, r, person)
		http.Redirect(w, r, "/incidents/"+strconv.FormatInt(int64(id), 10), http.StatusSeeOther)
	}
}

// apiAct takes the same fields as an object of texts and answers with the
// incident.
func (b *board) apiAct(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := number(r)
		if err != nil {
			b.apiError(w, r, http.StatusNotFound, err)
			return
		}
		var in map[string]string
		body := http.MaxBytesReader(w, r.Body, 1<<16)
		if err := json.NewDecoder(body).Decode(&in); err != nil && !errors.Is(err, io.EOF) {
			b.apiError(w, r, http.StatusBadRequest, errors.New(`want a body such as {"person": "asha"}: an object of texts`))
			return
		}
		fields := url.Values{}
		for name, value := range in {
			fields.Set(name, value)
		}
		if err := b.perform(r, do, id, via(r, "the API"), fields); err != nil {
			b.apiError(w, r, codeOf(err), err)
			return
		}
		b.apiIncident(w, r)
	}
}

func (b *board) perform(r *http.Request, do action, id incident.ID, via string, fields url.Values) error {
	in, err := do(id, acting(r, fields.Get("person")), via, fields, b.Now())
	if err != nil {
		return err
	}
	return b.Desk.Act(r.Context(), id, in)
}

// actionForm is what the form of an action needs.
type actionForm struct {
	ID     incident.ID
	Action string
	Who    who
}

// Form is for the page's templates.
func (v incidentView) Form(action string) actionForm { return actionForm{v.ID, action, v.Who} }

// cause adds what an incident comes from, what comes from it, and until when
// it is somebody's.
func (b *board) cause(v *incidentView, i incident.Incident, open []incident.Incident) {
	v.Parent = i.Parent
	v.ParentOver = !slices.ContainsFunc(open, func(other incident.Incident) bool { return other.ID == i.Parent })
	for _, other := range open {
		if other.Parent == i.ID {
			v.Children = append(v.Children, other)
		}
	}
	if i.Owner != "" && i.Open() && !i.OwnedUntil.IsZero() {
		until := b.moment(i.OwnedUntil, b.Desk.Zone(i.Team))
		v.OwnedUntil = &until
	}
}

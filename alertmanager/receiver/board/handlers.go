package board

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// personCookie remembers who acknowledged from this browser last; it chooses a
// name in a list, nothing more.
const personCookie = "tocsin_person"

func (b *board) live(w http.ResponseWriter, r *http.Request) {
	open, windows, ok := b.current(w, r)
	if !ok {
		return
	}
	recent, err := b.Desk.Closed(r.Context(), b.Now().AddDate(1, 0, 0), 5)
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	beats, err := b.Desk.Beats(r.Context())
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	b.render(w, r, http.StatusOK, "live", b.liveView(r, open, recent, beats, windows))
}

func (b *board) incident(w http.ResponseWriter, r *http.Request) {
	i, events, code, err := b.load(r)
	if err != nil {
		b.problem(w, r, code, err)
		return
	}
	view := b.incidentView(r, i, events)
	open, err := b.Desk.Current(r.Context())
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	b.cause(&view, i, open)
	b.kept(r, &view, i, events)
	if i.Open() {
		if view.Works, err = b.Desk.Works(r.Context(), i.Service, b.Desk.Zone(i.Team)); err != nil {
			b.problem(w, r, codeOf(err), err)
			return
		}
	}
	b.render(w, r, http.StatusOK, "incident", view)
}

// current is what is open and which windows are; false when it could not be
// read, which is answered then.
func (b *board) current(w http.ResponseWriter, r *http.Request) (open []incident.Incident, windows Windows, ok bool) {
	open, err := b.Desk.Current(r.Context())
	if err == nil {
		windows, err = b.Desk.Windows(r.Context())
	}
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return nil, windows, false
	}
	return open, windows, true
}

// askAgain answers a form that was refused: show is the page with the form and
// with what was wrong above it. What is not the reader's fault is a page of its
// own.
func (b *board) askAgain(w http.ResponseWriter, r *http.Request, err error, show func(code int)) {
	if code := codeOf(err); code < http.StatusInternalServerError {
		show(code)
		return
	}
	b.problem(w, r, codeOf(err), err)
}

// inName does what a form asks for in the name of whom a field says, and leads
// back to a page.
func (b *board) inName(w http.ResponseWriter, r *http.Request, field, back string, do func(maintenance.Who) error) {
	person := acting(r, r.PostFormValue(field))
	err := b.knownPerson(person)
	if err == nil {
		err = do(maintenance.Who{Name: person, Via: via(r, "the board")})
	}
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	remember(w, r, person)
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// remember chooses this person in the lists of this browser from now on.
func remember(w http.ResponseWriter, r *http.Request, person string) {
	http.SetCookie(w, &http.Cookie{
		Name: personCookie, Value: url.QueryEscape(person), Path: "/", MaxAge: 90 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
}

// link shows what a link in a message would do.
func (b *board) link(w http.ResponseWriter, r *http.Request) {
	b.withToken(w, r, func(i incident.Incident, person string) {
		b.render(w, r, http.StatusOK, "acknowledge", b.linkView(r, i, person, false))
	})
}

// followLink does it. Push clients read the status only. What somebody else has
// is taken over only from the page that says so, and what is one's own stays as it
// is unless its end was asked about, or somebody else gave it: a button on an old
// notification is easily pressed.
func (b *board) followLink(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	b.withToken(w, r, func(i incident.Incident, person string) {
		deed := sceneOf(r).deed
		deed.Person, deed.Incident = person, i.ID
		if i.Open() && i.Owner != "" && i.Owner != person && i.Owner != r.PostFormValue("from") {
			b.render(w, r, http.StatusConflict, "acknowledge", b.linkView(r, i, person, false))
			return
		}
		if i.Open() && i.Owner == person && !i.OwnerAsked && !i.Handed {
			b.render(w, r, http.StatusOK, "acknowledge", b.linkView(r, i, person, true))
			return
		}
		err := b.Desk.Act(r.Context(), i.ID, incident.Acknowledge{Incident: i.ID, Person: person, Via: "the link in a message"})
		if err != nil && !errors.Is(err, ErrClosed) {
			b.problem(w, r, codeOf(err), err)
			return
		}
		if i, err = b.Desk.Incident(r.Context(), i.ID); err != nil {
			b.problem(w, r, codeOf(err), err)
			return
		}
		b.render(w, r, http.StatusOK, "acknowledge", b.linkView(r, i, person, true))
	})
}

func (b *board) withToken(w http.ResponseWriter, r *http.Request, do func(incident.Incident, string)) {
	id, person, err := b.Desk.CheckToken(r.PathValue("token"))
	if err != nil {
		b.problem(w, r, http.StatusForbidden, err)
		return
	}
	i, err := b.Desk.Incident(r.Context(), id)
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	do(i, person)
}

func (b *board) problem(w http.ResponseWriter, r *http.Request, code int, err error) {
	b.log(r, code, err)
	v := problemView{frame: b.frame(r, strconv.Itoa(code)+" "+http.StatusText(code)), Text: err.Error(), Heading: http.StatusText(code)}
	if stale, is := errors.AsType[StaleLink](err); is {
		v.Heading, v.Incident = "This link acts no longer", stale.Incident
	}
	b.render(w, r, code, "problem", v)
}

// render writes a page only when all of it could be made.
func (b *board) render(w http.ResponseWriter, r *http.Request, code int, page string, view any) {
	text := bytes.Buffer{}
	if err := b.pages[page].Execute(&text, view); err != nil {
		level.Error(b.Logger).Log("msg", "Making a page", "page", page, "path", r.URL.Path, "err", err)
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	sealed := b.sealForms(w, r, text.Bytes())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(sealed) // the reader is gone when this fails
}

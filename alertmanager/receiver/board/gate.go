package board

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
)

// longestForm bounds a form, in bytes.
const longestForm = 1 << 17

var (
	errForged = errors.New("this form was made for another session, or too long ago: go back, load the page again and send it once more")
	errMedia  = errors.New("want Content-Type: application/json, so that no other site's form can send this in your name")
)

// scene is one request: who asks, and what is looked up once for its page.
type scene struct {
	visitor  login.Visitor
	deed     *audit.Entry
	primary  map[string]string        // person on call by team; nil before the first question
	everyone []Person                 // likewise
	options  map[string]template.HTML // lists of people, by who is chosen
}

type sceneKey struct{}

// scene is that of a request that went through the gate.
func sceneOf(r *http.Request) *scene {
	if s, is := r.Context().Value(sceneKey{}).(*scene); is {
		return s
	}
	return &scene{deed: &audit.Entry{}}
}

// needs says which role a request needs. Own is true where it brings its own
// proof: the links in messages, the addresses of calendars, and what programs
// send with a token of theirs.
func needs(r *http.Request) (role login.Role, own bool) {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	under := func(prefix string) bool { return strings.HasPrefix(r.URL.Path, prefix) }
	switch {
	case under("/assets/"), under("/acknowledge/"), under("/calendar/"),
		!reads && (under("/api/v1/maintenance") || under("/api/v1/oncall") || under("/api/v1/people")):
		return login.None, true
	case r.URL.Path == "/login", under("/login/"), r.URL.Path == "/logout":
		return login.None, false
	case r.URL.Path == "/audit", r.URL.Path == "/people", under("/people/"):
		return login.Admin, false
	case reads, r.URL.Path == "/profile", under("/profile/"): // everybody's own
		return login.Read, false
	}
	return login.Respond, false
}

// admit lets through who may, and keeps a record of what they change.
func (b *board) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role, own := needs(r)
		visitor, err := b.Gate.Visitor(r)
		s := &scene{visitor: visitor, deed: b.deed(r, visitor)}
		r = r.WithContext(context.WithValue(r.Context(), sceneKey{}, s))
		if !own {
			if err != nil {
				b.turnAway(w, r, err)
				return
			}
			if visitor.Role < role || role == login.Respond && !visitor.Answers() {
				b.refuse(w, r, visitor)
				return
			}
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		seen := &statusWriter{ResponseWriter: w, code: http.StatusOK}
		if code, err := b.forged(seen, r, own); err != nil {
			b.problem(seen, r, code, err)
		} else {
			next.ServeHTTP(seen, r)
		}
		b.noted(r, s.deed, seen.code)
	})
}

// forged says why a request that changes something may not be the visitor's
// own doing.
func (b *board) forged(w http.ResponseWriter, r *http.Request, own bool) (int, error) {
	visitor := sceneOf(r).visitor
	switch {
	case own:
		return 0, nil
	case strings.HasPrefix(r.URL.Path, "/api/"):
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if visitor.ByBrowser() && media != "application/json" {
			return http.StatusUnsupportedMediaType, errMedia
		}
		return 0, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, longestForm)
	if err := r.ParseForm(); err != nil {
		return http.StatusBadRequest, errors.New("the form could not be read")
	}
	if b.Gate.Forged(visitor, r.PostForm.Get("form")) {
		return http.StatusForbidden, errForged
	}
	return 0, nil
}

// turnAway answers a proof that is none, and a gate that cannot tell.
func (b *board) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, login.ErrPassword) {
		b.challenge(w)
		b.answer(w, r, http.StatusUnauthorized, err)
		return
	}
	if errors.Is(err, login.ErrTooMany) {
		w.Header().Set("Retry-After", "10")
		b.answer(w, r, http.StatusTooManyRequests, err)
		return
	}
	level.Error(b.Logger).Log("msg", "Finding out who asks", "err", err)
	b.answer(w, r, http.StatusInternalServerError, errors.New("it cannot be found out who you are: the receiver's log says why"))
}

// refuse leads who has not logged in to the login, and tells the others what
// they may not.
func (b *board) refuse(w http.ResponseWriter, r *http.Request, v login.Visitor) {
	if v.LoggedIn() {
		text := "you may not do this: you are logged in as " + v.Login + ", with the role " + v.Role.String()
		if v.Role >= login.Respond {
			text = "you are logged in as " + v.Login + ", which the catalogue gives to nobody: what is done here needs somebody who did it (somebody has to add it to your logins under people)"
		}
		b.answer(w, r, http.StatusForbidden, errors.New(text))
		return
	}
	if r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Redirect(w, r, "/login?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	b.challenge(w)
	b.answer(w, r, http.StatusUnauthorized, errors.New("log in first"))
}

// challenge asks for a password where there are some.
func (b *board) challenge(w http.ResponseWriter) {
	if password, _, err := b.Gate.Ways(); err == nil && password {
		w.Header().Set("WWW-Authenticate", `Basic realm="Tocsin", charset="UTF-8"`)
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
}

// answer is a page for people and JSON for programs.
func (b *board) answer(w http.ResponseWriter, r *http.Request, code int, err error) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		b.apiError(w, r, code, err)
		return
	}
	b.problem(w, r, code, err)
}

// acting is the person in whose name something is done: who is logged in, and
// otherwise whom they say they are.
func acting(r *http.Request, said string) string {
	if person := sceneOf(r).visitor.Person; person != "" {
		return person
	}
	return said
}

// via says how the visitor reached us.
func via(r *http.Request, way string) string { return sceneOf(r).visitor.Via(way) }

// postForm is where a form begins in a page.
var postForm = regexp.MustCompile(`<form\b[^>]*\bmethod="post"[^>]*>`)

// sealForms puts the session's number into every form of a page, so that no
// page can forget it. User's texts cannot hold a tag: templates escape them.
func (b *board) sealForms(w http.ResponseWriter, r *http.Request, page []byte) []byte {
	if !bytes.Contains(page, []byte(`method="post"`)) {
		return page
	}
	visitor := sceneOf(r).visitor
	b.Gate.Remember(w, r, visitor)
	return postForm.ReplaceAll(page, []byte(`$0<input type="hidden" name="form" value="`+b.Gate.FormToken(visitor)+`">`))
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	code int
}

// WriteHeader is [http.ResponseWriter]'s.
func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

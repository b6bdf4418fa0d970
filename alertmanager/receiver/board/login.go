package board

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
)

func (b *board) mountLogin(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", b.login)
	mux.HandleFunc("GET /login/password", b.loginPassword)
	mux.HandleFunc("GET /login/openid", b.loginOpenID)
	mux.HandleFunc("GET "+login.Callback, b.loginCallback)
	mux.HandleFunc("POST /logout", b.logout)
	mux.HandleFunc("GET /audit", b.audit)
}

type loginView struct {
	frame
	Password, OpenID bool
	To               string
	Problem          string
}

// login shows the ways in.
func (b *board) login(w http.ResponseWriter, r *http.Request) {
	b.showLogin(w, r, http.StatusOK, login.Local(r.FormValue("to")), "")
}

func (b *board) showLogin(w http.ResponseWriter, r *http.Request, code int, to, problem string) {
	password, provider, err := b.Gate.Ways()
	if err != nil {
		b.turnAway(w, r, err)
		return
	}
	b.render(w, r, code, "login", loginView{frame: b.frame(r, "Log in"), Password: password, OpenID: provider, To: to, Problem: problem})
}

// loginPassword asks the browser for a password until it is right.
func (b *board) loginPassword(w http.ResponseWriter, r *http.Request) {
	s := sceneOf(r)
	if !b.Gate.Password(w, r, s.visitor) {
		b.challenge(w)
		b.problem(w, r, http.StatusUnauthorized, errors.New("a name and a password are needed"))
		return
	}
	b.loggedIn(w, r, *s.deed, r.FormValue("to"))
}

func (b *board) loginOpenID(w http.ResponseWriter, r *http.Request) {
	address, err := b.Gate.Start(w, r, r.FormValue("to"))
	if err != nil {
		b.loginFailed(w, r, err)
		return
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
}

func (b *board) loginCallback(w http.ResponseWriter, r *http.Request) {
	visitor, to, err := b.Gate.Finish(w, r)
	if err != nil {
		b.loginFailed(w, r, err)
		return
	}
	b.loggedIn(w, r, *b.deed(r, visitor), to)
}

func (b *board) loginFailed(w http.ResponseWriter, r *http.Request, err error) {
	level.Warn(b.Logger).Log("msg", "Somebody could not log in", "address", address(r), "err", err)
	if refused, is := errors.AsType[login.Refused](err); is {
		b.showLogin(w, r, http.StatusForbidden, "/", refused.Text)
		return
	}
	b.showLogin(w, r, http.StatusServiceUnavailable, "/", "the OpenID provider cannot be asked now: the receiver's log says why")
}

func (b *board) loggedIn(w http.ResponseWriter, r *http.Request, e audit.Entry, to string) {
	e.What, e.Code = "log in", http.StatusSeeOther
	b.note(r.Context(), e)
	http.Redirect(w, r, login.Local(to), http.StatusSeeOther)
}

func (b *board) logout(w http.ResponseWriter, r *http.Request) {
	if err := b.Gate.End(w, r); err != nil {
		b.problem(w, r, http.StatusInternalServerError, fmt.Errorf("this browser is logged out, but a copy of its cookie would still be good: %w", err))
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

package demo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

//go:embed pages
var files embed.FS

// slowness is over the latency threshold of tocsin.yml, and the three pages of
// the login journey still take less than its timeout.
const slowness = 1300 * time.Millisecond

// shop is the web application.
type shop struct {
	switches *state
	sessions *sessions
	payments string // base URL of the dependency
	client   *http.Client
	pages    *template.Template
	logger   log.Logger
}

// page is what every template is given.
type page struct {
	Title    string
	CSRF     string
	Notice   string
	SignedIn bool
	Host     string // as the visitor wrote it
	Switches []row
}

// row is a switch as the admin page shows it.
type row struct {
	Switch
	On bool
}

func parsePages() (*template.Template, error) {
	pages, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the demo's pages: %w", err)
	}
	return pages, nil
}

// handler serves the shop, its switches and its metrics. Only the shop's own
// pages are ever broken.
func (s *shop) handler(metrics http.Handler) http.Handler {
	visitors := http.NewServeMux()
	visitors.HandleFunc("GET /{$}", s.home)
	visitors.HandleFunc("GET /login", s.loginForm)
	visitors.HandleFunc("POST /login", s.login)
	visitors.HandleFunc("GET /account", s.account)
	visitors.HandleFunc("POST /logout", s.logout)

	mux := http.NewServeMux()
	mux.Handle("/", s.breakable(visitors))
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })
	mux.HandleFunc("GET /pages/style.css", s.style)
	mux.HandleFunc("GET /admin", s.admin)
	mux.HandleFunc("POST /admin/reset", s.reset)
	mux.HandleFunc("POST /admin/{switch}/{position}", s.turn)
	return http.NewCrossOriginProtection().Handler(mux) // no other site's page turns a switch
}

// breakable is where the switches down and slow act.
func (s *shop) breakable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.switches.is("slow") {
			wait(r.Context(), slowness)
		}
		if s.switches.is("down") {
			http.Error(w, "The shop is closed: somebody turned the switch \"down\" on.", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (s *shop) home(w http.ResponseWriter, r *http.Request) {
	notice := ""
	if !s.paymentsWork(r.Context()) {
		notice = "We cannot take payments just now. You can still fill your basket."
	}
	s.show(w, "home.html", http.StatusOK, page{Title: "Welcome to the shop", Notice: notice, SignedIn: s.sessions.signedIn(r)})
}

// paymentsWork asks the dependency, and asks briefly: the shop works without.
func (s *shop) paymentsWork(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.payments+"/health", nil)
	if err != nil {
		return false
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (s *shop) loginForm(w http.ResponseWriter, _ *http.Request) {
	s.showLogin(w, http.StatusOK, "")
}

func (s *shop) showLogin(w http.ResponseWriter, status int, notice string) {
	csrf := s.sessions.issue(csrfCookie)
	setCookie(w, csrfCookie, csrf)
	s.show(w, "login.html", status, page{Title: "Sign in", CSRF: csrf, Notice: notice})
}

// login accepts the form only with the token that the same visitor was given.
func (s *shop) login(w http.ResponseWriter, r *http.Request) {
	if s.switches.is("login") {
		http.Error(w, "Signing in is broken: somebody turned the switch \"login\" on.", http.StatusInternalServerError)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	cookie, err := r.Cookie(csrfCookie)
	if token := r.FormValue("csrf"); err != nil || cookie.Value != token || !s.sessions.valid(csrfCookie, token) {
		s.showLogin(w, http.StatusForbidden, "The form was too old. Please try again.")
		return
	}
	if !same(r.FormValue("user"), user) || !same(r.FormValue("password"), password) {
		s.showLogin(w, http.StatusUnauthorized, "Unknown name or wrong password.")
		return
	}
	setCookie(w, sessionCookie, s.sessions.issue(sessionCookie))
	http.Redirect(w, r, "/account", http.StatusFound)
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func (s *shop) account(w http.ResponseWriter, r *http.Request) {
	if !s.sessions.signedIn(r) {
		http.Redirect(w, r, "/login", http.StatusFound)
		return
	}
	s.show(w, "account.html", http.StatusOK, page{Title: "Your account", SignedIn: true})
}

func (s *shop) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *shop) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "pages/style.css")
}

func (s *shop) admin(w http.ResponseWriter, r *http.Request) {
	on := s.switches.all()
	rows := make([]row, 0, len(on))
	for _, one := range Switches() {
		rows = append(rows, row{one, on[one.Name]})
	}
	s.show(w, "admin.html", http.StatusOK, page{Title: "Break the demo", Host: r.Host, Switches: rows})
}

func (s *shop) reset(w http.ResponseWriter, r *http.Request) {
	s.switches.reset()
	answer(w, r, "everything works again")
}

func (s *shop) turn(w http.ResponseWriter, r *http.Request) {
	name, position := r.PathValue("switch"), r.PathValue("position")
	if position != "on" && position != "off" {
		http.Error(w, fmt.Sprintf("turning %q to %q: want on or off", name, position), http.StatusBadRequest)
		return
	}
	if !s.switches.set(name, position == "on") {
		http.Error(w, fmt.Sprintf("turning %q: no such switch (there are: %s)", name, strings.Join(names(), ", ")), http.StatusNotFound)
		return
	}
	answer(w, r, name+" is "+position)
}

func names() []string {
	var all []string
	for _, one := range Switches() {
		all = append(all, one.Name)
	}
	return all
}

// answer sends a browser back to the page and tells curl in words.
func answer(w http.ResponseWriter, r *http.Request, text string) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/admin", http.StatusSeeOther)
		return
	}
	fmt.Fprintln(w, text)
}

// show renders before it answers, so that a broken template is no half page.
func (s *shop) show(w http.ResponseWriter, name string, status int, p page) {
	var body bytes.Buffer
	if err := s.pages.ExecuteTemplate(&body, name, p); err != nil {
		level.Error(s.logger).Log("msg", "page not rendered", "page", name, "err", err)
		http.Error(w, "This page could not be rendered.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

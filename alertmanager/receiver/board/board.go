// Package board shows incidents to people and lets them answer.
//
// It is the end of the flow from alert to person: the receiver gives it a
// [Desk], the programs mount its [New] handler beside the webhook. The same
// handler serves the JSON API and the links in messages.
//
// A GET never changes anything: mail scanners and previews open links, so a
// link shows a page with a button. Pages work without JavaScript; with it they
// follow changes. Nothing is loaded from elsewhere.
package board

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"github.com/go-kit/log"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

//go:embed pages
var files embed.FS

// Desk is what the board knows and can do.
type Desk interface {
	Current(ctx context.Context) ([]incident.Incident, error)
	Closed(ctx context.Context, before time.Time, most int) ([]incident.Incident, error)
	Incident(ctx context.Context, id incident.ID) (incident.Incident, error) // ErrNotFound
	Events(ctx context.Context, id incident.ID) ([]incident.Event, error)

	// Act does what a person asks for: Acknowledge, Reassign, Note, Resolve or
	// Merge. It returns ErrClosed for an incident that is over, ErrNotFound for
	// none, ErrNobody for a person who does not exist.
	Act(ctx context.Context, id incident.ID, in incident.Input) error
	// CheckToken says for whom a link in a message was made. Of one that acts no
	// longer the error is a StaleLink.
	CheckToken(token string) (incident.ID, string, error)

	Changes() (changed <-chan struct{}, end func())
	Turns(now time.Time) []Turn
	People() []Person // by name; nobody changes the list
	Zone(team string) *time.Location
	Beats(ctx context.Context) (map[string]time.Time, error)

	Keeper
	Maintainer
	Scheduler
	Trier
	Auditor
	Historian
	Profiler
}

// Turn is one rota, now and next.
type Turn struct {
	Rota            string
	Teams           []string
	Primary, Backup string // names; no backup is ""
	PrimaryID       string
	Until           time.Time
	Next            string
	Zone            *time.Location
	Unreached       []string // names of those of both whom no message reaches
}

// Person is somebody who may acknowledge.
type Person struct{ ID, Name string }

// Options of a board.
type Options struct {
	Desk   Desk
	Gate   *login.Gate      // nil for one at which nobody has a password
	Logger log.Logger       // nil for none
	Now    func() time.Time // nil for time.Now
}

// Errors that a Desk returns.
var (
	ErrNotFound = errors.New("there is no such incident")
	ErrClosed   = errors.New("the incident is over: there is nothing to acknowledge any more")
	ErrNobody   = errors.New("there is no such person in the catalogue")
)

// StaleLink is a link that was made for somebody about an incident, and acts no
// longer.
type StaleLink struct {
	Incident incident.ID
	Why      string // and how to go on, as a sentence for whoever pressed it
}

func (l StaleLink) Error() string { return l.Why }

// board is the handler's state; it never changes.
type board struct {
	Options
	pages map[string]*template.Template
}

// New makes the handler of the board, its API and its links.
func New(o Options) (http.Handler, error) {
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Gate == nil {
		o.Gate = login.New(login.Options{Key: []byte(rand.Text()), Catalog: o.Desk.Catalog, Token: o.Desk.Caller, HTTP: http.DefaultClient, Now: o.Now})
	}
	b := &board{Options: o, pages: map[string]*template.Template{}}
	for _, name := range []string{"live", "incident", "history", "pace", "map", "acknowledge", "maintenance", "oncall", "login", "audit", "profile", "people", "problem"} {
		page, err := template.New("frame.html").ParseFS(files, "pages/frame.html", "pages/parts.html", "pages/kept.html", "pages/filter.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parsing the page %q: %w", name, err)
		}
		b.pages[name] = page
	}
	assets, err := fs.Sub(files, "pages/assets")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", b.live)
	mux.HandleFunc("GET /incidents/{id}", b.incident)
	mux.HandleFunc("GET /acknowledge/{token}", b.link)
	mux.HandleFunc("POST /acknowledge/{token}", b.followLink)
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", cached(http.FileServerFS(assets))))
	mux.HandleFunc("GET /api/v1/incidents", b.apiIncidents)
	mux.HandleFunc("GET /api/v1/incidents/{id}", b.apiIncident)
	mux.HandleFunc("GET /api/v1/events", b.events)
	b.mountActions(mux)
	b.mountMaintenance(mux)
	b.mountOnCall(mux)
	b.mountTry(mux)
	b.mountKept(mux)
	b.mountLogin(mux)
	b.mountHistory(mux)
	b.mountMap(mux)
	b.mountProfile(mux)
	return b.protect(b.admit(mux)), nil
}

// protect sets the headers of every answer and refuses requests that another
// site's page makes in a reader's name. Links in messages carry their own
// proof, and push clients post them from anywhere.
func (b *board) protect(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection()
	own.AddInsecureBypassPattern("POST /acknowledge/{token}")
	checked := own.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "no-store")
		checked.ServeHTTP(w, r)
	})
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		next.ServeHTTP(w, r)
	})
}

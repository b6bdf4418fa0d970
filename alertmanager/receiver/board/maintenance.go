package board

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// Maintainer knows the maintenance windows, and opens, extends and ends those
// that are not the catalogue's. An error that is the caller's is a [Refused];
// ErrNoWindow says that there is no such window.
type Maintainer interface {
	Windows(ctx context.Context) (Windows, error)
	// Works says in sentences which dependencies of a service are in
	// maintenance.
	Works(ctx context.Context, service string, zone *time.Location) ([]string, error)

	// OpenWindow does nothing when the caller has used the key for the same
	// request before; ErrKey says that it was for another. No key is "".
	OpenWindow(ctx context.Context, request maintenance.Request, who maintenance.Who, key string) (o maintenance.Once, added bool, err error)
	// ExtendWindow makes a window last this long from now.
	ExtendWindow(ctx context.Context, id int64, length time.Duration, who maintenance.Who) (maintenance.Once, error)
	EndWindow(ctx context.Context, id int64, who maintenance.Who) (maintenance.Once, error)

	// Caller says whose bearer token it is: ErrToken for nobody's, ErrNoTokens
	// when there are none.
	Caller(token string) (string, error)
	Catalog() *catalog.Catalog
}

// MostPast is how many windows that are over are listed.
const MostPast = 20

// Windows are the windows that are open, by their ends, and those that come,
// by their beginnings. Once has those of them that are not the catalogue's.
type Windows struct {
	Open, Coming []maintenance.Window
	Once         map[int64]maintenance.Once
	Past         []maintenance.Once // that are over, the newest first
}

// Refused is a request that cannot be met; the text says how to mend it.
type Refused struct{ Err error }

func (r Refused) Error() string { return r.Err.Error() }

// Unwrap is what was wrong.
func (r Refused) Unwrap() error { return r.Err }

// Errors that a Maintainer returns.
var (
	ErrNoWindow = errors.New("there is no such maintenance window (a window of the catalogue is changed there)")
	ErrKey      = errors.New("the Idempotency-Key was used for another request: take a new one")
	ErrToken    = errors.New("the bearer token is missing or wrong: it is the content of a file under delivery.receiver.api_tokens")
	ErrNoTokens = errors.New("no program may change maintenance windows: give it a token under delivery.receiver.api_tokens in the catalogue")
)

func (b *board) mountMaintenance(mux *http.ServeMux) {
	mux.HandleFunc("GET /maintenance", b.maintenance)
	mux.HandleFunc("POST /maintenance", b.openWindow)
	mux.HandleFunc("POST /maintenance/{id}/extend", b.extendWindow)
	mux.HandleFunc("POST /maintenance/{id}/end", b.endWindow)
	mux.HandleFunc("GET /api/v1/maintenance", b.apiWindows)
	mux.HandleFunc("POST /api/v1/maintenance", b.apiOpenWindow)
	mux.HandleFunc("POST /api/v1/maintenance/{id}/extend", b.apiExtendWindow)
	mux.HandleFunc("POST /api/v1/maintenance/{id}/end", b.apiEndWindow)
	mux.HandleFunc("DELETE /api/v1/maintenance/{id}", b.apiEndWindow)
}

func (b *board) maintenance(w http.ResponseWriter, r *http.Request) {
	b.showMaintenance(w, r, http.StatusOK, form{})
}

func (b *board) showMaintenance(w http.ResponseWriter, r *http.Request, code int, f form) {
	windows, err := b.Desk.Windows(r.Context())
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	b.render(w, r, code, "maintenance", b.maintenanceView(r, windows, f))
}

// openWindow answers the form. What is wrong is said above it, and what was
// filled in stays.
func (b *board) openWindow(w http.ResponseWriter, r *http.Request) {
	f, request, err := b.readForm(r)
	if err == nil {
		_, _, err = b.Desk.OpenWindow(r.Context(), request, maintenance.Who{Name: f.Person, Via: via(r, "the board")}, r.PostFormValue("key"))
	}
	if err != nil {
		f.Problem = err.Error()
		b.askAgain(w, r, err, func(code int) { b.showMaintenance(w, r, code, f) })
		return
	}
	remember(w, r, f.Person)
	http.Redirect(w, r, "/maintenance", http.StatusSeeOther)
}

// form is what somebody filled in.
type form struct {
	Person, Length, From, Reason string
	What                         map[string]bool // service:NAME, team:NAME, all
	Problem                      string
}

func (b *board) readForm(r *http.Request) (form, maintenance.Request, error) {
	f := form{
		Person: acting(r, r.PostFormValue("person")), Length: r.PostFormValue("length"), From: r.PostFormValue("from"),
		Reason: r.PostFormValue("reason"), What: map[string]bool{},
	}
	request := maintenance.Request{Duration: f.Length, Reason: f.Reason}
	for _, what := range r.PostForm["what"] {
		f.What[what] = true
		kind, name, _ := strings.Cut(what, ":")
		switch kind {
		case "service":
			request.Services = append(request.Services, name)
		case "team":
			request.Teams = append(request.Teams, name)
		case "all":
			request.All = true
		}
	}
	if err := b.knownPerson(f.Person); err != nil {
		return f, request, err
	}
	if f.From != "" {
		from, err := readClock(f.From, b.zone())
		if err != nil {
			return f, request, Refused{err}
		}
		request.From = from
	}
	return f, request, nil
}

// knownPerson wants somebody of the catalogue: what is done to a window has
// somebody who did it.
func (b *board) knownPerson(person string) error {
	if person == "" {
		return Refused{errors.New("say who you are: it is noted who opens, extends and ends a window")}
	}
	if b.Desk.Catalog().People[person] == nil {
		return fmt.Errorf("%w: %q", ErrNobody, person)
	}
	return nil
}

// zone is that in which this page reads the clock: that of whoever looks after
// Tocsin, because a window may be for several teams.
func (b *board) zone() *time.Location { return b.Desk.Zone(b.Desk.Catalog().Monitoring.Team) }

// readClock reads what a date and time field of a form sends.
func readClock(text string, zone *time.Location) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		return time.Time{}, fmt.Errorf("the beginning is %q, want a date and a time such as 2026-12-05T22:00", text)
	}
	return wallclock.On(t.Year(), t.Month(), t.Day(), t.Hour()*60+t.Minute()).In(zone), nil
}

func (b *board) extendWindow(w http.ResponseWriter, r *http.Request) {
	b.changeWindow(w, r, func(id int64, who maintenance.Who) error {
		length, err := catalog.ParseDuration(r.PostFormValue("length"))
		if err != nil {
			return Refused{err}
		}
		_, err = b.Desk.ExtendWindow(r.Context(), id, length.Std(), who)
		return err
	})
}

func (b *board) endWindow(w http.ResponseWriter, r *http.Request) {
	b.changeWindow(w, r, func(id int64, who maintenance.Who) error {
		_, err := b.Desk.EndWindow(r.Context(), id, who)
		return err
	})
}

func (b *board) changeWindow(w http.ResponseWriter, r *http.Request, do func(int64, maintenance.Who) error) {
	b.inName(w, r, "person", "/maintenance", func(who maintenance.Who) error {
		id, err := windowNumber(r)
		if err == nil {
			err = do(id, who)
		}
		return err
	})
}

func windowNumber(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, ErrNoWindow
	}
	return id, nil
}

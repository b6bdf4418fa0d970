package board

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// Scheduler knows who is on call when, and takes what people enter. An error
// that is the caller's is a [Refused]; ErrNoEntry says that there is no such
// entry.
type Scheduler interface {
	// Rotas are the rotas with what was entered, by name.
	Rotas(ctx context.Context) ([]Rota, error)
	// Entries lists what was entered and is not over, by number.
	Entries(ctx context.Context) ([]oncall.Entry, error)
	Enter(ctx context.Context, request oncall.Request, who maintenance.Who) (oncall.Entry, error)
	EndEntry(ctx context.Context, id int64, who maintenance.Who) (oncall.Entry, error)

	// FeedToken is the secret part of the address of a feed, "" for one that is
	// switched off; the kind is FeedRota or FeedPerson.
	FeedToken(ctx context.Context, kind, name string) (string, error)
	CheckFeed(ctx context.Context, token string) (kind, name string, err error)
	// RenewFeed ends all addresses that a feed had. Unless it is open it has no
	// new one.
	RenewFeed(ctx context.Context, kind, name string, open bool, by string) error
}

// Rota is a rota with the teams that use it.
type Rota struct {
	Name     string
	Teams    []string
	Rota     *oncall.Rota
	Troubles []string // what is wrong with its calendars, in words
}

// The kinds of feeds.
const (
	FeedRota   = "rota"
	FeedPerson = "person"
)

// Errors that a Scheduler returns.
var (
	ErrNoEntry = errors.New("there is no such entry in a rota")
	ErrFeed    = errors.New("this is not the address of a calendar, or not any more: copy it from the board anew")
)

const (
	// feedPast and feedFuture are what a feed tells.
	feedPast   = 30 * 24 * time.Hour
	feedFuture = 180 * 24 * time.Hour
)

func (b *board) mountOnCall(mux *http.ServeMux) {
	mux.HandleFunc("GET /oncall", b.onCall)
	mux.HandleFunc("POST /oncall/entries", b.enter)
	mux.HandleFunc("POST /oncall/entries/{id}/end", b.endEntry)
	mux.HandleFunc("POST /oncall/calendar", b.renewRota)
	mux.HandleFunc("GET /calendar/{token}", b.feed)
	mux.HandleFunc("GET /api/v1/oncall", b.apiOnCall)
	mux.HandleFunc("GET /api/v1/oncall/entries", b.apiEntries)
	mux.HandleFunc("POST /api/v1/oncall/entries", b.apiEnter)
	mux.HandleFunc("POST /api/v1/oncall/entries/{id}/end", b.apiEndEntry)
}

func (b *board) onCall(w http.ResponseWriter, r *http.Request) {
	b.showOnCall(w, r, http.StatusOK, entryForm{})
}

func (b *board) showOnCall(w http.ResponseWriter, r *http.Request, code int, f entryForm) {
	rotas, err := b.Desk.Rotas(r.Context())
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	entries, err := b.Desk.Entries(r.Context())
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	v := b.onCallView(r, rotas, entries, f)
	if err := b.feeds(r, &v); err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	b.render(w, r, code, "oncall", v)
}

// entryForm is what somebody filled in.
type entryForm struct {
	Kind                      oncall.Kind
	By, Rota, Person, Instead string
	From, Until, Reason       string
	ReturnFrom, ReturnUntil   string
	Problem                   string
}

// enter answers the forms. What is wrong is said above them, and what was
// filled in stays.
func (b *board) enter(w http.ResponseWriter, r *http.Request) {
	f, request, err := b.readEntry(r)
	if err == nil {
		_, err = b.Desk.Enter(r.Context(), request, maintenance.Who{Name: f.By, Via: via(r, "the board")})
	}
	if err != nil {
		f.Problem = err.Error()
		b.askAgain(w, r, err, func(code int) { b.showOnCall(w, r, code, f) })
		return
	}
	remember(w, r, f.By)
	http.Redirect(w, r, "/oncall#entries", http.StatusSeeOther)
}

func (b *board) readEntry(r *http.Request) (entryForm, oncall.Request, error) {
	f := entryForm{
		Kind: oncall.Kind(r.PostFormValue("kind")), By: acting(r, r.PostFormValue("by")), Rota: r.PostFormValue("rota"),
		Person: r.PostFormValue("person"), Instead: r.PostFormValue("instead"), From: r.PostFormValue("from"), Until: r.PostFormValue("until"),
		Reason: r.PostFormValue("reason"), ReturnFrom: r.PostFormValue("return_from"), ReturnUntil: r.PostFormValue("return_until"),
	}
	request := oncall.Request{Kind: f.Kind, Rota: f.Rota, Person: f.Person, Instead: f.Instead, Reason: f.Reason}
	if err := b.knownPerson(f.By); err != nil {
		return f, request, err
	}
	zone := b.rotaZone(r.Context(), f.Rota)
	var back oncall.Span
	for _, field := range []struct {
		name, text string
		into       *time.Time
	}{
		{"from", f.From, &request.From},
		{"until", f.Until, &request.Until},
		{"in return from", f.ReturnFrom, &back.From},
		{"in return until", f.ReturnUntil, &back.Until},
	} {
		if field.text == "" {
			continue
		}
		at, err := readClock(field.text, zone)
		if err != nil {
			return f, request, Refused{fmt.Errorf("%s: %w", field.name, err)}
		}
		*field.into = at
	}
	if f.ReturnFrom != "" || f.ReturnUntil != "" {
		request.Return = &back
	}
	return f, request, nil
}

// rotaZone is that in which the form reads the clock.
func (b *board) rotaZone(ctx context.Context, name string) *time.Location {
	rotas, err := b.Desk.Rotas(ctx)
	for _, one := range rotas {
		if err == nil && one.Name == name {
			return one.Rota.Zone()
		}
	}
	return b.zone()
}

func (b *board) endEntry(w http.ResponseWriter, r *http.Request) {
	b.inName(w, r, "by", "/oncall#entries", func(who maintenance.Who) error {
		id, err := entryNumber(r)
		if err == nil {
			_, err = b.Desk.EndEntry(r.Context(), id, who)
		}
		return err
	})
}

// renewRota gives the calendar of a rota another address, or none.
func (b *board) renewRota(w http.ResponseWriter, r *http.Request) {
	b.inName(w, r, "by", "/oncall", func(who maintenance.Who) error {
		return b.renew(r, FeedRota, r.PostFormValue("rota"), who.Name)
	})
}

// renew has a calendar's addresses end; there is a new one unless it is
// switched off.
func (b *board) renew(r *http.Request, kind, name, by string) error {
	return b.Desk.RenewFeed(r.Context(), kind, name, r.PostFormValue("do") != "stop", by)
}

func entryNumber(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, ErrNoEntry
	}
	return id, nil
}

// feed serves the shifts of a rota or a person to a calendar. Its token is all
// that a calendar can send.
func (b *board) feed(w http.ResponseWriter, r *http.Request) {
	kind, name, err := b.Desk.CheckFeed(r.Context(), strings.TrimSuffix(r.PathValue("token"), ".ics"))
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	rotas, err := b.Desk.Rotas(r.Context())
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	title := "On call: " + name
	if kind == FeedPerson {
		title = "On call: " + b.name(name)
	}
	text := bytes.Buffer{}
	if err := ical.Write(&text, title, b.Now().Truncate(time.Hour), b.feedShifts(rotas, kind, name)); err != nil {
		b.problem(w, r, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	_, _ = text.WriteTo(w) // the reader is gone when this fails
}

func (b *board) feedShifts(rotas []Rota, kind, name string) []ical.Shift {
	var list []ical.Shift
	for _, one := range rotas {
		if kind == FeedRota && one.Name != name {
			continue
		}
		for _, s := range one.Rota.Shifts(b.Now().Add(-feedPast), b.Now().Add(feedFuture)) {
			if kind == FeedPerson && s.Primary != name {
				continue
			}
			summary := b.name(s.Primary) + " on call: " + one.Name
			if s.Primary == "" {
				summary = "NOBODY on call: " + one.Name
			}
			description := ""
			if s.Backup != "" {
				description = "Backup: " + b.name(s.Backup)
			}
			list = append(list, ical.Shift{
				ID: fmt.Sprintf("%s-%d-%s@tocsin", one.Name, s.From.Unix(), s.Primary), Summary: summary, Description: description, From: s.From, Until: s.Until,
			})
		}
	}
	slices.SortStableFunc(list, func(a, c ical.Shift) int { return a.From.Compare(c.From) })
	return list
}

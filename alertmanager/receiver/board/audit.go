package board

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// Auditor keeps who did what.
type Auditor interface {
	Note(ctx context.Context, e audit.Entry) error
	Audit(ctx context.Context, q audit.Query) ([]audit.Entry, error)
}

const (
	auditPage      = 100 // entries
	longestDetails = 300 // runes
	longestPlace   = 100 // runes, of what a path names
)

// deed begins the record of a request.
func (b *board) deed(r *http.Request, v login.Visitor) *audit.Entry {
	return &audit.Entry{At: b.Now(), Person: v.Person, By: v.By, Login: v.Login, Address: address(r)}
}

// address is where a request came from. What stands before us says for whom;
// so can anybody, so both are kept.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if said := r.Header.Get("X-Forwarded-For"); said != "" {
		host += " (says: for " + notify.OneLine(said, 100) + ")"
	}
	return host
}

// noted keeps a request that changed something, or that somebody known tried.
// What strangers try is not kept: they could fill the store.
func (b *board) noted(r *http.Request, e *audit.Entry, code int) {
	e.Code = code
	if !e.Done() && e.By == "" && e.Person == "" {
		return
	}
	method, path, known := strings.Cut(r.Pattern, " ")
	if !known {
		method, path = r.Method, "(elsewhere)" // a path may hold a secret
	}
	for _, name := range []string{"id", "person"} { // a {token} is a secret
		path = strings.Replace(path, "{"+name+"}", notify.OneLine(r.PathValue(name), longestPlace), 1)
	}
	if number, err := strconv.ParseInt(r.PathValue("id"), 10, 64); err == nil && strings.Contains(path, "/incidents/") {
		e.Incident = incident.ID(number)
	}
	e.What = method + " " + path
	if e.Person == "" && e.By == "" { // nobody logs in here: who they say they are
		e.Person = firstOf(r.PostForm.Get("by"), r.PostForm.Get("person"))
	}
	if !private(r) {
		e.Details = details(r.PostForm)
	}
	b.note(r.Context(), *e)
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// details are the fields of a form in short.
func details(form url.Values) string {
	kept := url.Values{}
	for name, values := range form {
		if name != "form" && name != "key" {
			kept[name] = values
		}
	}
	text, err := url.QueryUnescape(kept.Encode())
	if err != nil {
		return ""
	}
	return notify.OneLine(text, longestDetails)
}

// note keeps an entry also when whoever did it has left already.
func (b *board) note(ctx context.Context, e audit.Entry) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if err := b.Desk.Note(ctx, e); err != nil {
		level.Error(b.Logger).Log("msg", "What somebody did is not in the audit", "person", e.Person, "login", e.Login, "address", e.Address, "what", e.What, "err", err)
	}
}

type auditView struct {
	frame
	Entries  []auditLine
	Incident incident.ID // 0 for all
	Older    string      // address of the next page; "" for none
}

type auditLine struct {
	audit.Entry
	When moment
	Who  string
}

// audit shows who did what, everywhere or about one incident.
func (b *board) audit(w http.ResponseWriter, r *http.Request) {
	q := audit.Query{Before: b.Now().AddDate(1, 0, 0), Most: auditPage}
	fields := r.URL.Query()
	if text := fields.Get("before"); text != "" {
		nanos, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			b.problem(w, r, http.StatusBadRequest, errors.New("before is not an instant"))
			return
		}
		q.Before = time.Unix(0, nanos)
	}
	if text := fields.Get("incident"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			b.problem(w, r, http.StatusBadRequest, errors.New("incident is not a number"))
			return
		}
		q.Incident = incident.ID(id)
	}
	entries, err := b.Desk.Audit(r.Context(), q)
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	v := auditView{frame: b.frame(r, "Audit"), Incident: q.Incident}
	for _, e := range entries {
		v.Entries = append(v.Entries, auditLine{e, b.moment(e.At, b.zone()), firstOf(b.name(e.Person), e.Login, "nobody known")})
	}
	if len(entries) == auditPage {
		fields.Set("before", strconv.FormatInt(entries[auditPage-1].At.UnixNano(), 10))
		v.Older = "/audit?" + fields.Encode()
	}
	b.render(w, r, http.StatusOK, "audit", v)
}

package inbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-kit/log/level"
)

//go:embed pages
var files embed.FS

const (
	// pagePolicy lets a page of ours use only what this server gives it.
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
	// mailPolicy lets a message be seen, and its links be opened in a new tab. It
	// cannot say who may frame it: a sandboxed answer has no origin that 'self'
	// would match.
	mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
)

func parsePages() (*template.Template, error) {
	functions := template.FuncMap{
		"clock": func(t time.Time) string { return t.Local().Format("15:04:05") },
		"box":   mailboxLink,
		"links": linked,
		"day":   func(t time.Time) string { return t.Local().Format("Monday 2 January 2006, 15:04:05 MST") },
	}
	pages, err := template.New("").Funcs(functions).ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the inbox's pages: %w", err)
	}
	return pages, nil
}

func (i *Inbox) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", i.listPage)
	mux.HandleFunc("GET /messages/{id}", i.messagePage)
	mux.HandleFunc("GET /messages/{id}/html", i.messageHTML)
	mux.HandleFunc("GET /messages/{id}/raw", i.messageRaw)
	mux.HandleFunc("POST /clear", i.clear)
	mux.HandleFunc("GET /events", i.events)
	mux.HandleFunc("POST /push", i.push)
	mux.HandleFunc("POST /push/{$}", i.push)
	mux.HandleFunc("POST /push/{topic}", i.push)
	mux.HandleFunc("POST /heartbeat", i.beat)
	mux.HandleFunc("GET /api/heartbeat", i.apiHeartbeat)
	mux.HandleFunc("GET /api/messages", i.apiList)
	mux.HandleFunc("GET /api/messages/{id}", i.apiMessage)
	mux.HandleFunc("DELETE /api/messages", i.clear)
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })
	for _, name := range []string{"style.css", "live.js"} {
		mux.HandleFunc("GET /pages/"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, files, "pages/"+name)
		})
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

// listing is what the list page is given.
type listing struct {
	Mailbox   string
	Mailboxes []string
	Messages  []*Message
	Heartbeat Beats
}

func (i *Inbox) listPage(w http.ResponseWriter, r *http.Request) {
	l := listing{Mailbox: r.URL.Query().Get("to"), Heartbeat: i.Heartbeat()}
	l.Messages = i.store.list(l.Mailbox)
	for _, m := range i.store.list("") {
		l.Mailboxes = append(l.Mailboxes, m.To...)
	}
	slices.Sort(l.Mailboxes)
	l.Mailboxes = slices.Compact(l.Mailboxes)
	i.show(w, "list.html", l)
}

func (i *Inbox) messagePage(w http.ResponseWriter, r *http.Request) {
	if m := i.find(w, r); m != nil {
		i.show(w, "message.html", m)
	}
}

func (i *Inbox) messageHTML(w http.ResponseWriter, r *http.Request) {
	m := i.find(w, r)
	if m == nil {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(inNewTab(m.HTML)))
}

func (i *Inbox) messageRaw(w http.ResponseWriter, r *http.Request) {
	if m := i.find(w, r); m != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(m.Raw))
	}
}

// find answers 404 itself when it returns nil.
func (i *Inbox) find(w http.ResponseWriter, r *http.Request) *Message {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err == nil {
		if m := i.store.get(id); m != nil {
			return m
		}
	}
	http.Error(w, "There is no such message, or no longer: the oldest ones go when new ones come.", http.StatusNotFound)
	return nil
}

func (i *Inbox) clear(w http.ResponseWriter, r *http.Request) {
	i.store.clear()
	if r.Method == http.MethodPost {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// apiList answers the newest first; ?to= keeps those to one mailbox.
func (i *Inbox) apiList(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, i.store.list(r.URL.Query().Get("to")))
}

func (i *Inbox) apiMessage(w http.ResponseWriter, r *http.Request) {
	if m := i.find(w, r); m != nil {
		writeJSON(w, m)
	}
}

// events tells a page that the list changed; what changed, it asks for itself.
func (i *Inbox) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	fmt.Fprint(w, "retry: 1000\n\n")
	for {
		changed := i.store.next()
		if err := stream.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
			fmt.Fprint(w, "event: change\ndata: {}\n\n")
		}
	}
}

func (i *Inbox) show(w http.ResponseWriter, name string, data any) {
	var body bytes.Buffer
	if err := i.pages.ExecuteTemplate(&body, name, data); err != nil {
		level.Error(i.logger).Log("msg", "page not rendered", "page", name, "err", err)
		http.Error(w, "This page could not be rendered.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = body.WriteTo(w)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(value)
}

// mailboxLink is the list of one mailbox.
func mailboxLink(mailbox string) string { return "/?" + url.Values{"to": {mailbox}}.Encode() }

package board

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/postmortem"
)

// mostChildren bounds how many closed incidents are searched for those that
// came from one.
const mostChildren = 500

// draft makes the post-mortem of the incident that a request names. Its pictures
// are in it where pictures says so. Code is the answer's status on an error.
func (b *board) draft(r *http.Request, pictures bool) (postmortem.Document, int, error) {
	i, events, code, err := b.load(r)
	if err != nil {
		return postmortem.Document{}, code, err
	}
	in, err := b.gathered(r.Context(), i, events)
	if err == nil {
		in.Children, err = b.children(r.Context(), i)
	}
	if err != nil {
		return postmortem.Document{}, codeOf(err), err
	}
	d := postmortem.Draft(in)
	for n := range d.Pictures {
		if p := &d.Pictures[n]; pictures {
			b.takeIn(r.Context(), p, i.ID)
		} else {
			p.Address = b.Desk.Address() + picturePath(i.ID, p.Of)
		}
	}
	return d, http.StatusOK, nil
}

// takeIn takes a picture into the document, which does without one that cannot
// be read.
func (b *board) takeIn(ctx context.Context, p *postmortem.Picture, id incident.ID) {
	png, err := b.Desk.Picture(ctx, id, p.Of)
	if err != nil {
		level.Error(b.Logger).Log("msg", "Reading a picture for a post-mortem", "incident", id, "err", err)
		return
	}
	p.PNG = png
}

// children are the incidents, open or closed, that came from one.
func (b *board) children(ctx context.Context, i incident.Incident) ([]incident.Incident, error) {
	all, err := b.Desk.Current(ctx)
	if err != nil {
		return nil, err
	}
	before := b.Now()
	if !i.Open() {
		before = i.Closed.Add(24 * time.Hour)
	}
	closed, err := b.Desk.Closed(ctx, before, mostChildren)
	if err != nil {
		return nil, err
	}
	var found []incident.Incident
	for _, other := range append(all, closed...) {
		if other.Parent == i.ID && other.ID != i.ID {
			found = append(found, other)
		}
	}
	return found, nil
}

// postmortem shows the draft: a document of its own, whose one style sheet the
// policy lets in by its hash.
func (b *board) postmortem(w http.ResponseWriter, r *http.Request) {
	d, code, err := b.draft(r, false)
	if err != nil {
		b.problem(w, r, code, err)
		return
	}
	api := fmt.Sprintf("/api/v1/incidents/%d/postmortem?download=yes&format=", d.ID)
	for n, p := range d.Pictures {
		d.Pictures[n].Address = picturePath(d.ID, p.Of) // of this server, whatever people call it
	}
	page, err := postmortem.HTML(d, postmortem.Link{Name: "The incident", URL: fmt.Sprintf("/incidents/%d", d.ID)},
		postmortem.Link{Name: "Download as Markdown", URL: api + "markdown"}, postmortem.Link{Name: "Download as HTML", URL: api + "html"})
	if err != nil {
		b.problem(w, r, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; img-src 'self'; style-src 'sha256-%s'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", styleHash(string(page))))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page) // the reader is gone when this fails
}

// styleHash is that of the text in a page's first style element.
func styleHash(page string) string {
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// apiPostmortem gives the draft as Markdown, HTML or JSON.
func (b *board) apiPostmortem(w http.ResponseWriter, r *http.Request) {
	format := or(r.URL.Query().Get("format"), "markdown")
	if format != "markdown" && format != "html" && format != "json" {
		b.apiError(w, r, http.StatusBadRequest, fmt.Errorf("format is %q, want markdown, html or json", format))
		return
	}
	d, code, err := b.draft(r, format == "html" || r.URL.Query().Get("pictures") != "")
	if err != nil {
		b.apiError(w, r, code, err)
		return
	}
	if format == "json" {
		b.json(w, http.StatusOK, d)
		return
	}
	text, kind, extension := postmortem.Markdown(d, ""), "text/markdown", "md"
	if format == "html" {
		kind, extension = "text/html", "html"
		if text, err = postmortem.HTML(d); err != nil {
			b.apiError(w, r, http.StatusInternalServerError, err)
			return
		}
	}
	if r.URL.Query().Get("download") != "" || format == "html" { // a policy of ours would not let its style in
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="postmortem-%d.%s"`, d.ID, extension))
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	_, _ = w.Write(text) // the reader is gone when this fails
}

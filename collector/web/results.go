package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/tocsin-monitoring/tocsin/collector"
)

// results is what the page of one probe shows, and its JSON.
type results struct {
	Service       string  `json:"service"`
	Probe         string  `json:"probe"`
	Location      string  `json:"location"`
	Kind          string  `json:"kind"`
	Means         string  `json:"means"`
	State         string  `json:"state"`
	Interval      float64 `json:"interval_seconds"`
	Newest        *trace  `json:"newest,omitempty"`
	NewestFailure *trace  `json:"newest_failure,omitempty"`
	Attempts      []trace `json:"attempts"`
}

// card is one attempt as the pages show it, with its picture or without.
type card struct {
	Title   string
	Trace   trace
	Picture template.URL
}

// results shows what is remembered of one probe, without trying it.
func (p *pages) results(w http.ResponseWriter, r *http.Request) {
	s, err := p.Prober.Status(r.URL.Query().Get("service"), r.URL.Query().Get("probe"))
	if err != nil {
		refuse(w, err)
		return
	}
	found := newResults(s)
	found.Location = p.Prober.Location()
	if r.URL.Query().Get("format") == "json" {
		answerJSON(w, found)
		return
	}
	cards := found.cards()
	if slices.ContainsFunc(cards, func(c card) bool { return c.Picture != "" }) {
		w.Header().Set("Content-Security-Policy", policy+"; img-src 'self'")
	}
	render(w, "results", struct {
		collector.Status
		Cards []card
	}{s, cards})
}

func newResults(s collector.Status) results {
	found := results{
		Service: s.Service, Probe: s.Probe, Kind: s.Kind, Means: string(s.Means), State: s.State.String(),
		Interval: s.Interval.Seconds(), Attempts: []trace{},
	}
	for _, a := range s.Attempts {
		found.Attempts = append(found.Attempts, newTrace(s.Service, s.Probe, a))
	}
	found.Newest = kept(s, s.Newest)
	found.NewestFailure = kept(s, s.NewestFailure)
	return found
}

// kept is an attempt that the harness keeps as a whole, or nil.
func kept(s collector.Status, a *collector.Attempt) *trace {
	if a == nil {
		return nil
	}
	t := newTrace(s.Service, s.Probe, *a)
	if a.Detail != nil && isPNG(a.Detail.Screenshot) {
		t.Screenshot = "screenshot?" + url.Values{"service": {s.Service}, "probe": {s.Probe}, "at": {stamp(*a)}}.Encode()
	}
	return &t
}

// stamp tells the attempts of a probe apart.
func stamp(a collector.Attempt) string { return strconv.FormatInt(a.At.UnixMicro(), 10) }

// cards are the newest attempt and the newest failure, or one where it is both.
// While the probe is down, the failure is what people came for.
func (r results) cards() []card {
	var list []card
	both := r.Newest != nil && r.NewestFailure != nil && r.Newest.At.UnixMicro() == r.NewestFailure.At.UnixMicro()
	if r.Newest != nil && !both {
		list = append(list, newCard("The newest attempt", *r.Newest))
	}
	if r.NewestFailure != nil {
		title := "The newest failure"
		if both {
			title += ", which is the newest attempt"
		}
		list = append(list, newCard(title, *r.NewestFailure))
	}
	if r.State == collector.Down.String() {
		slices.Reverse(list)
	}
	return list
}

// newCard trusts the address of the picture, which is built above.
func newCard(title string, t trace) card {
	return card{Title: title, Trace: t, Picture: template.URL(t.Screenshot)}
}

// screenshot is the picture of a browser's newest failure, as long as it is the
// one that was asked for.
func (p *pages) screenshot(w http.ResponseWriter, r *http.Request) {
	s, err := p.Prober.Status(r.URL.Query().Get("service"), r.URL.Query().Get("probe"))
	if err != nil {
		refuse(w, err)
		return
	}
	a, at := s.NewestFailure, r.URL.Query().Get("at")
	if a == nil || a.Detail == nil || !isPNG(a.Detail.Screenshot) || at != "" && at != stamp(*a) {
		plain(w, http.StatusNotFound, "There is no such picture: only that of a browser's newest failure is kept.")
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write(a.Detail.Screenshot)
}

func isPNG(b []byte) bool { return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) }

// tried shows an attempt that was made just now. Its picture is kept nowhere,
// so the page carries it.
func tried(w http.ResponseWriter, t trace, a collector.Attempt) {
	c := newCard("Tried just now", t)
	if a.Detail != nil && isPNG(a.Detail.Screenshot) {
		c.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(a.Detail.Screenshot))
		w.Header().Set("Content-Security-Policy", policy+"; img-src data:")
	}
	render(w, "tried", c)
}

func answerJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(value)
}
